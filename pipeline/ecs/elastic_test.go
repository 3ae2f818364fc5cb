package ecs_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"auscult/pipeline/ecs"
)

// lists are the fields of ours that hold several values: Elasticsearch has no type for that.
var lists = []string{"auscult.kinds", "auscult.objects.sample", "auscult.facts", "auscult.token",
	"auscult.evidence.call_id", "auscult.evidence.community_id"}

// template is the field types of elastic/index-template.json.
func template(t testing.TB) map[string]field {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("elastic", "index-template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var whole struct {
		Patterns []string `json:"index_patterns"`
		Template struct {
			Settings struct {
				Pipeline string `json:"index.default_pipeline"`
			}
			Mappings struct {
				Dynamic    bool
				Properties map[string]any
			}
		}
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(whole.Patterns, []string{"logs-auscult.alert-*"}) || whole.Template.Settings.Pipeline != "auscult-alert" {
		t.Errorf("%v %v", whole.Patterns, whole.Template.Settings)
	}
	out := map[string]field{}
	var walk func(name string, properties map[string]any)
	walk = func(name string, properties map[string]any) {
		for k, v := range properties {
			m := v.(map[string]any)
			full := strings.TrimPrefix(name+"."+k, ".")
			if below, ok := m["properties"].(map[string]any); ok {
				walk(full, below)
				continue
			}
			out[full] = field{m["type"].(string), slices.Contains(lists, full)}
		}
	}
	walk("", whole.Template.Mappings.Properties)
	return out
}

// ours are the fields of the template that are not of ECS.
func ours(t testing.TB) map[string]field { return part(t, true) }

// written are the fields of the template that are of ECS and that the encoder writes.
func written(t testing.TB) map[string]field {
	out := part(t, false)
	delete(out, "event.ingested") // by the pipeline
	return out
}

func part(t testing.TB, own bool) map[string]field {
	out := map[string]field{}
	for name, f := range template(t) {
		if strings.HasPrefix(name, "auscult.") == own {
			out[name] = f
		}
	}
	return out
}

// TestIndexTemplate holds the template to the types of the published list, and to have every field that is written.
func TestIndexTemplate(t *testing.T) {
	fields, mapped := published(t), template(t)
	for name, f := range mapped {
		if want, ok := fields[name]; !strings.HasPrefix(name, "auscult.") && !strings.HasPrefix(name, "labels.") && (!ok || f.kind != want.kind) {
			t.Errorf("%s is %q, the list says %q", name, f.kind, want.kind)
		}
	}
	for _, f := range append(findings(t), revealed(t)) {
		leaves := map[string]any{}
		flatten(leaves, "", decode(t, ecs.Append(nil, f)))
		for name := range leaves {
			if _, ok := mapped[name]; !ok {
				t.Errorf("the template has no %s", name)
			}
		}
	}
}

// TestIngestPipeline holds the pipeline to read only fields that are written, and to set only fields of the list.
func TestIngestPipeline(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("elastic", "ingest-pipeline.json"))
	if err != nil {
		t.Fatal(err)
	}
	var whole struct {
		Processors []map[string]map[string]any
		OnFailure  []map[string]map[string]any `json:"on_failure"`
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	mapped, fields := template(t), published(t)
	if len(whole.Processors) == 0 || len(whole.OnFailure) == 0 {
		t.Fatal("no processors")
	}
	for _, p := range append(whole.Processors, whole.OnFailure...) {
		for kind, with := range p {
			target, _ := with["field"].(string)
			if _, ok := fields[target]; kind != "set" && kind != "append" || !ok && target != "_id" {
				t.Errorf("%s sets %q", kind, target)
			}
			value, _ := with["value"].(string)
			for _, m := range regexp.MustCompile(`\{\{\{([^}]*)\}\}\}`).FindAllStringSubmatch(value, -1) {
				if _, ok := mapped[m[1]]; !ok && !strings.HasPrefix(m[1], "_ingest.") {
					t.Errorf("%s reads %s", kind, m[1])
				}
			}
		}
	}
}
