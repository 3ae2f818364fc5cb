// Package ocsf writes an alert as an OCSF 1.8.0 Detection Finding (class 2004, profile data_classification): an
// alert goes in, one JSON object comes out, with its fields always in the same order and no time but the
// packets'. Names of people pass through pseudonym.Names.
package ocsf

import (
	"math"
	"strconv"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/sensor/pseudonym"
)

// Schema is the JSON Schema that findings follow, for consumers that ask.
const Schema = "https://schema.ocsf.io/1.8.0/classes/detection_finding"

// Meta is what every finding says of who wrote it. Empty fields are left out.
type Meta struct {
	Version string // of the product
	Tenant  string
	Sensor  string   // name of the sensor
	Inputs  []string // names of the captures or interfaces; evidence tells them by index
}

var activities = [...]string{"Unknown", "Create", "Update", "Close"}

var analyticTypes = [...]string{"Unknown", "Rule", "Behavioral", "Statistical"}

// Append appends a as one line of JSON, its line end included.
func Append(dst []byte, a *alert.Alert, n *pseudonym.Names, meta Meta) []byte {
	n.At(a.First)
	w := &writer{b: append(dst, '{')}
	s := &a.Signal
	m := mappingOf(s.Detector)
	who := func(b []byte) []byte { return n.User(b, &s.Principal) }
	text := func(t string) func([]byte) []byte {
		return func(b []byte) []byte { return n.Text(b, t, &s.Principal, s.Patients) }
	}

	metadata(w, a, n, meta)
	w.num("category_uid", 2)
	w.str("category_name", "Findings")
	w.num("class_uid", 2004)
	w.str("class_name", "Detection Finding")
	w.num("activity_id", int64(a.Activity))
	w.str("activity_name", activities[a.Activity])
	w.num("type_uid", 200400+int64(a.Activity))
	w.str("type_name", "Detection Finding: "+activities[a.Activity])
	w.num("time", a.Time.Millis())
	w.num("start_time", a.First.Millis())
	w.num("end_time", a.Last.Millis())
	w.num("timezone_offset", 0)
	w.num("duration", max(0, a.Last.Millis()-a.First.Millis()))
	w.num("count", int64(s.Calls))
	w.num("severity_id", int64(s.Severity))
	w.str("severity", s.Severity.String())
	confidence(w, s.Confidence)
	w.num("risk_score", int64(s.Severity)*20*int64(s.Confidence)/100)
	w.num("status_id", 1)
	w.str("status", "New")
	if a.Activity == alert.Close {
		w.str("status_detail", "nothing more was seen of it")
	}
	w.bool("is_alert", true)
	w.member("message", text(s.Title))
	findingInfo(w, a, &m, meta, text)
	resources(w, s, n)
	analysis(w, s, who, text)
	evidences(w, a, n)
	observables(w, s, n)
	w.open("remediation", '{')
	w.str("desc", m.advice)
	w.close('}')
	unmapped(w, a, text)
	return append(w.b, '}', '\n')
}

func metadata(w *writer, a *alert.Alert, n *pseudonym.Names, meta Meta) {
	w.open("metadata", '{')
	w.str("version", "1.8.0")
	w.str("uid", a.UID+"-"+strconv.Itoa(a.Sequence))
	w.open("product", '{')
	w.str("name", "auscult")
	w.str("vendor_name", "Auscult")
	w.str("version", meta.Version)
	w.open("feature", '{')
	w.str("name", a.Signal.Detector)
	w.close('}')
	w.close('}')
	w.str("log_name", "alert")
	w.words("profiles", []string{"data_classification"})
	w.num("sequence", int64(a.Sequence))
	w.str("correlation_uid", a.UID)
	w.str("tenant_uid", meta.Tenant)
	w.str("log_provider", meta.Sensor)
	w.str("event_code", a.Signal.Detector)
	names := "pseudonym-key:" + n.Keys.KeyID()
	if n.Reveal {
		names = "names:revealed"
	}
	w.words("labels", []string{names})
	w.close('}')
}

func confidence(w *writer, score int) {
	id, name := int64(1), "Low"
	switch {
	case score >= 80:
		id, name = 3, "High"
	case score >= 50:
		id, name = 2, "Medium"
	}
	w.num("confidence_id", id)
	w.str("confidence", name)
	w.num("confidence_score", int64(score))
}

