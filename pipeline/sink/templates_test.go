package sink_test

import (
	"encoding/json"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"auscult/internal/shared"
)

// keys are those that calls.go writes; those of an object are below auscult.objects.
func keys(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(`"([a-z_]+(?:\.[a-z_]+)*)":`).FindAllSubmatch(read(t, "calls.go"), -1) {
		out[string(m[1])] = true
	}
	for _, k := range []string{"type", "id", "where"} {
		if !out[k] || !out["auscult.objects"] {
			t.Fatalf("calls.go has no %s: the test sees nothing", k)
		}
		delete(out, k)
		out["auscult.objects."+k] = true
	}
	delete(out, "auscult.objects")
	return out
}

// TestCallTemplate holds the index template to the keys of the call log, and its types to what the logs of all cases
// hold.
func TestCallTemplate(t *testing.T) {
	var whole struct {
		Template struct {
			Mappings struct{ Properties map[string]any }
		}
	}
	if err := json.Unmarshal(read(t, filepath.Join("elastic", "call-index-template.json")), &whole); err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	var walk func(name string, properties map[string]any)
	walk = func(name string, properties map[string]any) {
		for k, v := range properties {
			m := v.(map[string]any)
			if kind, leaf := m["type"].(string); leaf {
				types[strings.TrimPrefix(name+"."+k, ".")] = kind
				continue
			}
			walk(strings.TrimPrefix(name+"."+k, "."), m["properties"].(map[string]any))
		}
	}
	walk("", whole.Template.Mappings.Properties)
	written := keys(t)
	for k := range types {
		if !written[k] && k != "@timestamp" { // which the pipeline sets
			t.Errorf("no call has %s", k)
		}
	}
	for k := range written {
		if types[k] == "" {
			t.Errorf("the template has no %s", k)
		}
	}
	logs, err := filepath.Glob(filepath.Join(shared.Root(t), "pcaps", "*", "calls.jsonl"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no logs: %v", err)
	}
	for _, log := range append(logs, filepath.Join("testdata", "calls-revealed.jsonl")) {
		for line := range strings.Lines(string(read(t, log))) {
			var c map[string]any
			if err := json.Unmarshal([]byte(line), &c); err != nil {
				t.Fatal(err)
			}
			for k, v := range c {
				list, isList := v.([]any)
				if !isList {
					list = []any{v}
				}
				for _, v := range list {
					if k != "auscult.objects" && v != nil && !takes(types[k], v) {
						t.Fatalf("%s: %s is no %s: %v", log, k, types[k], v)
					}
				}
			}
		}
	}
}

func takes(kind string, v any) bool {
	text, isText := v.(string)
	number, isNumber := v.(float64)
	switch kind {
	case "keyword", "wildcard":
		return isText
	case "long":
		return isNumber && number == float64(int64(number))
	case "double":
		return isNumber
	case "ip":
		_, err := netip.ParseAddr(text)
		return err == nil
	case "date_nanos":
		_, err := time.Parse(time.RFC3339Nano, text)
		return err == nil
	}
	return false
}

func TestCallPipeline(t *testing.T) {
	var whole struct {
		Processors []struct {
			Set struct {
				Field string
				From  string `json:"copy_from"`
			}
		}
		OnFailure []any `json:"on_failure"`
	}
	if err := json.Unmarshal(read(t, filepath.Join("elastic", "call-ingest-pipeline.json")), &whole); err != nil {
		t.Fatal(err)
	}
	if len(whole.Processors) != 1 || whole.Processors[0].Set.Field != "@timestamp" || !keys(t)[whole.Processors[0].Set.From] || len(whole.OnFailure) == 0 {
		t.Errorf("%+v", whole)
	}
}

// TestCallSplunk holds the aliases to the keys of the call log and the settings for time to its lines.
func TestCallSplunk(t *testing.T) {
	written := keys(t)
	settings := shared.Conf(t, read(t, filepath.Join("splunk", "props.conf")))["auscult:call"]
	aliases := 0
	for k, v := range settings {
		if !strings.HasPrefix(k, "FIELDALIAS-") {
			continue
		}
		aliases++
		m := regexp.MustCompile(`^"([^"]+)" AS [a-z_]+$`).FindStringSubmatch(v)
		if m == nil || !written[m[1]] {
			t.Errorf("%s = %s: no call has it", k, v)
		}
	}
	if aliases < 10 || settings["KV_MODE"] != "json" || settings["TRUNCATE"] != "0" {
		t.Errorf("%v", settings)
	}
	line := string(read(t, filepath.Join("testdata", "calls.jsonl")))
	at := regexp.MustCompile(settings["TIME_PREFIX"]).FindStringIndex(line)
	if at == nil || settings["TIME_FORMAT"] != "%Y-%m-%dT%H:%M:%S.%9NZ" || settings["MAX_TIMESTAMP_LOOKAHEAD"] != "30" {
		t.Fatalf("%v in %.60s", settings, line)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000000000Z", line[at[1]:at[1]+30]); err != nil {
		t.Error(err)
	}
	shared.Tagged(t, "splunk", "auscult:call", "web")
}
