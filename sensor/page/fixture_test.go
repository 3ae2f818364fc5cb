package page_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/page"
	"auscult/sensor/pseudonym"
)

const (
	analyst  = "analyst-token-of-the-test-0123456789"
	operator = "operator-token-of-the-test-0123456789"
)

// secrets are in what the page is shown: none may be in what it serves.
var secrets = []string{"dr.rao", "P-10023", "Kumar"}

func names(t testing.TB, reveal bool) *pseudonym.Names {
	t.Helper()
	k, err := pseudonym.FromKey(make([]byte, pseudonym.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return &pseudonym.Names{Reveal: reveal, Keys: k}
}

func tokens(t testing.TB) page.Tokens {
	t.Helper()
	list, err := page.ParseTokens("# of the test\n\nanalyst " + analyst + "\noperator " + operator + " Asha Rao\n")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// begun is packet time when the tests begin.
var begun = clock.Time(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC).UnixNano())

// options are those of a page of this machine alone, with tokens.
func options(t testing.TB) page.Options {
	return page.Options{Config: page.Defaults(), Names: names(t, false), Meta: ocsf.Meta{Version: "1", Sensor: "ward-3"}, Tokens: tokens(t), Local: true,
		State: func() page.State { return page.State{Time: begun.Millis(), Packets: 7} }, Unable: "nobody can here"}
}

// served is the page of o, and a server of it.
func served(t testing.TB, o page.Options) (*page.Page, *httptest.Server) {
	t.Helper()
	p := page.New(o)
	s := httptest.NewServer(p.Handler(4))
	t.Cleanup(s.Close)
	return p, s
}

// incident is a message about the incident of a number.
func incident(n, sequence int, what alert.Activity, at time.Duration) alert.Alert {
	who := call.Principal{Key: uint64(n), Kind: call.JWT, ID: fmt.Sprint("dr.rao", n)}
	size := 5 * sequence
	c := call.Call{Start: begun, Method: "GET", Host: "ehr", Path: "/fhir/Patient/P-10023", Query: "name=Kumar", Route: "/fhir/Patient/{id}",
		Target: "/fhir/Patient/P-10023?name=Kumar", Status: 200, RespWire: 900, Principal: who}
	return alert.Alert{UID: fmt.Sprint("auscult-", n), Sequence: sequence, Activity: what, Time: begun.Add(at), First: begun, Last: begun.Add(at),
		Kinds: []string{"bola_fanout"}, Signal: detectors.Signal{Order: call.Order{Time: begun.Add(at)}, Detector: "bola_fanout", Principal: who,
			Client: "10.1.2.3", Route: "GET /fhir/Patient/{id}", Severity: detectors.High, Confidence: 90, Title: "{principal} opened P-10023 and others",
			Expected: "2 an hour", Observed: "P-10023", Calls: size, Objects: size, People: size, Patients: []string{"P-10023"},
			Evidence: []detectors.Evidence{{Call: c}}}}
}

func show(t testing.TB, p *page.Page, list ...alert.Alert) {
	t.Helper()
	if err := p.Write(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

// asked asks for a page, with a token if there is one, and further header fields, by turns name and value.
func asked(t testing.TB, s *httptest.Server, method, path, token, body string, header ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if strings.HasPrefix(path, "/events") && answer.StatusCode == http.StatusOK {
		return answer.StatusCode, "", answer.Header
	}
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b), answer.Header
}

// httptestOf is a server of a page.
func httptestOf(t testing.TB, p *page.Page) *httptest.Server {
	s := httptest.NewServer(p.Handler(4))
	t.Cleanup(s.Close)
	return s
}
