package pcaps

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"auscult/detectors"
	"auscult/pcaps/rewrap"
	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/pipeline/evidence"
	"auscult/replay"
	"auscult/sensor/call"
	"auscult/sensor/packet"
	"auscult/sensor/pseudonym"
	"auscult/sensor/tls"
)

// shown keeps what alerts show, and has it noted.
type shown struct {
	*evidence.Collector
	calls map[string][]detectors.Evidence // by incident
}

func (s shown) Write(ctx context.Context, batch []alert.Alert) error {
	for i := range batch {
		s.calls[batch[i].UID] = append(s.calls[batch[i].UID], batch[i].Signal.Evidence...)
	}
	return s.Collector.Write(ctx, batch)
}

// sliced replays path and cuts its evidence into a folder below dir.
func sliced(t *testing.T, cfg pipeline.Config, dir, path string) map[string][]detectors.Evidence {
	t.Helper()
	var err error
	if cfg.Alert.Keys, err = pseudonym.FromKey(key); err != nil {
		t.Fatal(err)
	}
	seen := shown{evidence.NewCollector(evidence.Defaults()), map[string][]detectors.Evidence{}}
	src := replay.New(replay.Defaults(), path)
	if _, err := pipeline.Run(context.Background(), cfg, src, pipeline.Output{Alerts: []pipeline.Sink{seen}}, nil); err != nil {
		t.Fatal(err)
	}
	store, err := evidence.Create(dir, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	slicer := evidence.NewSlicer(seen.Collector, cfg.Extract.Packet, store.Put)
	err = src.Again(context.Background(), func(raw *packet.Raw, in replay.Interface) (bool, error) {
		err := slicer.Packet(raw, evidence.Interface(in))
		return !slicer.Over(), err
	})
	if err == nil {
		err = slicer.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return seen.calls
}

// with is the defaults with so many workers.
func with(workers int) pipeline.Config {
	cfg := pipeline.Defaults()
	cfg.Workers = workers
	return cfg
}

// called keeps calls by what no stage after the capture changes.
type called map[string]int

func (c called) WriteCalls(batch []call.Call) error {
	for i := range batch {
		c[face(&batch[i])]++
	}
	return nil
}

func (c called) Close() error { return nil }

func face(c *call.Call) string {
	return fmt.Sprint(c.Start, c.Client, c.Server, c.Method, c.Host, c.Target, c.Status, c.ReqWire, c.RespWire, c.PHI.People, c.Loss)
}

// TestEvidence cuts out what shows the incidents of each case. A slice, replayed, gives the calls that the alerts
// show; the folder is the same, byte for byte, with any number of workers; and the index tells what is in it.
func TestEvidence(t *testing.T) {
	slices := 0
	for _, name := range cases(t) {
		path := filepath.Join(name, "traffic.pcap")
		var first map[string][]byte
		for _, workers := range []int{1, 2, 3, 8} {
			dir := t.TempDir()
			calls := sliced(t, with(workers), dir, path)
			files := contents(t, filepath.Join(dir, evidence.Folder))
			if first != nil {
				same(t, fmt.Sprintf("%s: index, %d workers", name, workers), files["index.jsonl"], first["index.jsonl"])
				if len(files) != len(first) {
					t.Errorf("%s: %d files with %d workers, %d with one", name, len(files), workers, len(first))
				}
				for file := range first {
					if !bytes.Equal(files[file], first[file]) {
						t.Errorf("%s: %s is another with %d workers", name, file, workers)
					}
				}
				continue
			}
			first = files
			slices += replayed(t, name, with(1), dir, calls)
			indexed(t, name, files)
		}
	}
	if slices < len(cases(t))/2 {
		t.Errorf("only %d slices", slices)
	}
}

// replayed holds the slices below dir to the calls that they are to show when they are replayed, and counts them.
func replayed(t *testing.T, name string, cfg pipeline.Config, dir string, shown map[string][]detectors.Evidence) (slices int) {
	t.Helper()
	for uid, list := range shown {
		if len(list) == 0 {
			continue
		}
		slices++
		got := called{}
		slice := replay.New(replay.Defaults(), filepath.Join(dir, evidence.Folder, uid+".pcapng"))
		if _, err := pipeline.Run(context.Background(), cfg, slice, pipeline.Output{Calls: got}, nil); err != nil {
			t.Fatal(err)
		}
		for i := range list {
			if got[face(&list[i].Call)] == 0 {
				t.Errorf("%s: %s does not show %s", name, uid, face(&list[i].Call))
			}
		}
	}
	return slices
}

// TestEvidenceHoweverItTravelled cuts evidence out of tunnels, fragments, HTTP/2 and TLS: whole outer frames, which
// show the same calls, with the key log where there is one; that is not in the slice.
func TestEvidenceHoweverItTravelled(t *testing.T) {
	for _, w := range ways {
		c, err := rewrap.Read("sequential-walk/traffic.pcap")
		if err != nil {
			t.Fatal(err)
		}
		c, keys, err := w.rewrap(c)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		path := filepath.Join(dir, "traffic.pcap")
		if err := c.Write(path); err != nil {
			t.Fatal(err)
		}
		cfg := with(1)
		secrets := tls.NewTable(1<<16, nil)
		secrets.Add(keys)
		cfg.Extract.Secrets = secrets
		if replayed(t, w.name, cfg, dir, sliced(t, cfg, dir, path)) == 0 {
			t.Errorf("%s: no slice", w.name)
		}
		files := contents(t, filepath.Join(dir, evidence.Folder))
		indexed(t, w.name, files)
		frames := map[string]bool{}
		for i := range c {
			frames[string(c[i].Data)] = true
		}
		for _, e := range entries(t, files) {
			for _, f := range framesOf(t, filepath.Join(dir, e.File)) {
				if !frames[string(f)] {
					t.Fatalf("%s: %s holds a frame that is not in the capture", w.name, e.File)
				}
			}
			if bytes.Contains(files[filepath.Base(e.File)], []byte("CLIENT_")) {
				t.Errorf("%s: %s holds secrets", w.name, e.File)
			}
		}
	}
}

// framesOf is the frames of a capture.
func framesOf(t *testing.T, path string) (frames [][]byte) {
	t.Helper()
	for _, p := range newLive(t, path).packets {
		frames = append(frames, p.Frame)
	}
	return frames
}

// contents is the files of a folder.
func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range list {
		files[e.Name()] = read(t, filepath.Join(dir, e.Name()))
	}
	return files
}

type entry struct {
	Incident, File, SHA256 string
	Bytes, Packets, Calls  int
	Connections            []struct {
		Community string `json:"community_uid"`
		Packets   int
	}
	Missing []any
}

func entries(t *testing.T, files map[string][]byte) (list []entry) {
	t.Helper()
	for line := range bytes.Lines(files["index.jsonl"]) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// indexed holds the index to the files: every file is in it once, with its size and hash, and nothing is missing.
func indexed(t *testing.T, name string, files map[string][]byte) {
	t.Helper()
	list := entries(t, files)
	for _, e := range list {
		b := files[filepath.Base(e.File)]
		sum := sha256.Sum256(b)
		if len(b) == 0 || len(b) != e.Bytes || hex.EncodeToString(sum[:]) != e.SHA256 || e.File != "evidence/"+e.Incident+".pcapng" {
			t.Errorf("%s: the index says %+v, the file has %d bytes", name, e, len(b))
		}
		if len(e.Missing) > 0 {
			t.Errorf("%s: %s lacks %v", name, e.Incident, e.Missing)
		}
	}
	if len(list) != len(files)-1 {
		t.Errorf("%s: %d files, %d in the index", name, len(files)-1, len(list))
	}
}

// TestEvidenceInWireshark has tshark read slices: every packet is of a connection that the index names, by the
// community id that tshark makes, at the time and in the order of the capture.
func TestEvidenceInWireshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no tshark")
		}
		t.Skip("no tshark")
	}
	fields := func(path string, more ...string) []string {
		t.Helper()
		args := append([]string{"-n", "-r", path, "--enable-protocol", "communityid", "-T", "fields"}, more...)
		out, err := exec.Command(tshark, args...).Output()
		if err != nil {
			t.Fatalf("tshark %s: %v", path, err)
		}
		return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	}
	for _, name := range []string{"sequential-walk", "shared-walk", "token-sharing"} {
		dir := t.TempDir()
		path := filepath.Join(name, "traffic.pcap")
		sliced(t, with(1), dir, path)
		order := map[string]int{}
		for i, line := range fields(path, "-e", "frame.time_epoch", "-e", "frame.len", "-e", "ip.id", "-e", "tcp.seq_raw", "-e", "communityid") {
			order[line] = i + 1
		}
		for _, e := range entries(t, contents(t, filepath.Join(dir, evidence.Folder))) {
			of := map[string]int{}
			last := 0
			for _, line := range fields(filepath.Join(dir, e.File), "-e", "frame.time_epoch", "-e", "frame.len", "-e", "ip.id", "-e", "tcp.seq_raw", "-e", "communityid") {
				of[line[strings.LastIndexByte(line, '\t')+1:]]++
				if order[line] <= last {
					t.Fatalf("%s: %s: not in the capture, or not in its order: %s", name, e.File, line)
				}
				last = order[line]
			}
			for _, c := range e.Connections {
				if of[c.Community] != c.Packets || c.Packets == 0 {
					t.Errorf("%s: %s: tshark sees %d packets of %s, the index %d", name, e.File, of[c.Community], c.Community, c.Packets)
				}
				delete(of, c.Community)
			}
			if len(of) > 0 {
				t.Errorf("%s: %s: packets of other connections: %v", name, e.File, of)
			}
			if said := fields(filepath.Join(dir, e.File), "-e", "frame.comment")[0]; !strings.HasPrefix(said, "incident "+e.Incident+", connection 1:") {
				t.Errorf("%s: the first packet says %q", name, said)
			}
		}
	}
}
