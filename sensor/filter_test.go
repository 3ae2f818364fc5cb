package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplayFilter(t *testing.T) {
	_, all, _ := replayed(t, walk)
	status, none, stderr := replayed(t, walk, "tcp port 1")
	if status != statusDone || all == "" || none != "" {
		t.Fatalf("status %d: with a port that nobody uses %q, without a filter %q", status, none, all)
	}
	for _, want := range []string{"filter   tcp port 1\n", "(filtered_out)"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the summary has no %q:\n%s", want, stderr)
		}
	}
}

// TestReplayFilterCalls keeps the calls of one client, and no other.
func TestReplayFilterCalls(t *testing.T) {
	calls := func(args ...string) []string {
		dir := filepath.Join(t.TempDir(), "case")
		args = append([]string{"-l", dir, "--calls", "jsonl"}, args...)
		if status, _, stderr := replayed(t, args...); status != statusDone {
			t.Fatalf("%q: status %d: %s", args, status, stderr)
		}
		return strings.Split(strings.TrimSpace(contents(t, filepath.Join(dir, "calls.jsonl"))), "\n")
	}
	clients := map[string]int{}
	for _, line := range calls(walk) {
		_, rest, _ := strings.Cut(line, `"client.address":"`)
		client, _, _ := strings.Cut(rest, `"`)
		clients[client]++
	}
	if len(clients) < 2 {
		t.Fatalf("the capture has the clients %v; the test needs two", clients)
	}
	file := filepath.Join(t.TempDir(), "filter")
	for client, n := range clients {
		if err := os.WriteFile(file, []byte("host "+client+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{walk, "tcp and host " + client}, {"-F", file, walk}} {
			got := calls(args...)
			for _, line := range got {
				if !strings.Contains(line, `"client.address":"`+client+`"`) {
					t.Errorf("%q lets through %s", args, line)
				}
			}
			if len(got) != n {
				t.Errorf("%q: %d calls, want %d", args, len(got), n)
			}
		}
	}
}

func TestReplayBadFilter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "filter")
	if err := os.WriteFile(file, []byte("port 80 and nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{walk, "tcp port 80 and host ehr.example"}, `filter: "ehr.example" (column 22): host names are not looked up`},
		{[]string{walk, "tcp prot 80"}, `filter: "prot" (column 5): unknown word`},
		{[]string{walk, "host (10.1.2.3"}, "filter: at its end (column 15): the parenthesis of column 6 is not closed here"},
		{[]string{"-F", file, walk}, `filter: "nonsense" (column 13): `},
		{[]string{"-F", file + ".missing", walk}, "--filter-file: open "},
		{[]string{"-F", file, walk, "tcp port 80"}, `"tcp port 80" is a filter, and --filter-file gives another: keep one`},
	} {
		status, stdout, stderr := replayed(t, c.args...)
		if status != statusUsage || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, stdout %q, stderr %q; want one line with %q", c.args, status, stdout, stderr, c.want)
		}
	}
	// A file that is missing is no filter.
	if status, _, stderr := replayed(t, walk, "no-such.pcap"); status != statusInput || strings.Contains(stderr, "filter") {
		t.Errorf("a missing file: status %d, %s", status, stderr)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("tcp", []byte("no capture"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := replayed(t, "tcp", "tcp"); status != statusInput {
		t.Errorf("a file with the name of a filter: status %d, %s", status, stderr)
	}
}
