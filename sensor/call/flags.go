package call

import (
	"bytes"

	"auscult/sensor/fhir"
	"auscult/sensor/phi"
)

// wordFlags is what the words of a path say of the calls to it.
func wordFlags(parts [][]byte, r *Route) Flags {
	if r.FHIR.Shape != fhir.NotFHIR {
		f := operationFlags(&r.FHIR)
		for _, s := range parts[:min(r.FHIR.Base, len(parts))] {
			var buf [32]byte
			if len(s) <= len(buf) {
				f |= functionFlag(lower(buf[:0], s)) & (Admin | Operator)
			}
		}
		return f
	}
	var f Flags
	for i, s := range parts {
		if i == 0 && len(parts) > 1 && string(s) == "manager" { // Tomcat's: /manager/html, /manager/text/list
			f |= Operator
		}
		f |= wordFlag(s, i == len(parts)-1, len(parts))
		if i > 0 && len(s) <= 9 {
			var a, b [16]byte
			if before := parts[i-1]; resets(lower(a[:0], before[:min(len(before), len(a))]), lower(b[:0], s), i == len(parts)-1) {
				f |= Reset
			}
		}
		if len(s) < 24 && wordSpace(s) == patient {
			f |= HealthAPI
		}
	}
	if other := f &^ (Health | Operator); f&Health != 0 && other != 0 || len(r.IDs) > 0 {
		f &^= Health
	}
	if f&Health != 0 && checks(parts[len(parts)-1]) {
		f &^= Operator
	}
	return f
}

func wordFlag(s []byte, last bool, depth int) Flags {
	var buf [32]byte
	if len(s) > len(buf) {
		return 0
	}
	w := lower(buf[:0], s)
	switch string(w) {
	case "export", "bulk", "download-all", "downloadall", "dump", "exportall", "export-all", "bulk-export", "bulkdownload":
		return Bulk
	case "graphql":
		return GraphQL
	case "encounters", "observations", "medications", "prescriptions", "visits", "appointments", "charts", "labs", "allergies",
		"diagnoses", "admissions", "mrn", "ehr", "emr", "abha", "health-information", "consent":
		return HealthAPI
	}
	f := functionFlag(w)
	if !last {
		return f
	}
	switch string(w) {
	case "login", "signin", "sign-in", "log-in", "logon", "auth", "authenticate", "session", "sessions", "j_security_check", "j_spring_security_check":
		return f | Login
	case "token", "generate-token", "oauth2", "gettoken":
		return f | Login | Token
	case "search", "_search", "find", "query", "lookup", "autocomplete", "suggest", "list":
		return f | Search
	case "healthz", "readyz", "livez", "ready", "alive", "liveness", "readiness", "ping", "heartbeat", "health":
		if depth <= 3 {
			return f | Health
		}
	case "metrics", "prometheus":
		if depth <= 3 {
			return f | Health | Operator
		}
	}
	if bytes.HasSuffix(w, []byte(".csv")) || bytes.HasSuffix(w, []byte(".ndjson")) || bytes.HasSuffix(w, []byte(".xlsx")) {
		return f | Bulk
	}
	return f
}

// operationFlags is what a FHIR path says: searches, bulk operations, GraphQL.
func operationFlags(u *fhir.URL) Flags {
	switch u.Shape {
	case fhir.TypeSearch, fhir.SystemSearch, fhir.Compartment, fhir.TypeHistory, fhir.SystemHistory, fhir.InstanceHistory:
		return HealthAPI | Search
	case fhir.Metadata:
		return 0
	case fhir.Operation:
		switch string(u.Op) {
		case "$graphql":
			return HealthAPI | GraphQL
		case "$export", "$bulk-export":
			return HealthAPI | Bulk
		case "$everything":
			if len(u.ID) == 0 || string(u.Type) == "Group" {
				return HealthAPI | Bulk | Search
			}
			return HealthAPI | Search
		case "$break-glass", "$breakglass", "$emergency-access":
			return HealthAPI | BreakGlass
		case "$lastn", "$match", "$expand", "$docref", "$ihe-pix":
			return HealthAPI | Search
		}
	}
	return HealthAPI
}

// probes are the user agents of health checks.
var probes = []string{"kube-probe/", "ELB-HealthChecker/", "GoogleHC/", "Consul Health Check", "Prometheus/", "HAProxy/"}

// flags decides the properties of a call, once everything else of it is known.
func (b *Builder) flags(c *Call, r *Route, resp *phi.Report) {
	get := c.Method == "GET" || c.Method == "HEAD"
	f := c.Flags | r.Words&^(Login|Token)
	if r.Words&Login != 0 && (!get || c.Principal.Kind == Basic) || b.loggedIn {
		f |= Login
		if r.Words&Token != 0 && c.OK() {
			f |= Token
		}
	}
	switch c.FHIR.Interaction {
	case "search-type", "search-system", "search-compartment":
		f |= Search
	case "create":
		if c.OK() {
			f |= Create
		}
	}
	post := c.Method == "POST" || c.Method == "PUT"
	if post && c.Status == 201 || r.DICOM && post && c.OK() { // the latter is STOW-RS, which answers 200 (PS3.18 section 10.5)
		f |= Create
	}
	f |= b.messageFlags(c)
	if r.DICOM && get && listsDICOM(r.Template) {
		f |= Search
	}
	trailing := len(r.Template) > 0 && r.Template[len(r.Template)-1] == '}'
	if c.FHIR.Interaction == "" && get && !trailing && (c.Asked > 0 || f&PageStep != 0 || resp != nil && resp.Entries > 0) {
		f |= Search
	}
	if c.PHI.Classes != 0 {
		f |= HealthAPI
	}
	if emergency(c.Auth.Purpose) {
		f |= BreakGlass
	}
	if f&Search != 0 && c.OK() && resp != nil && empty(resp) {
		f |= Empty
	}
	if c.PHI.Classes != 0 || len(c.Objects) > 0 || f&(HealthAPI|Login) != 0 {
		f &^= Health
	} else if probe(c.UserAgent) {
		f |= Health
	}
	c.Flags = f
}

// messageFlags is what the message in the body does. What a push brings its sender had, whether or not its
// acknowledgement was seen.
func (b *Builder) messageFlags(c *Call) Flags {
	m := &b.message
	f := m.flags
	if m.hl7 {
		f |= HealthAPI
	}
	if !c.OK() && !(m.hl7 && c.Status == 0) {
		f &^= Create
	}
	return f
}

// listsDICOM is whether a DICOMweb path is a QIDO-RS search: it ends in what it lists.
func listsDICOM(template []byte) bool {
	return bytes.HasSuffix(template, []byte("/studies")) || bytes.HasSuffix(template, []byte("/series")) ||
		bytes.HasSuffix(template, []byte("/instances"))
}

// empty is whether a response that was read to its end lists nothing.
func empty(resp *phi.Report) bool {
	if resp.Form == phi.HL7v2 {
		return !resp.Truncated && resp.People == 0 && len(resp.IDs) == 0
	}
	return (resp.Form == phi.JSON || resp.Form == phi.XML || resp.Form == phi.NDJSON) && !resp.Truncated &&
		resp.Entries == 0 && resp.Total <= 0 && resp.Records == 0 && len(resp.IDs) == 0
}

func probe(agent string) bool {
	for _, p := range probes {
		if len(agent) >= len(p) && agent[:len(p)] == p {
			return true
		}
	}
	return false
}
