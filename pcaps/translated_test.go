package pcaps

import (
	"bytes"
	"path/filepath"
	"testing"

	"auscult/pipeline/cef"
	"auscult/pipeline/ecs"
	"auscult/pipeline/ocsf"
)

// TestTranslated compares the openings of every case's incidents, in ECS and CEF, with alerts.ecs.jsonl and alerts.cef.
// Both are written from the golden alerts, which are the same for any number of workers; -update rewrites them, after
// those.
func TestTranslated(t *testing.T) {
	for _, name := range cases(t) {
		var documents, lines []byte
		for line := range bytes.Lines(read(t, filepath.Join(name, "alerts.jsonl"))) {
			f, err := ocsf.Read(line)
			if err != nil {
				t.Fatal(err)
			}
			if f.Status() == "create" {
				documents, lines = ecs.Append(documents, f), cef.Append(lines, f)
			}
		}
		for file, got := range map[string][]byte{"alerts.ecs.jsonl": documents, "alerts.cef": lines} {
			path := filepath.Join(name, file)
			if *update {
				write(t, path, got)
			}
			same(t, path, got, read(t, path))
		}
	}
}
