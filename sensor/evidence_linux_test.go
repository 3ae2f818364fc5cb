package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"

	"auscult/pipeline/evidence"
)

// shownLine is what the test reads of a line of the index.
type shownLine struct {
	Incident    string `json:"incident"`
	File        string `json:"file"`
	Packets     int    `json:"packets"`
	Connections []struct {
		ID string `json:"community_uid"`
	} `json:"connections"`
	Missing []any `json:"missing"`
}

// TestLiveEvidence: a sensor that has given up its rights, in a folder that it may not even come to, cuts what it alerts
// on out of what it remembers, while it runs; what it wrote is signed with the case.
func TestLiveEvidence(t *testing.T) {
	if !elsewhere(t) {
		return
	}
	tshark, err := exec.LookPath("tshark")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	cable(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	command(t, "go", "build", "-o", at("auscult"), ".")
	as := ""
	if fields := strings.Fields(contents(t, "/proc/self/uid_map")); len(fields) != 3 || fields[2] != "1" { // there are other users
		as = "65534:65533"
	}
	who, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range []string{"clear", "sealed"} {
		args := []string{"live", "-i", "rx0", "-l", at(run), "--key", at("key"), "--listen", served, "--user", as, "--evidence"}
		if run == "sealed" {
			args = append(args, "--evidence-recipient", who.Recipient().String())
		}
		live := exec.Command(at("auscult"), args...)
		var stderr said
		live.Stderr = &stderr
		start(t, live, &stderr)
		until(t, "it listens", func() bool {
			answer, err := http.Get("http://" + served + "/readyz")
			if err != nil {
				return false
			}
			defer answer.Body.Close()
			return answer.StatusCode == http.StatusOK
		})
		transmit(t, walk, "tx0")
		list := func() (lines []shownLine) {
			for line := range strings.Lines(contents(t, filepath.Join(dir, run, evidence.Folder, evidence.Index))) {
				var l shownLine
				if err := json.Unmarshal([]byte(line), &l); err == nil { // it may be half written
					lines = append(lines, l)
				}
			}
			return lines
		}
		until(t, "the first slice is written, while it runs", func() bool { return len(list()) > 0 })
		live.Process.Signal(syscall.SIGTERM)
		live.Wait()
		if got := live.ProcessState.ExitCode(); got != 143 || !strings.Contains(stderr.String(), "evidence  ") {
			t.Errorf("ended with status %d: %s", got, stderr.String())
		}
		command(t, at("auscult"), "verify", at(run))
		alerts := contents(t, filepath.Join(dir, run, alertsFile))
		of := map[string]int{}
		for _, l := range list() {
			of[l.Incident]++
			if !strings.Contains(alerts, `"uid":"`+l.Incident+`"`) || l.Packets == 0 || len(l.Connections) == 0 || len(l.Missing) > 0 {
				t.Errorf("the index says %+v", l)
			}
			path := filepath.Join(dir, run, l.File)
			if run == "sealed" {
				path = opened(t, path, who)
			}
			if tshark == "" {
				continue
			}
			out, err := exec.Command(tshark, "-n", "-r", path, "--enable-protocol", "communityid", "-T", "fields", "-e", "communityid").Output()
			if err != nil {
				t.Fatalf("tshark: %v", err)
			}
			packets := strings.Fields(string(out))
			ids := map[string]bool{}
			for _, id := range packets {
				ids[id] = true
			}
			for _, c := range l.Connections {
				if !ids[c.ID] {
					t.Errorf("%s does not hold connection %s", l.File, c.ID)
				}
			}
			if len(packets) != l.Packets || len(ids) != len(l.Connections) {
				t.Errorf("%s holds %d packets of %d connections, said are %d of %d", l.File, len(packets), len(ids), l.Packets, len(l.Connections))
			}
		}
		for line := range strings.Lines(alerts) {
			var a struct {
				Info struct{ UID string } `json:"finding_info"`
			}
			if err := json.Unmarshal([]byte(line), &a); err != nil || of[a.Info.UID] == 0 {
				t.Errorf("nothing shows incident %q, %v", a.Info.UID, err)
			}
		}
	}
}

// opened decrypts a slice into a file of its own.
func opened(t *testing.T, path string, who age.Identity) string {
	t.Helper()
	r, err := age.Decrypt(strings.NewReader(contents(t, path)), who)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil || !bytes.HasPrefix(b, []byte{0x0a, 0x0d, 0x0d, 0x0a}) {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	path = filepath.Join(t.TempDir(), fmt.Sprint(filepath.Base(path), ".pcapng"))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
