package ecs_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"auscult/internal/shared"
	"auscult/pipeline/ecs"
	"auscult/pipeline/ocsf"
)

// findings are those of every case and those of the OCSF encoder's own golden file.
func findings(t testing.TB) []*ocsf.Finding {
	t.Helper()
	var out []*ocsf.Finding
	for _, line := range shared.Alerts(t) {
		f, err := ocsf.Read(line)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// revealed is a finding with names in the clear and every field filled.
func revealed(t testing.TB) *ocsf.Finding {
	t.Helper()
	for _, f := range findings(t) {
		if id, _ := f.Principal(); id == "" || f.Info.Analytic.UID != "bola_fanout" || len(f.Touched()) == 0 {
			continue
		}
		f.Metadata.Labels = []string{"names:revealed"}
		f.Evidences[0].Request.URL.Target, f.Evidences[0].Request.URL.Query = "/a?b=c", "b=c"
		f.Evidences[0].Response.ContentType = "application/fhir+json; charset=utf-8"
		f.Info.Attacks = append(f.Info.Attacks, ocsf.Attack{Tactic: ocsf.Label{UID: "TA0006", Name: "Credential Access"},
			Technique: ocsf.Label{UID: "T1110", Name: "Brute Force"}, SubTechnique: ocsf.Label{UID: "T1110.003", Name: "Password Spraying"}})
		return f
	}
	t.Fatal("no finding with a principal")
	return nil
}

func decode(t testing.TB, line []byte) (d map[string]any) {
	t.Helper()
	if bytes.Count(line, []byte("\n")) != 1 || line[len(line)-1] != '\n' {
		t.Fatalf("not one line: %q", line)
	}
	if err := json.Unmarshal(line, &d); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return d
}

// flatten puts every leaf of v under its dotted name. An array is a leaf.
func flatten(into map[string]any, name string, v any) {
	if m, ok := v.(map[string]any); ok {
		for k, v := range m {
			flatten(into, strings.TrimPrefix(name+"."+k, "."), v)
		}
		return
	}
	into[name] = v
}

// field is a row of the published list.
type field struct {
	kind  string
	array bool
}

func published(t testing.TB) map[string]field {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(shared.Bytes(t, "standards/ecs/fields-9.4.0.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]field{}
	for _, row := range rows[1:] {
		out[row[3]] = field{row[4], row[6] == "array"}
	}
	return out
}

// fits is whether Elasticsearch takes v for a field of this type.
func fits(kind string, v any) bool {
	text, isText := v.(string)
	number, isNumber := v.(float64)
	switch kind {
	case "keyword", "constant_keyword", "match_only_text", "text", "wildcard":
		return isText
	case "long":
		return isNumber && number == float64(int64(number))
	case "float":
		return isNumber
	case "boolean":
		return reflect.TypeOf(v).Kind() == reflect.Bool
	case "ip":
		_, err := netip.ParseAddr(text)
		return isText && err == nil
	case "date":
		_, err := time.Parse(time.RFC3339, text)
		return isText && err == nil
	}
	return false
}

// complaint says what the field list has against v under name; "" when nothing.
func complaint(fields map[string]field, name string, v any) string {
	f, ok := fields[name]
	if strings.HasPrefix(name, "labels.") {
		f, ok = field{kind: "keyword"}, true
	}
	list, isArray := v.([]any)
	switch {
	case !ok:
		return "no such field"
	case isArray && !f.array:
		return "an array"
	case !isArray && f.array:
		return "no array"
	case !isArray:
		list = []any{v}
	}
	for _, v := range list {
		if !fits(f.kind, v) {
			return fmt.Sprintf("%v is no %s", v, f.kind)
		}
	}
	return ""
}

// TestFields holds every field of every alert to the published list, and ours to the index template.
func TestFields(t *testing.T) {
	fields := published(t)
	maps.Copy(fields, ours(t))
	seen := map[string]bool{}
	for _, f := range append(findings(t), revealed(t)) {
		leaves := map[string]any{}
		flatten(leaves, "", decode(t, ecs.Append(nil, f)))
		for name, v := range leaves {
			seen[name] = true
			if what := complaint(fields, name, v); what != "" {
				t.Errorf("%s %s: %s", f.Metadata.UID, name, what)
			}
		}
		for _, name := range []string{"@timestamp", "ecs.version", "event.kind", "event.category", "event.type", "event.outcome", "event.module", "rule.id"} {
			if leaves[name] == nil {
				t.Errorf("%s has no %s", f.Metadata.UID, name)
			}
		}
	}
	for _, f := range []struct {
		name string
		v    any
	}{{"client.ip", "nobody"}, {"http.response.status_code", 1.5}, {"tags", "a"}, {"client.port", "80"}, {"no.such", "x"}, {"@timestamp", "noon"}} {
		if complaint(fields, f.name, f.v) == "" {
			t.Errorf("%s may be %v", f.name, f.v)
		}
	}
	for name := range ours(t) {
		if !seen[name] {
			t.Errorf("the index template has %s, which no alert has", name)
		}
	}
	for name := range written(t) {
		if !seen[name] {
			t.Errorf("the index template has %s, which no alert has", name)
		}
	}
}

func TestDocument(t *testing.T) {
	f := revealed(t)
	who, domain := f.Principal()
	leaves := map[string]any{}
	flatten(leaves, "", decode(t, ecs.Append([]byte(nil), f)))
	for name, want := range map[string]any{
		"ecs.version": "9.4.0", "event.kind": "alert", "event.module": "auscult", "event.id": f.Info.UID, "rule.id": "bola_fanout", "rule.category": "API1:2023",
		"rule.reference": "https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/",
		"user.id":        who, "user.name": who, "user.domain": domain, "labels.names": "revealed", "threat.framework": "MITRE ATT&CK",
		"threat.technique.subtechnique.id": []any{"T1110.003"}, "http.response.mime_type": "application/fhir+json", "url.original": "/a?b=c",
		"auscult.message_id": f.Metadata.UID, "auscult.status": f.Status(), "network.type": "ipv4", "event.severity": 73.0,
	} {
		if !reflect.DeepEqual(leaves[name], want) {
			t.Errorf("%s is %v, want %v", name, leaves[name], want)
		}
	}
	if tags := leaves["tags"].([]any); !slices.Contains(tags, any("hipaa:164.312(b)")) || !slices.Contains(tags, any("owasp:API1:2023")) {
		t.Errorf("tags %v", tags)
	}
	if leaves["user.hash"] != nil {
		t.Error("a name in the clear is called a hash")
	}
	f.Metadata.Labels, f.Activity = []string{"pseudonym-key:abc"}, 3
	clear(leaves)
	flatten(leaves, "", decode(t, ecs.Append(nil, f)))
	if leaves["user.hash"] != who || leaves["user.name"] != nil || leaves["event.kind"] != "event" || leaves["labels.pseudonym_key"] != "abc" {
		t.Errorf("%v", leaves)
	}
}

func TestHost(t *testing.T) {
	f := revealed(t)
	for _, c := range []struct {
		host, domain string
		port         any
	}{{"ehr.test:8443", "ehr.test", 8443.0}, {"ehr.test", "ehr.test", nil}, {"[2001:db8::1]:80", "2001:db8::1", 80.0},
		{"txt:abc:def", "txt:abc:def", nil}, {"ehr.test:http", "ehr.test:http", nil}, {"ehr.test:99999", "ehr.test:99999", nil}} {
		f.Evidences[0].Dst.Hostname = c.host
		u := decode(t, ecs.Append(nil, f))["url"].(map[string]any)
		if u["domain"] != c.domain || u["port"] != c.port {
			t.Errorf("%s: %v", c.host, u)
		}
	}
	f.Evidences[0].Dst.IP = "nowhere" // an index would refuse the whole document
	if d := decode(t, ecs.Append(nil, f)); d["server"].(map[string]any)["ip"] != nil {
		t.Errorf("%v", d["server"])
	}
}

// FuzzAppend has any text and number in every field: what comes out is one line of JSON in the types of the list.
func FuzzAppend(f *testing.F) {
	fields := published(f)
	maps.Copy(fields, ours(f))
	full := revealed(f)
	f.Add("", int64(0))
	f.Add("a\x00\n\"\\\xff\u2028 <&>", int64(-1))
	f.Add("2001:db8::1%eth0", int64(1)<<62)
	f.Add("[::1]:80", int64(3))
	line, err := json.Marshal(full)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string, n int64) {
		one, err := ocsf.Read(line)
		if err != nil {
			t.Fatal(err)
		}
		shared.Fill(one, s, n)
		leaves := map[string]any{}
		flatten(leaves, "", decode(t, ecs.Append(nil, one)))
		for name, v := range leaves {
			if what := complaint(fields, name, v); what != "" {
				t.Errorf("%s: %s", name, what)
			}
		}
		line := []byte(strings.ReplaceAll(s, "\n", " "))
		if one, err := ocsf.Read(line); err == nil {
			decode(t, ecs.Append(nil, one))
		}
	})
}
