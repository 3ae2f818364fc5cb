package sink_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"auscult/pipeline/alert"
	"auscult/pipeline/sink"
	"auscult/sensor/call"
)

// TestReopen renames and empties a log that is written, as logrotate does by its two ways.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.jsonl")
	l, err := sink.OpenCallLog(path, names(t, false), 0)
	if err != nil {
		t.Fatal(err)
	}
	write := func() {
		t.Helper()
		if err := l.WriteCalls([]call.Call{oneCall(1)}); err != nil {
			t.Fatal(err)
		}
	}
	write()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write()
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	one := callLines(t, false, oneCall(1))
	if b := read(t, path+".1"); !bytes.Equal(b, append(one, one...)) {
		t.Errorf("the old file holds %q", b)
	}
	private(t, path)
	write()
	if err := l.Reopen(); err != nil { // of the same file: it goes on there
		t.Fatal(err)
	}
	if b := read(t, path); !bytes.Equal(b, one) {
		t.Errorf("the new file holds %q", b)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if b := read(t, path); !bytes.Equal(b, one) {
		t.Errorf("emptied, the file holds %q", b)
	}

	alerts := filepath.Join(t.TempDir(), "gone", "alerts.jsonl")
	if err := os.Mkdir(filepath.Dir(alerts), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := sink.OpenFile(alerts, names(t, false), meta)
	if err != nil {
		t.Fatal(err)
	}
	moved := filepath.Dir(alerts) + ".old"
	if err := os.Rename(filepath.Dir(alerts), moved); err != nil {
		t.Fatal(err)
	}
	if err := f.Reopen(); err == nil {
		t.Error("a file in a folder that is not there was made")
	}
	if err := f.Write(t.Context(), []alert.Alert{oneAlert(1)}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if len(read(t, filepath.Join(moved, "alerts.jsonl"))) == 0 {
		t.Error("the old file is not written to further")
	}
	if err := sink.NewLines(&bytes.Buffer{}, "standard output", names(t, false), meta).Reopen(); err != nil {
		t.Error(err)
	}
}
