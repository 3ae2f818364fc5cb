package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
)

// split writes the packets of a capture before at, and the others, to two captures.
func split(t *testing.T, path string, at time.Time, before, after string) {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	r, err := pcapgo.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	var halves [2]*pcapgo.Writer
	for i, name := range []string{before, after} {
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		halves[i] = pcapgo.NewWriter(f)
		if err := halves[i].WriteFileHeader(1<<18, r.LinkType()); err != nil {
			t.Fatal(err)
		}
	}
	for {
		frame, info, err := r.ReadPacketData()
		if err != nil {
			return
		}
		to := halves[0]
		if !info.Timestamp.Before(at) {
			to = halves[1]
		}
		if err := to.WritePacket(info, frame); err != nil {
			t.Fatal(err)
		}
	}
}

// findings is the incidents of a kind that were opened in a case folder, and the sequences of the messages of each.
func findings(t *testing.T, dir, kind string) (opened []string, sequences map[string][]int) {
	t.Helper()
	sequences = map[string][]int{}
	for line := range strings.Lines(contents(t, filepath.Join(dir, alertsFile))) {
		var a struct {
			Activity string `json:"activity_name"`
			Metadata struct {
				Sequence int
			}
			Info struct{ UID string } `json:"finding_info"`
			Code struct{ UID string } `json:"analytic"`
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		if a.Activity == "Create" && strings.Contains(line, `"event_code":"`+kind+`"`) {
			opened = append(opened, a.Info.UID)
		}
		sequences[a.Info.UID] = append(sequences[a.Info.UID], a.Metadata.Sequence)
	}
	return opened, sequences
}

// TestLiveRestart ends a sensor in the middle of an attack, well and by kill -9, and starts another: the incident goes on.
func TestLiveRestart(t *testing.T) {
	if !elsewhere(t) {
		return
	}
	cable(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	command(t, "go", "build", "-o", at("auscult"), ".")
	user := "" // nobody else to become; else one who may not come to the folder by its name
	if fields := strings.Fields(contents(t, "/proc/self/uid_map")); len(fields) != 3 || fields[2] != "1" {
		user = "65534:65533"
	}
	split(t, walk, time.Unix(1795679430, 0), at("a.pcap"), at("rest.pcap"))
	split(t, at("rest.pcap"), time.Unix(1795679500, 0), at("b.pcap"), at("c.pcap"))

	listen := func(folder, half string, end os.Signal, status int) string {
		live := exec.Command(at("auscult"), "live", "-i", "rx0", "-l", at(folder), "--key", at("key"), "--listen", served, "--state", at("state"),
			"--log-level", "info", "--user", user)
		live.Env = append(os.Environ(), "AUSCULT_STATE_EVERY=1s")
		var stderr said
		live.Stderr = &stderr
		start(t, live, &stderr)
		until(t, "it listens", func() bool { return strings.Contains(stderr.String(), "listening") })
		n := transmit(t, at(half), "tx0")
		until(t, "all packets are read", func() bool { return scraped(t, "auscult_packets_total") >= n })
		alerts := func() int { return strings.Count(contents(t, at(folder+"/"+alertsFile)), "\n") }
		until(t, "it alerts", func() bool { return alerts() > 0 })
		if end == syscall.SIGKILL { // two more saves: the second began after all packets were seen, and is whole when the third is
			saves := scraped(t, "auscult_state_saves_total")
			until(t, "the state is written", func() bool { return scraped(t, "auscult_state_saves_total") >= saves+3 })
		}
		live.Process.Signal(end)
		live.Wait()
		if got := live.ProcessState.ExitCode(); got != status {
			t.Fatalf("ended with status %d", got)
		}
		return stderr.String()
	}
	first := listen("first", "a.pcap", syscall.SIGTERM, 143)
	second := listen("second", "b.pcap", syscall.SIGKILL, -1)
	third := listen("third", "c.pcap", syscall.SIGTERM, 143)
	if !strings.Contains(first, "state: there is none in ") || !strings.Contains(second, "state: going on from 20") ||
		!strings.Contains(third, "1 open incident") && !strings.Contains(third, " open incidents") || !strings.Contains(third, "did not end well") {
		t.Errorf("%s\n%s\n%s", first, second, third)
	}
	opened, before := findings(t, at("first"), "sequential_enumeration")
	if len(opened) != 1 {
		t.Fatalf("%d walks were found at first", len(opened))
	}
	last := before[opened[0]][len(before[opened[0]])-1]
	for _, run := range []string{"second", "third"} {
		again, messages := findings(t, at(run), "sequential_enumeration")
		if len(again) > 0 {
			t.Errorf("%s: the walk is told as a new one: %v", run, again)
		}
		got := messages[opened[0]]
		if len(got) == 0 {
			t.Fatalf("%s: nothing more is told of it", run)
		}
		for _, n := range got {
			if n <= last || run == "second" && n != last+1 {
				t.Errorf("%s: message %d behind %d", run, n, last)
			}
			last = n
		}
	}
	if strings.Contains(contents(t, at("state/detection.state")), "Patient") {
		t.Error("the state is in the clear")
	}
}
