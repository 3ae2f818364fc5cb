package shared

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// Alerts is every line of the golden alerts of the cases, and of the OCSF encoder's own golden file.
func Alerts(t testing.TB) (lines [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(Root(t), "pcaps", "*", "alerts.jsonl"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	for _, name := range append(files, filepath.Join(Root(t), "pipeline", "ocsf", "testdata", "findings.jsonl")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			lines = append(lines, line)
		}
	}
	return lines
}

// Fill sets every string and integer that v points to, and those below.
func Fill(v any, s string, n int64) { fill(reflect.ValueOf(v).Elem(), s, n) }

func fill(v reflect.Value, s string, n int64) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), s, n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), s, n)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), s, n)
		}
	case reflect.String:
		v.SetString(s)
	case reflect.Int, reflect.Int64:
		v.SetInt(n)
	}
}
