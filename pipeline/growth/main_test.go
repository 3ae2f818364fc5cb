package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGrowth makes the small table, in which every exchange of every capture has become a call: run says so otherwise.
func TestGrowth(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	out := t.TempDir()
	if err := run([]string{"-exchanges", "1000", "-n", "1", "-full=false", "-out", out}, new(strings.Builder)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(out, "growth.md"))
	if err != nil {
		t.Fatal(err)
	}
	if rows := regexp.MustCompile(`(?m)^\| (connections|principals|endpoints|objects|exchanges) \| \d+ \| \d`).FindAll(b, -1); len(rows) != 15 {
		t.Errorf("%d rows of 15:\n%s", len(rows), b)
	}
	for _, plot := range []string{"time.svg", "memory.svg"} {
		if b, err := os.ReadFile(filepath.Join(out, plot)); err != nil || strings.Count(string(b), "<polyline") != 5 {
			t.Errorf("%s: %v, %d bytes", plot, err, len(b))
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, args := range [][]string{{"x"}, {"-exchanges", "1"}, {"-n", "0"}} {
		if err := run(args, new(strings.Builder)); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
