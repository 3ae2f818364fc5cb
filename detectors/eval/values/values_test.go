package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRun makes the tables of small lists of our own: what is found, what is missed and why, and who is accused.
func TestRun(t *testing.T) {
	attacks, honest, bodies := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, filepath.Join(attacks, "own.sql.txt"), "' OR 1=1--\n1' UNION SELECT 1,2,3-- -\n'; DROP TABLE visits--\nabc\n")
	write(t, filepath.Join(attacks, "own.path-pl1.requests.jsonl"), `{"method":"POST","url":"/up","headers":{"Content-Type":"application/json"},"data":"{\"f\":\"../../../x\"}"}`+"\n")
	write(t, filepath.Join(honest, "names.jsonl"), "\"O'Brien\"\n\"D\\u0027Souza\"\n\"Lee\\nAnn\"\n")
	write(t, filepath.Join(bodies, "health.ndjson"), `{"form":"json","source":"own","values":3,"truth":["name","birth_date"],"may":[],"people":1,"half":1,"body":"{\"resourceType\":\"Patient\",\"id\":\"7\",\"name\":[{\"family\":\"Lee\"}],\"birthDate\":\"1980-02-03\"}"}`+"\n")
	misses := filepath.Join(t.TempDir(), "misses")
	var out bytes.Buffer
	if err := run([]string{"-payloads", attacks, "-honest", honest, "-bodies", bodies, "-half", "all", "-misses", misses, "-out", ""}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| sql | own | 4 | 75.00 (19.41–99.37) | 75.00 (19.41–99.37) |", "| 1 / 0 / 0 / 0 / 0 | 1 of 1 |", "| path-pl1 | own | 1 | 100.00 (2.50–100.00) |", "| names | 3 | 0 | 0.00 (0.00–1229626.48) |",
		"| own | 1 | 3 | 100.00 (15.81–100.00) | 0 |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if said, err := os.ReadFile(misses); err != nil || string(said) != "missed own.sql [too short] found as 0x0: \"abc\"\n" {
		t.Errorf("missed: %q, %v", said, err)
	}
	for _, args := range [][]string{{"-half", "some"}, {"-requests", "file"}, {"-honest", filepath.Join(honest, "none")}} {
		if run(args, &out) == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

// TestRequests reads the same two requests from each form of a recorded set.
func TestRequests(t *testing.T) {
	const first, second = `{"method":"GET","url":"/a?b=1 2","headers":{"X":"y"}}`, `{"method":"POST","url":"/c","headers":{"Content-Length":"3"},"data":"d=e"}`
	for name, text := range map[string]string{"array": "[" + first + "," + second + "]", "lines": first + "\n" + second + "\n", "raw": "GET /a?b=1 2 HTTP/1.1\nX: y\n\n\nPOST /c HTTP/1.1\r\nContent-Length: 3\r\n\r\nd=e\n\n"} {
		var got []string
		if err := eachRequest(write(t, filepath.Join(t.TempDir(), name), text), all, func(q *request) { got = append(got, q.Method+" "+q.URL+" "+q.Headers["X"]+q.body()) }); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s := strings.Join(got, ", "); s != "GET /a?b=1 2 y, POST /c d=e" {
			t.Errorf("%s: %s", name, s)
		}
	}
}

// TestHalves has each value in one half, and about as many in both.
func TestHalves(t *testing.T) {
	n := 0
	for i := range 10000 {
		v := letters(i + 1)
		if tune.has(v) == held.has(v) || !all.has(v) {
			t.Fatalf("%q is in both halves or in none", v)
		}
		if held.has(v) {
			n++
		}
	}
	if n < 4800 || n > 5200 {
		t.Errorf("%d of 10000 are held out", n)
	}
}

// TestExact compares the intervals with those of tables: Clopper and Pearson's of 8 in 10, and Garwood's of 3.
func TestExact(t *testing.T) {
	near := func(got, want float64) bool { return math.Abs(got-want) < 5e-4 }
	if low, high := shareOf(8, 10); !near(low, 0.4439) || !near(high, 0.9748) {
		t.Errorf("8 of 10: %v to %v", low, high)
	}
	if low, high := countOf(3); !near(low, 0.6187) || !near(high, 8.7673) {
		t.Errorf("3: %v to %v", low, high)
	}
}
