package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"auscult/sensor/clock"
)

func moment(t clock.Time) string { return t.UTC().Format("2 Jan 2006 15:04:05") }

func stamp(t clock.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }

// span is a duration as people say it.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return "less than a second"
	case d < 2*time.Minute:
		return counted(int(d.Round(time.Second)/time.Second), "second")
	case d < 2*time.Hour:
		return counted(int(d.Round(time.Minute)/time.Minute), "minute")
	case d < 48*time.Hour:
		return counted(int(d.Round(time.Hour)/time.Hour), "hour")
	}
	return counted(int(d.Round(24*time.Hour)/(24*time.Hour)), "day")
}

func counted(n int, noun string) string {
	text := grouped(uint64(max(0, n))) + " " + noun
	if n != 1 {
		text += "s"
	}
	return text
}

// was is a number with its verb.
func was(n int) string {
	switch n {
	case 0:
		return "none was"
	case 1:
		return "1 was"
	}
	return grouped(uint64(n)) + " were"
}

// grouped is n with its thousands apart.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func whole(x float64) string {
	if x != math.Trunc(x) {
		return ""
	}
	return grouped(uint64(max(0, x)))
}

// size is a number of bytes.
func size(x float64) string {
	for _, u := range [...]struct {
		name string
		of   float64
	}{{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if x >= u.of {
			return strconv.FormatFloat(x/u.of, 'g', 3, 64) + " " + u.name
		}
	}
	return strconv.FormatFloat(math.Round(x), 'f', -1, 64) + " bytes"
}

// percent is a share, never said to be nothing or all when it is not.
func percent(share float64) string {
	switch p := 100 * share; {
	case p <= 0:
		return "0 %"
	case p < .1:
		return "less than 0.1 %"
	case p > 99.9 && p < 100:
		return "more than 99.9 %"
	default:
		return strconv.FormatFloat(p, 'f', 1, 64) + " %"
	}
}

// listed joins words as a sentence does.
func listed(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}

// classWords are the classes of data, by the names of package phi.
var classWords = map[string]string{
	"name": "names", "birth_date": "dates of birth", "address": "addresses", "phone": "phone numbers", "email": "mail addresses",
	"mrn": "patient numbers", "ssn": "US social security numbers", "aadhaar": "Aadhaar numbers", "abha": "ABHA health account numbers",
	"pan": "Indian tax numbers (PAN)", "mbi": "Medicare numbers", "npi": "provider numbers (NPI)", "insurance": "insurance numbers",
	"diagnosis": "diagnoses", "observation": "results and observations", "medication": "medication", "procedure": "procedures",
	"allergy": "allergies", "immunization": "vaccinations", "encounter": "visits and stays", "imaging": "imaging",
	"sensitive": "sensitive diagnoses (mental health, HIV, substance use and the like)", "genetic": "genetic data", "photo": "photographs",
	"credential": "credentials", "financial": "financial data",
}

func classList(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		if out[i] = classWords[n]; out[i] == "" {
			out[i] = strings.ReplaceAll(n, "_", " ")
		}
	}
	return out
}

// kindWords say how a caller was told.
var kindWords = map[string]string{
	"custom": "named by a header of the site", "mtls": "client certificate", "jwt": "access token (JWT)", "session": "session cookie",
	"api_key": "API key", "basic": "user name and password", "address": "network address alone",
}

// stages are the steps on which something may be lost, as the causes of the ledger begin, in plain words.
var stages = [...]struct{ prefix, name string }{
	{"packet", "Packets that could not be read"}, {"tcp", "Connections"}, {"tls", "Encrypted connections"}, {"http2", "Requests and answers"},
	{"http", "Requests and answers"}, {"websocket", "Requests and answers"}, {"mllp", "HL7 messages"},
	{"phi", "The search for health data"}, {"call", "Who asked for what"}, {"pipeline", "The memory of the sensor"},
	{"detect", "The memory of the sensor"}, {"alert", "The reporting of incidents"},
}

// stageOf splits a cause of the ledger.
func stageOf(cause string) (stage, what string) {
	prefix, what, found := strings.Cut(cause, ": ")
	for _, s := range stages {
		if found && s.prefix == prefix {
			return s.name, what
		}
	}
	return "The captures", strings.ReplaceAll(cause, "_", " ")
}

func plural(n uint64, one, many string) string {
	if n == 1 {
		return fmt.Sprintf("1 %s", one)
	}
	return grouped(n) + " " + many
}

// factName is the name of a detector's number for a reader who does not know its statistics; empty for what stands elsewhere or
// says nothing without them.
func factName(name string) string {
	switch name {
	case "evidence, nats", "refused", "endpoint", "patients", "records":
		return ""
	case "odds":
		return "odds against chance"
	case "baseline":
		return "compared with"
	}
	return name
}
