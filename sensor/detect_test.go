package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"auscult/pipeline/sink/kafkatest"
)

// The longer run: go test ./sensor -run TestMembersKilled -timeout 20m -member-kills 60 -feeding 60s
var (
	memberKills = flag.Int("member-kills", 6, "times that TestMembersKilled kills a member of the group")
	feeding     = flag.Duration("feeding", 5*time.Second, "how long the sensors of TestMembersKilled take for their captures")
)

// halves are the filters of two sensors that share a site's connections. Both see what is not TCP: the first and the last
// frame, so that their captures begin and end at the same time.
var halves = []string{"not tcp or (tcp[0:2] + tcp[2:2]) & 1 = 0", "not tcp or (tcp[0:2] + tcp[2:2]) & 1 = 1"}

// framed writes the capture of a case to path, between two frames of ARP at the times of its first and its last packet.
func framed(t *testing.T, name, path string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "pcaps", name, "traffic.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	const fileHead, recordHead = 24, 16
	last := fileHead
	for at := fileHead; at < len(b); at += recordHead + int(binary.LittleEndian.Uint32(b[at+8:])) {
		last = at
	}
	arp := append(bytes.Repeat([]byte{0xff}, 12), 0x08, 0x06)
	arp = append(arp, make([]byte, 46)...)
	frame := func(at int) []byte {
		f := bytes.Clone(b[at : at+8])
		f = binary.LittleEndian.AppendUint32(f, uint32(len(arp)))
		f = binary.LittleEndian.AppendUint32(f, uint32(len(arp)))
		return append(f, arp...)
	}
	out := slices.Concat(b[:fileHead], frame(fileHead), b[fileHead:], frame(last))
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
}

// process is the program with these settings, not begun.
func process(ctx context.Context, environ []string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.CommandContext(ctx, os.Args[0], append([]string{"--as-auscult"}, args...)...)
	cmd.Env = append(os.Environ(), environ...)
	said := &bytes.Buffer{}
	cmd.Stderr = said
	return cmd, said
}

// feed writes the file to w in pieces, over about d.
func feed(w io.WriteCloser, path string, d time.Duration) error {
	defer w.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	const pieces = 40
	for i := range pieces {
		if _, err := w.Write(b[len(b)*i/pieces : len(b)*(i+1)/pieces]); err != nil {
			return err
		}
		time.Sleep(d / pieces)
	}
	return nil
}

// member keeps one member of the group running until it ends by itself, whoever kills it meanwhile.
type member struct {
	mu  sync.Mutex
	cmd *exec.Cmd // nil: not running
}

func (m *member) run(ctx context.Context, environ, args []string) error {
	for ctx.Err() == nil {
		cmd, said := process(ctx, environ, args...)
		m.mu.Lock()
		err := cmd.Start()
		m.cmd = cmd
		m.mu.Unlock()
		if err != nil {
			return err
		}
		err = cmd.Wait()
		m.mu.Lock()
		m.cmd = nil
		m.mu.Unlock()
		var exited *exec.ExitError
		if errors.As(err, &exited) && !exited.Exited() { // killed
			continue
		}
		if err != nil {
			return fmt.Errorf("%w: %s", err, said)
		}
		return nil
	}
	return ctx.Err()
}

func (m *member) kill() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cmd != nil && m.cmd.Process.Kill() == nil
}