func findingInfo(w *writer, a *alert.Alert, m *mapping, meta Meta, text func(string) func([]byte) []byte) {
	s := &a.Signal
	w.open("finding_info", '{')
	w.str("uid", a.UID)
	w.member("title", text(s.Title)) // analysts' queues list findings by it
	w.member("desc", text("Expected: "+s.Expected+". Observed: "+s.Observed+"."))
	w.words("types", a.Kinds)
	w.num("created_time", a.Time.Millis())
	w.num("first_seen_time", a.First.Millis())
	w.num("last_seen_time", a.Last.Millis())
	w.num("related_events_count", int64(s.Calls))
	w.open("analytic", '{')
	analytic(w, m)
	w.close('}')
	w.open("related_analytics", '[')
	for _, k := range a.Kinds {
		if k != s.Detector {
			other := mappingOf(k)
			w.element('{')
			analytic(w, &other)
			w.close('}')
		}
	}
	w.close(']')
	w.open("attacks", '[')
	for _, id := range m.attack {
		attack(w, id)
	}
	w.close(']')
	w.open("tags", '[')
	w.tag("owasp.api", "", m.owasp)
	w.tag("cwe", "", m.cwe)
	w.tag("hipaa", "45CFR", m.hipaa)
	w.tag("gdpr", "Art. ", m.gdpr)
	w.tag("dpdp", "", m.dpdp)
	w.tag("iso27001:2022", "A.", m.iso)
	if m.breach {
		w.tag("breach", "", []string{"possible"})
	}
	if m.certIn {
		w.tag("cert-in", "", []string{"6h"})
	}
	w.close(']')
	if len(meta.Inputs) > 0 {
		w.words("data_sources", meta.Inputs)
	}
	w.close('}')
}

func analytic(w *writer, m *mapping) {
	w.str("uid", m.detector)
	w.str("name", m.name)
	w.num("type_id", int64(m.analytic))
	w.str("type", analyticTypes[m.analytic])
}

func attack(w *writer, id string) {
	for i := range techniques {
		t := &techniques[i]
		if t.id != id {
			continue
		}
		w.element('{')
		w.str("version", attackVersion)
		w.open("tactic", '{')
		w.str("uid", t.tactic.uid)
		w.str("name", t.tactic.name)
		w.close('}')
		parent := id
		if t.sub != "" {
			parent = id[:5] // T0000 of T0000.000
		}
		w.open("technique", '{')
		w.str("uid", parent)
		w.str("name", t.name)
		w.close('}')
		if t.sub != "" {
			w.open("sub_technique", '{')
			w.str("uid", id)
			w.str("name", t.sub)
			w.close('}')
		}
		w.close('}')
	}
}

// resources are whom it touched, a sample, and the endpoint it ran on.
func resources(w *writer, s *detectors.Signal, n *pseudonym.Names) {
	w.open("resources", '[')
	for _, id := range s.Patients {
		w.element('{')
		w.member("uid", func(b []byte) []byte { return n.Object(b, id) })
		w.str("type", "health-record")
		w.num("role_id", 3)
		w.str("role", "Affected")
		w.open("data_classifications", '[')
		w.element('{')
		w.num("category_id", 1)
		w.str("category", "Personal")
		w.num("confidentiality_id", 6)
		w.str("confidentiality", "Restricted")
		w.close('}')
		w.close(']')
		w.close('}')
	}
	w.element('{')
	w.member("uid", func(b []byte) []byte { return n.Endpoint(b, s.Route, &s.Principal, s.Patients) })
	w.str("type", "api-endpoint")
	w.num("role_id", 1)
	w.str("role", "Target")
	w.close('}')
	w.close(']')
}

// analysis sets what was expected beside what was observed.
func analysis(w *writer, s *detectors.Signal, who func([]byte) []byte, text func(string) func([]byte) []byte) {
	w.open("anomaly_analyses", '[')
	w.element('{')
	w.open("analysis_targets", '[')
	w.element('{')
	w.member("name", who)
	w.str("type", "principal")
	w.close('}')
	w.close(']')
	for _, side := range [...]struct{ key, text string }{{"anomalies", s.Observed}, {"baselines", s.Expected}} {
		w.open(side.key, '[')
		w.element('{')
		w.str("observation_parameter", s.Detector)
		w.open("observations", '[')
		w.element('{')
		w.member("value", text(side.text))
		w.close('}')
		w.close(']')
		w.close('}')
		w.close(']')
	}
	w.close('}')
	w.close(']')
}

// unmapped holds the numbers that OCSF has no place for.
func unmapped(w *writer, a *alert.Alert, text func(string) func([]byte) []byte) {
	s := &a.Signal
	w.open("unmapped", '{')
	w.num("calls", int64(s.Calls))
	w.num("objects", int64(s.Objects))
	w.num("people", int64(s.People))
	w.num("refusals", int64(s.Refusals))
	w.num("members", int64(max(1, len(s.Members))))
	if finite(s.Score) && finite(s.Threshold) {
		w.float("score", s.Score)
		w.float("threshold", s.Threshold)
	}
	w.open("facts", '[')
	for i := range s.Facts {
		w.element('{')
		w.member("name", text(s.Facts[i].Name))
		w.member("value", text(s.Facts[i].Value))
		w.close('}')
	}
	w.close(']')
	w.close('}')
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
