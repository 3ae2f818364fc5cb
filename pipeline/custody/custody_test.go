package custody_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"auscult/pipeline/custody"
)

var update = flag.Bool("update", false, "rewrite the golden manifest")

const (
	alerts  = "alerts.jsonl"
	calls   = "calls.jsonl"
	testKey = "PRIVATE+KEY+ward+f7552208+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
)

// signer is a key that is the same in every test.
func signer(t testing.TB) *custody.Key {
	t.Helper()
	k, err := custody.ParseKey(testKey)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// ticking is a clock that goes on by a second each time.
func ticking() func() time.Time {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	return func() time.Time { now = now.Add(time.Second); return now }
}

// making writes a case of n alerts into dir as a run does; say may do more meanwhile.
type making struct {
	t      testing.TB
	dir    string
	r      *custody.Record
	alerts *custody.Witness
	calls  *custody.Witness
	n      int
}

func begin(t testing.TB, opt custody.Options) *making {
	t.Helper()
	m := &making{t: t, dir: t.TempDir()}
	if opt.Key == nil {
		opt.Key = signer(t)
	}
	if opt.Case == "" {
		opt.Case = "00c0ffee00c0ffee"
	}
	opt.Leaves, opt.Now, opt.Version = alerts, ticking(), "v1"
	if opt.Config.EveryAlerts == 0 {
		opt.Config.EveryAlerts = 4
	}
	var err error
	if m.r, err = custody.Begin(m.dir, opt); err != nil {
		t.Fatal(err)
	}
	m.alerts, m.calls = m.r.Witness(alerts), m.r.Witness(calls)
	m.append(alerts, "")
	m.append(calls, "")
	return m
}

func (m *making) append(name, text string) {
	m.t.Helper()
	appendTo(m.t, filepath.Join(m.dir, name), text)
}

func appendTo(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// alert writes n alerts, and as many calls.
func (m *making) alert(n int) {
	for range n {
		m.n++
		a, c := fmt.Sprintf("{\"alert\":%d,\"what\":%q}\n", m.n, "ünusual"), fmt.Sprintf("{\"call\":%d}\n", m.n)
		m.append(alerts, a)
		m.append(calls, c)
		io.WriteString(m.alerts, a)
		io.WriteString(m.calls, c)
	}
}

func (m *making) seal() string {
	m.t.Helper()
	stats := []byte("{\"stats\": true}\n")
	m.append("stats.json", string(stats))
	m.r.Wrote("stats.json", stats)
	err := m.r.Seal(custody.Manifest{
		Outcome: "complete", PseudonymKey: "abcdef", Filter: "tcp port 80 && a<b",
		Build:  custody.Build{Version: "v1", Go: "go1.26", Platform: "linux/amd64"},
		Config: custody.Effective{SHA256: "00", YAML: "workers: 1\n"},
		Inputs: []custody.Input{{Name: "a.pcap", Bytes: 3, SHA256: "11"}},
		Lost:   []custody.Lost{{Cause: "tcp: missing", Unit: "bytes", Count: 7}},
		Beside: []string{"outbox"},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return m.dir
}

// whole is a sealed case of n alerts.
func whole(t testing.TB, n int) string {
	t.Helper()
	m := begin(t, custody.Options{})
	m.alert(n)
	return m.seal()
}

func verify(t testing.TB, dir string) custody.Verdict {
	t.Helper()
	return held(t, dir, custody.Asked{})
}

func held(t testing.TB, dir string, asked custody.Asked) custody.Verdict {
	t.Helper()
	asked.Leaves = alerts
	v, err := custody.Verify(dir, asked)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// told is the faults of dir, a line each.
func told(v custody.Verdict) string {
	var b strings.Builder
	for _, f := range v.Faults {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

func TestWhole(t *testing.T) {
	for _, n := range []int{0, 1, 3, 4, 9, 100} {
		dir := whole(t, n)
		v := verify(t, dir)
		if v.Count > 0 || v.Leaves != int64(n+2) || v.Lines != int64(n) || v.Checkpoints != n/4+1 || v.Outputs != 3 || v.Verifier != signer(t).Verifier() {
			t.Errorf("%d alerts: %+v", n, v)
		}
		if v := held(t, dir, custody.Asked{Verifier: signer(t).Verifier()}); v.Count > 0 {
			t.Errorf("%d alerts, by the key: %s", n, told(v))
		}
	}
}

func TestGoldenManifest(t *testing.T) {
	dir := whole(t, 9)
	for _, name := range []string{custody.ManifestFile, custody.CheckpointsFile, custody.LogFile, custody.AuditFile} {
		got := read(t, filepath.Join(dir, name))
		golden := filepath.Join("testdata", name)
		if *update {
			if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(golden, got, 0o644)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if want := read(t, golden); !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAnyByte changes 1,000 single bytes anywhere in a case, and takes away and adds 200 each.
func TestAnyByte(t *testing.T) {
	dir := whole(t, 9)
	names := []string{alerts, calls, "stats.json", custody.ManifestFile, custody.LogFile, custody.AuditFile, custody.CheckpointsFile}
	var ends []int // of each file in all bytes
	total := 0
	for _, name := range names {
		total += len(read(t, filepath.Join(dir, name)))
		ends = append(ends, total)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 1400 {
		at := r.IntN(total)
		k, _ := slices.BinarySearch(ends, at+1)
		path := filepath.Join(dir, names[k])
		good := read(t, path)
		at -= ends[k] - len(good)
		var bad []byte
		switch {
		case i < 1000:
			bad = slices.Clone(good)
			bad[at] ^= byte(1 + r.IntN(255))
		case i%2 == 1:
			bad = slices.Delete(slices.Clone(good), at, at+1)
		default:
			bad = slices.Insert(slices.Clone(good), at, byte(r.IntN(256)))
		}
		write(t, path, bad)
		if v := verify(t, dir); v.Count == 0 || slices.ContainsFunc(v.Faults, func(f custody.Fault) bool { return f.File != names[k] }) {
			t.Errorf("%s changed at byte %d (%q): told %q", names[k], at, good[max(0, at-8):min(len(good), at+8)], told(v))
		}
		write(t, path, good)
	}
	if v := verify(t, dir); v.Count > 0 {
		t.Error("put back: ", told(v))
	}
}

func TestLines(t *testing.T) {
	f := func(name string, want string, change func(lines []string) []string) {
		t.Helper()
		dir := whole(t, 9)
		path := filepath.Join(dir, name)
		lines := strings.SplitAfter(strings.TrimSuffix(string(read(t, path)), "\n"), "\n")
		lines[len(lines)-1] += "\n"
		write(t, path, []byte(strings.Join(change(lines), "")))
		if got := told(verify(t, dir)); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	swap := func(a, b int) func([]string) []string {
		return func(l []string) []string { l[a], l[b] = l[b], l[a]; return l }
	}
	drop := func(a, b int) func([]string) []string {
		return func(l []string) []string { return slices.Delete(l, a, b) }
	}
	add := func(at int, line string) func([]string) []string {
		return func(l []string) []string { return slices.Insert(l, at, line) }
	}
	const place = " is out of place: another line was there\n"
	f(alerts, "alerts.jsonl: line 2:"+place+"alerts.jsonl: line 5:"+place, swap(1, 4))
	f(alerts, "alerts.jsonl: line 3: is missing\n", drop(2, 3))
	f(alerts, "alerts.jsonl: line 8: is missing\nalerts.jsonl: line 9: is missing\n", drop(7, 9))
	f(alerts, "alerts.jsonl: line 1: was added\n", add(0, "{}\n"))
	f(alerts, "alerts.jsonl: line 10: was added\n", add(9, "{}\n"))
	f(alerts, "alerts.jsonl: line 4: changed\n", func(l []string) []string { l[3] = "{}\n"; return l })
	f(alerts, "alerts.jsonl: line 9: has no line end: cut off\n", func(l []string) []string { l[8] = l[8][:len(l[8])-1]; return l })
	f(custody.AuditFile, "audit.jsonl: line 1: is missing\n", drop(0, 1))
	f(custody.AuditFile, "audit.jsonl: line 2: was added\n", add(1, `{"leaf":4,"audit":"reveal","time":"2026-03-02T08:00:00Z"}`+"\n"))
	f(custody.LogFile, "custody.log: line 3: changed: it is not the leaf that the files have there\n", drop(2, 3))
	f(custody.LogFile, "custody.log: line 3: changed: it is not the leaf that the files have there\n", swap(2, 3))
	f(custody.CheckpointsFile, "checkpoints.jsonl: checkpoints 1 to 1 are missing\n", drop(0, 1))
	f(custody.CheckpointsFile, "checkpoints.jsonl: checkpoints 2 to 2 are missing\n", drop(1, 2))
	f(custody.CheckpointsFile, "checkpoints.jsonl: line 2: out of place: checkpoint 1 behind 2\n", swap(0, 1))
	f(custody.CheckpointsFile, "checkpoints.jsonl: line 2: changed: not a checkpoint of auscult: unexpected end of JSON input\n", add(1, "\n"))
}

func TestFiles(t *testing.T) {
	f := func(want string, change func(at func(string) string) error) {
		t.Helper()
		dir := whole(t, 9)
		if err := change(func(name string) string { return filepath.Join(dir, name) }); err != nil {
			t.Fatal(err)
		}
		if got := told(verify(t, dir)); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	remove := func(name string) func(func(string) string) error {
		return func(at func(string) string) error { return os.Remove(at(name)) }
	}
	f("calls.jsonl: is missing\n", remove(calls))
	f("stats.json: is missing\n", remove("stats.json"))
	f("checkpoints.jsonl: is missing\n", remove(custody.CheckpointsFile))
	f("new.txt: was added: the manifest does not name it\n", func(at func(string) string) error {
		return os.WriteFile(at("new.txt"), nil, 0o600)
	})
	f("a/b: was added: the manifest does not name it\n", func(at func(string) string) error {
		return errors.Join(os.Mkdir(at("a"), 0o700), os.WriteFile(at("a/b"), nil, 0o600))
	})
	f("", func(at func(string) string) error { // a folder that changes after the run
		return errors.Join(os.Mkdir(at("outbox"), 0o700), os.WriteFile(at("outbox/b"), nil, 0o600))
	})
	f("calls.jsonl: is a folder, which is not followed\n", func(at func(string) string) error {
		return errors.Join(os.Remove(at(calls)), os.Mkdir(at(calls), 0o700))
	})
	f("manifest.json: is empty: the run did not end\nmanifest.json: leaves 10 to 11 are not under a checkpoint: nothing proves them\n",
		func(at func(string) string) error { return os.Truncate(at(custody.ManifestFile), 0) })
	if runtime.GOOS != "windows" { // where only an administrator makes links
		f("calls.jsonl: is a link, which is not followed\ncopy: was added: the manifest does not name it\n", func(at func(string) string) error {
			return errors.Join(os.Rename(at(calls), at("copy")), os.Symlink("copy", at(calls)))
		})
		f("alerts.jsonl: is a link, which is not followed\n", func(at func(string) string) error {
			return errors.Join(os.Remove(at(alerts)), os.Symlink("/dev/zero", at(alerts)))
		})
		f("a\\u001b[31m: was added: the manifest does not name it\n", func(at func(string) string) error {
			return os.WriteFile(at("a\x1b[31m"), nil, 0o600)
		})
	}
	for _, name := range []string{alerts, custody.LogFile, custody.AuditFile, custody.ManifestFile} {
		dir := whole(t, 9)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if got := told(verify(t, dir)); !strings.HasPrefix(got, name+": is missing\n") {
			t.Errorf("%s removed: %s", name, got)
		}
	}
	if _, err := custody.Verify(filepath.Join(t.TempDir(), "none"), custody.Asked{}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestAnothers puts files of another case of the same key in place.
func TestAnothers(t *testing.T) {
	m := begin(t, custody.Options{Case: "1111111111111111"})
	m.alert(9)
	other := m.seal()
	for _, name := range []string{custody.ManifestFile, custody.AuditFile, custody.CheckpointsFile} {
		dir := whole(t, 9)
		write(t, filepath.Join(dir, name), read(t, filepath.Join(other, name)))
		if v := verify(t, dir); v.Count == 0 {
			t.Errorf("%s of another case is taken", name)
		}
	}
}

func TestOlderState(t *testing.T) {
	var handed []custody.Checkpoint
	m := begin(t, custody.Options{Handed: func(c custody.Checkpoint) { handed = append(handed, c) }})
	m.alert(4)
	older := t.TempDir()
	if err := os.CopyFS(older, os.DirFS(m.dir)); err != nil {
		t.Fatal(err)
	}
	m.alert(5)
	dir := m.seal()
	if len(handed) != 3 {
		t.Fatalf("%d checkpoints were handed out", len(handed))
	}
	for i, c := range handed {
		for _, text := range [][]byte{[]byte(c.Note), append(c.AppendJSON(nil), '\n')} {
			if v := held(t, dir, custody.Asked{Known: text}); v.Count > 0 {
				t.Errorf("checkpoint %d: %s", i+1, told(v))
			}
		}
	}
	want := "checkpoint: the given checkpoint 3 of 2026-03-02T08:00:06Z was signed over 11 leaves, and here are 5: cut back to an older state\n"
	if got := told(held(t, older, custody.Asked{Known: []byte(handed[2].Note)})); !strings.HasSuffix(got, want) {
		t.Errorf("an older state: %s", got)
	}
	if v := held(t, older, custody.Asked{Known: []byte(handed[0].Note)}); strings.Contains(told(v), "checkpoint:") {
		t.Error(told(v))
	}

	fork := begin(t, custody.Options{})
	fork.alert(4)
	fork.append(alerts, "{}\n")
	io.WriteString(fork.alerts, "{}\n")
	fork.alert(4)
	forked := fork.seal()
	if v := verify(t, forked); v.Count > 0 {
		t.Fatal(told(v))
	}
	if got := told(held(t, forked, custody.Asked{Known: []byte(handed[2].Note)})); !strings.Contains(got, "was signed over other leaves: of 1 to 11") {
		t.Errorf("another history: %s", got)
	}
	if got := told(held(t, forked, custody.Asked{Known: []byte("x")})); !strings.HasPrefix(got, "checkpoint: not a checkpoint") {
		t.Errorf("no checkpoint: %s", got)
	}
}

func TestOtherKey(t *testing.T) {
	k, err := custody.LoadOrCreateKey(filepath.Join(t.TempDir(), "key"), "other ward+")
	if err != nil {
		t.Fatal(err)
	}
	m := begin(t, custody.Options{Key: k})
	m.alert(9)
	dir := m.seal()
	if v := verify(t, dir); v.Count > 0 || !strings.HasPrefix(v.Verifier, "other-ward-+") {
		t.Errorf("%+v", v)
	}
	if got := told(held(t, dir, custody.Asked{Verifier: signer(t).Verifier()})); !strings.Contains(got, "not by the key asked for") {
		t.Errorf("another key: %q", got)
	}
}

func TestRotated(t *testing.T) {
	m := begin(t, custody.Options{})
	at := func(name string) string { return filepath.Join(m.dir, name) }
	rotate := func(name, to string, w *custody.Witness) {
		t.Helper()
		if err := os.Rename(at(name), at(to)); err != nil {
			t.Fatal(err)
		}
		w.Begun()
		m.append(name, "")
	}
	m.alert(3)
	rotate(alerts, "alerts.jsonl.2", m.alerts)
	m.alert(2)
	rotate(alerts, "alerts.jsonl.1", m.alerts)
	rotate(calls, "calls.jsonl-20260302", m.calls)
	m.alert(3)
	dir := m.seal()
	if v := verify(t, dir); v.Count > 0 || v.Lines != 8 || v.Leaves != 13 {
		t.Fatalf("%+v", v)
	}
	good := read(t, at("alerts.jsonl.1"))
	write(t, at("alerts.jsonl.1"), bytes.Replace(good, []byte("5"), []byte("0"), 1))
	if got := told(verify(t, dir)); got != "alerts.jsonl.1: line 2: changed\n" {
		t.Errorf("a rotated file was changed: %s", got)
	}
	if err := os.Remove(at("alerts.jsonl.1")); err != nil {
		t.Fatal(err)
	}
	if got := told(verify(t, dir)); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "alerts.jsonl: a part of it (") {
		t.Errorf("a rotated file was removed: %s", got)
	}
}

func TestAmend(t *testing.T) {
	dir := whole(t, 9)
	older := t.TempDir()
	if err := os.CopyFS(older, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	c, err := custody.Amend(dir, alerts, signer(t), ticking(), custody.Entry{Audit: "reveal", Text: "usr:abc for J. Doe, warrant 7"})
	if err != nil {
		t.Fatal(err)
	}
	if v := verify(t, dir); v.Count > 0 || v.Leaves != 12 || v.Checkpoints != 4 {
		t.Errorf("%+v", v)
	}
	if c, err = custody.Amend(dir, alerts, signer(t), ticking(), custody.Entry{Audit: "note"}); err != nil {
		t.Fatal(err)
	}
	if v := held(t, dir, custody.Asked{Known: []byte(c.Note)}); v.Count > 0 {
		t.Error(told(v))
	}
	if v := held(t, older, custody.Asked{Known: []byte(c.Note)}); v.Count != 1 || !strings.Contains(told(v), "cut back") {
		t.Error(told(v))
	}
	appendTo(t, filepath.Join(dir, custody.AuditFile), `{"leaf":13,"audit":"note"}`+"\n")
	if _, err := custody.Amend(dir, alerts, signer(t), ticking(), custody.Entry{Audit: "note"}); err == nil || !strings.Contains(err.Error(), "not whole") {
		t.Errorf("an entry was added to a case that is not whole: %v", err)
	}
}

func TestKeyFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", custody.KeyName)
	first, err := custody.LoadOrCreateKey(path, "ward")
	if err != nil {
		t.Fatal(err)
	}
	again, err := custody.LoadOrCreateKey(path, "elsewhere")
	if err != nil || again.Verifier() != first.Verifier() || custody.CheckVerifier(first.Verifier()) != nil {
		t.Errorf("%v: %v, then %v", err, first.Verifier(), again.Verifier())
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files are left", len(left))
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		if _, err := custody.LoadOrCreateKey(path, "ward"); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("a key that others can read: %v", err)
		}
	}
	write(t, path, []byte("PRIVATE+KEY+x\n"))
	os.Chmod(path, 0o600)
	if _, err := custody.LoadOrCreateKey(path, "ward"); err == nil || !strings.Contains(err.Error(), "want PRIVATE+KEY") {
		t.Errorf("half a key: %v", err)
	}
}
