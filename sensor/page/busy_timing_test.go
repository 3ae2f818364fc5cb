package page_test

import (
	"testing"

	"auscult/pipeline/alert"
	"auscult/sensor/call"
	"auscult/sensor/page"
)

// BenchmarkWriteCalls counts a call of one of a thousand principals: it stands in the way of every call of a live run.
func BenchmarkWriteCalls(b *testing.B) {
	p := page.New(options(b))
	batch := make([]call.Call, 1000)
	for i := range batch {
		batch[i] = call.Call{Order: call.Order{Time: begun}, Principal: call.Principal{Key: uint64(i), ID: "dr.rao", Kind: call.JWT}, Status: 200}
	}
	b.ReportAllocs()
	for i := 0; i < b.N; i += len(batch) {
		p.WriteCalls(batch)
	}
}

// BenchmarkWrite shows an alert.
func BenchmarkWrite(b *testing.B) {
	p := page.New(options(b))
	batch := []alert.Alert{incident(1, 1, alert.Update, 0)}
	b.ReportAllocs()
	for range b.N {
		p.Write(b.Context(), batch)
	}
}

// TestWriteCallsAllocs: a principal that is known costs no allocation.
func TestWriteCallsAllocs(t *testing.T) {
	p := page.New(options(t))
	batch := []call.Call{{Order: call.Order{Time: begun}, Principal: call.Principal{Key: 1, ID: "dr.rao"}, Status: 200}}
	p.WriteCalls(batch)
	if n := testing.AllocsPerRun(1000, func() { p.WriteCalls(batch) }); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}