// messages is all that a topic holds.
func messages(t *testing.T, broker, topic string) (out [][]byte) {
	t.Helper()
	client := &kafka.Client{Addr: kafka.TCP(broker), Timeout: 10 * time.Second}
	meta, err := client.Metadata(t.Context(), &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range meta.Topics[0].Partitions {
		for offset := int64(0); ; {
			r, err := client.Fetch(t.Context(), &kafka.FetchRequest{Topic: topic, Partition: p.ID, Offset: offset, MinBytes: 1, MaxBytes: 8 << 20,
				MaxWait: 50 * time.Millisecond})
			if err == nil {
				err = r.Error
			}
			if err != nil {
				t.Fatal(err)
			}
			for rec, err := r.Records.ReadRecord(); err == nil; rec, err = r.Records.ReadRecord() {
				if rec.Offset < offset {
					continue
				}
				offset = rec.Offset + 1
				b, err := kafka.ReadAll(rec.Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, b)
			}
			if offset >= r.HighWatermark {
				break
			}
		}
	}
	return out
}

// byIdentity is alerts by uid and sequence, in that order, without repeats; a repeat that differs is an error.
func byIdentity(t *testing.T, alerts [][]byte) (text string, repeats int) {
	t.Helper()
	seen := map[string]string{}
	for _, b := range alerts {
		var a struct {
			Metadata struct {
				UID string `json:"correlation_uid"`
				Seq int    `json:"sequence"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(b, &a); err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		id := fmt.Sprintf("%s-%06d", a.Metadata.UID, a.Metadata.Seq)
		if old, ok := seen[id]; ok {
			repeats++
			if old != string(b) {
				t.Errorf("%s was told in two ways:\n%s\n%s", id, old, b)
			}
		}
		seen[id] = string(b)
	}
	ids := make([]string, 0, len(seen))
	for id := range seen {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var out strings.Builder
	for _, id := range ids {
		out.WriteString(seen[id] + "\n")
	}
	return out.String(), repeats
}

// TestMembersKilled: several sites, each seen by two sensors that publish their calls, are judged by three members that are
// killed at random and begun again. What they tell is what one process tells that replays the captures, byte for byte.
// Alerts name their sensor, and that is the name of the process that judges: it is the same everywhere.
func TestMembersKilled(t *testing.T) {
	sites := []string{"shuffled-range", "shared-walk", "sequential-walk", "stuffing", "slow-walk"}
	if testing.Short() {
		sites = sites[:2]
	}
	b := kafkatest.Start(t, "group.min.session.timeout.ms=1000")
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	common := []string{"AUSCULT_KAFKA_BROKERS=" + b.Addr, "AUSCULT_KAFKA_TOPIC=alerts", "AUSCULT_KAFKA_CREATE_TOPICS=true",
		"AUSCULT_PSEUDONYM_KEY_FILE=" + file("key"), "AUSCULT_CLUSTER_PARTITIONS=4", "AUSCULT_CLUSTER_SENSORS=2", "AUSCULT_CLUSTER_SESSION=1500ms",
		"AUSCULT_CLUSTER_CHECKPOINT=300ms"}

	var want [][]byte
	for _, name := range sites {
		framed(t, name, file(name))
		status, out, stderr := auscultWith(t, t.Context(), []string{"AUSCULT_SITE_TENANT=" + name}, "", "replay", "-q", "--key", file("key"), file(name))
		if status != statusDone || out == "" {
			t.Fatalf("%s: status %d, %s", name, status, stderr)
		}
		want = append(want, bytes.Split([]byte(strings.TrimSpace(out)), []byte("\n"))...)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute+2**feeding)
	defer cancel()
	var sensors, members sync.WaitGroup
	fail := func(err error) {
		if err != nil {
			t.Error(err)
			cancel()
		}
	}
	for _, name := range sites {
		for i, filter := range halves {
			environ := append(slices.Clone(common), "AUSCULT_SITE_TENANT="+name, fmt.Sprintf("AUSCULT_SITE_SENSOR=sensor-%d", i),
				fmt.Sprint("AUSCULT_CLUSTER_SPOOL_DIR=", file(name), "-", i))
			cmd, said := process(ctx, environ, "replay", "--no-progress", "--publish-calls", "--outbox", fmt.Sprint(file(name), "-outbox-", i), "-", filter)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			sensors.Go(func() {
				fail(feed(in, file(name), *feeding))
				if err := cmd.Wait(); err != nil {
					fail(fmt.Errorf("%s: %w: %s", name, err, said))
				}
			})
		}
	}
	group := make([]member, 3)
	for i := range group {
		environ := append(slices.Clone(common), "AUSCULT_OUTBOX_DIR="+file(fmt.Sprint("member-", i)))
		members.Go(func() { fail(group[i].run(ctx, environ, []string{"detect", "--until-end", "--no-progress"})) })
	}
	over := make(chan struct{})
	go func() { members.Wait(); close(over) }()
	r := rand.New(rand.NewPCG(7, 11))
	killed := 0
	for running := true; running; {
		select {
		case <-over:
			running = false
		case <-time.After(time.Duration(200+r.IntN(1000)) * time.Millisecond):
			if killed < *memberKills && group[r.IntN(len(group))].kill() {
				killed++
			}
		}
	}
	sensors.Wait()

	told := messages(t, b.Addr, "alerts")
	got, repeats := byIdentity(t, told)
	alone, _ := byIdentity(t, want)
	t.Logf("%d kills, %d alerts, %d told again", killed, len(told)-repeats, repeats)
	if got != alone {
		t.Errorf("the group told\n%s\none process\n%s", got, alone)
	}
	if killed == 0 {
		t.Error("nobody was killed")
	}
}
