package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"auscult/pipeline/parquet"
)

// duckdb is a Python that has DuckDB: $DUCKDB_PYTHON, or python3.
func duckdb(t *testing.T) string {
	t.Helper()
	python := os.Getenv("DUCKDB_PYTHON")
	if python == "" {
		python = "python3"
	}
	if out, err := exec.Command(python, "-c", "import duckdb").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s has no DuckDB: %v, %s", python, err, out)
		}
		t.Skip("no Python with DuckDB: pip install duckdb, and DUCKDB_PYTHON")
	}
	return python
}

// TestParquet holds the call log in Parquet, as DuckDB reads it, and the queries beside its code to calls.jsonl.
func TestParquet(t *testing.T) {
	key, dir := knownKey(t), t.TempDir()
	args := []string{"-q", "--key", key, walk, "../pcaps/oversized-export/traffic.pcap", "../pcaps/roaming/traffic.pcap", "../pcaps/token-sharing/traffic.pcap"}
	cases := map[string]string{}
	for name, more := range map[string][]string{"jsonl": {"--calls", "jsonl"}, "parquet": {"--calls", "parquet", "--workers", "1"},
		"again": {"--calls", "parquet", "--workers", "3"}} {
		cases[name] = filepath.Join(dir, name)
		if status, _, stderr := auscult(t, append(append([]string{"replay", "-l", cases[name]}, more...), args...)...); status != statusDone {
			t.Fatalf("%s: status %d, %s", name, status, stderr)
		}
	}
	n := 0
	err := filepath.WalkDir(filepath.Join(cases["parquet"], parquet.Folder), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(cases["parquet"], name)
		if contents(t, name) != contents(t, filepath.Join(cases["again"], rel)) {
			t.Errorf("%s has other bytes with three workers", rel)
		}
		n++
		return nil
	})
	if err != nil || n < 3 {
		t.Errorf("%v, %d files", err, n)
	}
	if status, stdout, stderr := auscult(t, "verify", cases["parquet"]); status != statusDone {
		t.Errorf("verify: status %d, %s%s", status, stdout, stderr)
	}
	if !strings.Contains(contents(t, filepath.Join(cases["parquet"], "manifest.json")), "part-0.parquet") {
		t.Error("the manifest names no part of the call log")
	}
	if status, _, stderr := auscult(t, append([]string{"replay", "-l", cases["again"]}, args...)...); status != statusUsage || !strings.Contains(stderr, "holds another case") {
		t.Errorf("a second case in the folder: status %d, %s", status, stderr)
	}
	if status, _, stderr := auscult(t, append([]string{"replay", "--force", "-l", cases["again"]}, args...)...); status != statusDone || parquet.Exists(cases["again"]) {
		t.Errorf("--force: status %d, %s", status, stderr)
	}
	out, err := exec.Command(duckdb(t), "../pipeline/parquet/duckdb/check.py", cases["parquet"], cases["jsonl"]).CombinedOutput()
	if err != nil {
		t.Errorf("DuckDB: %v\n%s", err, out)
	}
}
