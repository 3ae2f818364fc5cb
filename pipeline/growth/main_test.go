package main

import (
	"fmt"
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
		b, err := os.ReadFile(filepath.Join(out, plot))
		for line := range 5 {
			if class := fmt.Sprintf(`class="c%d"`, 5+line); err != nil || strings.Count(string(b), class) != 2 { // and in the legend
				t.Errorf("%s: %v, %d bytes, %d times %s", plot, err, len(b), strings.Count(string(b), class), class)
			}
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
