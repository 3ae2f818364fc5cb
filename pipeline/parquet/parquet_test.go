package parquet_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	pq "github.com/parquet-go/parquet-go"

	"auscult/pipeline/parquet"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/phi"
	"auscult/sensor/pseudonym"
)

func options(t testing.TB, cfg parquet.Config) parquet.Options {
	t.Helper()
	keys, err := pseudonym.FromKey(make([]byte, pseudonym.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return parquet.Options{Config: cfg, Names: &pseudonym.Names{Keys: keys}}
}

// after is a call that was over some time after midnight.
func after(d time.Duration, n int) call.Call {
	at := clock.Time(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC).Add(d).UnixNano())
	return call.Call{Order: call.Order{Time: at}, Start: at - 5e6, Conn: uint64(n), Method: "GET", Host: "ehr.test", Path: fmt.Sprintf("/fhir/Patient/%d", n),
		Route: "/fhir/Patient/{id}", Status: 200, Principal: call.Principal{Key: 1, Kind: call.JWT, ID: "nurse.joy"},
		Objects: []call.Object{{Type: "Patient", ID: fmt.Sprint(n), Where: call.InPath, Patient: true}},
		PHI:     call.Found{Classes: phi.Name, People: 1, Records: 1, Bytes: 10}, FHIR: call.FHIR{Total: -1}}
}

// written is the files of a log of calls, in batches, by their names below the case folder.
func written(t testing.TB, cfg parquet.Config, batches ...[]call.Call) map[string]string {
	t.Helper()
	dir := t.TempDir()
	l, err := parquet.Open(dir, options(t, cfg))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if err := l.WriteCalls(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return files(t, dir)
}

func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		out[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestParts(t *testing.T) {
	cfg := parquet.Config{Every: 30 * time.Minute, RowGroup: 2, PartRows: 3}
	link := after(time.Hour, 99)
	link.Kind = call.LinkOnly
	running := after(time.Hour, 98)
	running.Running = true
	var day []call.Call
	for n, d := range []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute, 29 * time.Minute, 31 * time.Minute, 59 * time.Minute, 25 * time.Hour} {
		day = append(day, after(d, n))
	}
	day = append(day, link, running)
	got := written(t, cfg, day)
	want := map[string]int64{
		"calls/date=2026-11-22/hour=00/part-0.parquet": 3, // PartRows
		"calls/date=2026-11-22/hour=00/part-1.parquet": 2,
		"calls/date=2026-11-22/hour=00/part-2.parquet": 2, // Every
		"calls/date=2026-11-23/hour=01/part-0.parquet": 1,
	}
	for name, rows := range want {
		f, err := pq.OpenFile(strings.NewReader(got[name]), int64(len(got[name])))
		if err != nil || f.NumRows() != rows {
			t.Errorf("%s: %v, want %d rows", name, err, rows)
		} else if groups := int((rows + 1) / 2); len(f.RowGroups()) != groups {
			t.Errorf("%s: %d row groups, want %d", name, len(f.RowGroups()), groups)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
	// However the calls come, the bytes are the same.
	if again := written(t, cfg, day[:1], day[1:4], nil, day[4:]); !reflect.DeepEqual(again, got) {
		t.Error("other bytes from other batches")
	}
}

type columns struct {
	Status  *int32 `parquet:"http_response_status_code,optional"`
	Size    *int64 `parquet:"http_response_body_size,optional"`
	Tunnel  *int64 `parquet:"auscult_tunnel_id,optional"`
	Objects []struct {
		Type  string `parquet:"type"`
		Where string `parquet:"where"`
	} `parquet:"auscult_objects,list"`
	Classes []string `parquet:"auscult_phi_classes,optional,list"`
	Who     string   `parquet:"auscult_principal_id,optional"`
	Path    string   `parquet:"url_path,optional"`
}

func TestAbsentIsNull(t *testing.T) {
	lost := after(time.Minute, 2)
	lost.Status, lost.PHI = 0, call.Found{}
	for _, text := range written(t, parquet.Defaults(), []call.Call{after(0, 1), lost}) {
		rows, err := pq.Read[columns](strings.NewReader(text), int64(len(text)))
		if err != nil || len(rows) != 2 {
			t.Fatal(err, len(rows))
		}
		if r := rows[0]; r.Status == nil || *r.Status != 200 || r.Size == nil || *r.Size != 0 || r.Tunnel != nil || len(r.Classes) != 1 || r.Objects[0].Where != "path" {
			t.Errorf("answered: %+v", r)
		}
		if r := rows[0]; !strings.HasPrefix(r.Who, "usr:") || !strings.HasPrefix(r.Path, "/fhir/Patient/obj:") {
			t.Errorf("a name in the clear: %+v", r)
		}
		if r := rows[1]; r.Status != nil || r.Size != nil || r.Classes != nil {
			t.Errorf("not answered: %+v", r)
		}
	}
}

// TestWhole has nobody see a file that is not whole, but who is shown its bytes.
func TestWhole(t *testing.T) {
	dir := t.TempDir()
	opt := options(t, parquet.Defaults())
	var seen bytes.Buffer
	opt.Show = func(name string) io.Writer {
		if seen.Len() > 0 || name != "calls/date=2026-11-22/hour=00/part-0.parquet" {
			return io.Discard
		}
		return &seen
	}
	l, err := parquet.Open(dir, opt)
	if err == nil {
		err = l.WriteCalls([]call.Call{after(0, 1)})
	}
	if err != nil {
		t.Fatal(err)
	}
	for name := range files(t, dir) {
		if strings.HasSuffix(name, ".parquet") {
			t.Errorf("%s has its name and is not whole", name)
		}
	}
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir)["calls/date=2026-11-22/hour=00/part-0.parquet"]; got == "" || got != seen.String() {
		t.Errorf("%d bytes after Reopen, %d shown", len(got), seen.Len())
	}
	if err := l.WriteCalls([]call.Call{after(time.Minute, 2)}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil || len(files(t, dir)) != 2 {
		t.Errorf("%v, %d files", err, len(files(t, dir)))
	}
	if err := l.Close(); err != nil {
		t.Error("closing twice:", err)
	}
	if _, err := os.Create(filepath.Join(dir, parquet.Folder, "mine.txt")); err != nil {
		t.Fatal(err)
	}
	if err := parquet.Remove(dir); err == nil || !strings.Contains(err.Error(), "mine.txt") {
		t.Errorf("a folder with a file of somebody else was removed: %v", err)
	}
	os.Remove(filepath.Join(dir, parquet.Folder, "mine.txt"))
	if err := parquet.Remove(dir); err != nil || parquet.Exists(dir) {
		t.Errorf("not removed: %v", err)
	}
}

func TestConfig(t *testing.T) {
	if err := parquet.Defaults().Validate(); err != nil {
		t.Error(err)
	}
	for name, cfg := range map[string]parquet.Config{
		"every":     {Every: 7 * time.Minute, RowGroup: 1, PartRows: 1},
		"row_group": {Every: time.Hour, PartRows: 1},
		"part_rows": {Every: time.Hour, RowGroup: 2, PartRows: 1},
	} {
		if err := cfg.Validate(); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	l, err := parquet.Open(b.TempDir(), options(b, parquet.Defaults()))
	if err != nil {
		b.Fatal(err)
	}
	batch := make([]call.Call, 512)
	for i := range batch {
		batch[i] = after(0, i)
	}
	for n := 0; b.Loop(); n += len(batch) {
		if err := l.WriteCalls(batch); err != nil {
			b.Fatal(err)
		}
	}
	l.Close()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(batch)), "ns/call")
}
