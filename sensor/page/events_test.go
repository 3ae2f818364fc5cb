package page_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"auscult/pipeline/alert"
	"auscult/sensor/page"
)

// stream is events as they come.
type stream struct {
	t *testing.T
	r *bufio.Reader
}

// follow begins to follow, with a cookie or none.
func follow(t *testing.T, s *httptest.Server, cookie string) *stream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || kind != "text/event-stream" {
		t.Fatalf("status %d, %s", answer.StatusCode, kind)
	}
	return &stream{t, bufio.NewReader(answer.Body)}
}

// next is the next event that is one of kinds.
func (s *stream) next(kind string, data any) {
	s.t.Helper()
	for {
		var event, text string
		for {
			line, err := s.r.ReadString('\n')
			if err != nil {
				s.t.Fatalf("no event %s: %v", kind, err)
			}
			if line = strings.TrimSuffix(line, "\n"); line == "" {
				break
			}
			name, value, _ := strings.Cut(line, ": ")
			if name == "event" {
				event = value
			} else {
				text += value
			}
		}
		if event != kind {
			continue
		}
		if err := json.Unmarshal([]byte(text), data); err != nil {
			s.t.Fatal(err)
		}
		return
	}
}

// ended is whether nothing more comes.
func (s *stream) ended() bool {
	for {
		if _, err := s.r.ReadString('\n'); err != nil {
			return true
		}
	}
}

func TestEvents(t *testing.T) {
	o := options(t)
	o.Config.Incidents = 2
	p, s := served(t, o)
	show(t, p, incident(1, 1, alert.Create, time.Second))
	a := follow(t, s, "")
	var begin struct {
		Sensor, Role, Unable string
		Tokens, LoggedIn     bool
		Incidents            []page.Incident
		State                page.State
	}
	a.next("begin", &begin)
	if begin.Sensor != "ward-3" || begin.Role != "analyst" || begin.Unable != "nobody can here" || !begin.Tokens || begin.LoggedIn || begin.State.Packets != 7 {
		t.Errorf("begins with %+v", begin)
	}
	if len(begin.Incidents) != 1 || !begin.Incidents[0].Open || begin.Incidents[0].People != 5 || begin.Incidents[0].Severity != 4 {
		t.Errorf("begins with %+v", begin.Incidents)
	}
	show(t, p, incident(1, 2, alert.Update, 2*time.Second))
	var grown page.Incident
	a.next("incident", &grown)
	if grown.People != 10 || len(grown.Growth) != 2 || grown.Opened != begin.Incidents[0].Opened || grown.Changed <= grown.Opened {
		t.Errorf("grown: %+v", grown)
	}
	for _, secret := range secrets {
		if strings.Contains(grown.Title+grown.Who+grown.Where, secret) {
			t.Errorf("%s is in %+v", secret, grown)
		}
	}
	show(t, p, incident(2, 1, alert.Create, 3*time.Second), incident(1, 3, alert.Close, 4*time.Second), incident(3, 1, alert.Create, 5*time.Second))
	var gone string
	a.next("gone", &gone)
	if n := p.Counts(); gone != "auscult-1" || n.Kept != 2 || n.Left != 1 || n.Clients != 1 {
		t.Errorf("%s is gone, counted %+v", gone, n)
	}

	ctx, end := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		p.Run(ctx)
		close(done)
	}()
	var beat struct {
		Point page.Point
		State page.State
	}
	a.next("beat", &beat)
	if beat.State.Packets != 7 || beat.Point.Packets != 0 || beat.Point.At == 0 {
		t.Errorf("a beat of %+v", beat)
	}
	end()
	<-done
}

// TestSlow: nobody is waited for, and there is no room for more than so many.
func TestSlow(t *testing.T) {
	o := options(t)
	o.Config.Clients, o.Config.Queue = 1, 2
	p, s := served(t, o)
	a := follow(t, s, "")
	if status, _, header := asked(t, s, "GET", "/events", "", ""); status != 503 || header.Get("Retry-After") == "" {
		t.Errorf("one too many: status %d", status)
	}
	for n := 0; p.Counts().Slow == 0; n++ { // until what lies between is full
		if n > 200_000 {
			t.Fatal("a client that does not read is not let go")
		}
		show(t, p, incident(1, n+1, alert.Update, time.Duration(n)))
	}
	if n := p.Counts(); n.Clients != 0 || n.Slow != 1 || n.Full != 1 || n.Messages == 0 {
		t.Errorf("counted %+v", n)
	}
	if !a.ended() {
		t.Error("it goes on")
	}
	follow(t, s, "") // there is room again
}

// TestLogoutEnds: who is logged out does not go on following.
func TestLogoutEnds(t *testing.T) {
	o := options(t)
	o.Local = false
	p, s := served(t, o)
	_, _, header := asked(t, s, "POST", "/login", "", "token="+operator, "Content-Type", "application/x-www-form-urlencoded")
	cookie := strings.Split(header.Get("Set-Cookie"), ";")[0]
	a := follow(t, s, cookie)
	var begin struct {
		Role, Name string
		LoggedIn   bool
	}
	if a.next("begin", &begin); begin.Role != "operator" || begin.Name != "Asha Rao" || !begin.LoggedIn {
		t.Errorf("begins with %+v", begin)
	}
	asked(t, s, "POST", "/logout", "", "", "Cookie", cookie)
	show(t, p, incident(1, 1, alert.Create, 0))
	if !a.ended() {
		t.Error("it goes on")
	}
}
