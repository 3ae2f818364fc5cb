package tcp_test

import (
	"runtime"
	"testing"
	"unsafe"

	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// talk is an endless conversation: a full frame of data, then its acknowledgement.
func talk() (request, ack *packet.Segment) {
	request, ack = seg('c', "A", 100, 1000, ""), seg('s', "A", 1000, 100, "")
	request.Payload = make([]byte, 1460)
	return request, ack
}

func TestAllocs(t *testing.T) {
	f := func(name string, round func(table *tcp.Table, dst []tcp.Event, i uint32) []tcp.Event) {
		t.Helper()
		table := tcp.New(tcp.Defaults())
		dst := make([]tcp.Event, 0, 64)
		for _, s := range opened() {
			dst = table.Segment(dst[:0], start, s.seg)
		}
		i := uint32(0)
		if n := testing.AllocsPerRun(1000, func() { dst = round(table, dst[:0], i); i++ }); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	request, ack := talk()
	late := *request
	f("in order", func(table *tcp.Table, dst []tcp.Event, i uint32) []tcp.Event {
		request.Seq = 100 + i*1460
		dst = table.Segment(dst, start, request)
		ack.Ack = request.Seq + 1460
		return table.Segment(dst, start, ack)
	})
	f("two swapped", func(table *tcp.Table, dst []tcp.Event, i uint32) []tcp.Event {
		request.Seq = 100 + i*2920 + 1460
		late.Seq = request.Seq - 1460
		dst = table.Segment(dst, start, request)
		return table.Segment(dst, start, &late)
	})
	f("sent again", func(table *tcp.Table, dst []tcp.Event, i uint32) []tcp.Event {
		request.Seq = 100 + i*1460
		dst = table.Segment(dst, start, request)
		return table.Segment(dst, start, request)
	})
	marked := *request
	marked.Flags |= packet.URG
	marked.Urgent = 700
	f("urgent", func(table *tcp.Table, dst []tcp.Event, i uint32) []tcp.Event {
		marked.Seq = 100 + i*1460
		return table.Segment(dst, start, &marked)
	})
	f("doubted, then sound", func(table *tcp.Table, dst []tcp.Event, i uint32) []tcp.Event {
		request.Seq = 100 + i*1460
		late = *request
		late.Flags &^= packet.ACK
		dst = table.Segment(dst, start, &late)
		dst = table.Segment(dst, start, request)
		return table.Expire(dst, start)
	})
	syn := seg('c', "S", 0, 0, "")
	f("scan of full table", func(table *tcp.Table, dst []tcp.Event, i uint32) []tcp.Event {
		syn.Flow.A.Port = uint16(i % 16)
		dst = table.Segment(dst, start, syn)
		return table.Expire(dst, start+20_000*ms)
	})
}

// TestIdleFlow measures what 100,000 idle connections cost, the index and all.
func TestIdleFlow(t *testing.T) {
	const flows = 100_000
	cfg := tcp.Defaults()
	cfg.MaxConns = flows
	table := tcp.New(cfg)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	dst := make([]tcp.Event, 0, 8)
	for i := range flows {
		for _, s := range opened(step{0, seg('c', "PA", 100, 1000, "r")}, step{0, seg('s', "PA", 1000, 101, "r")}) {
			s.seg.Flow.A.Addr[10], s.seg.Flow.A.Addr[11], s.seg.Flow.A.Addr[12] = byte(i), byte(i>>8), byte(i>>16)
			dst = table.Segment(dst[:0], start, s.seg)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := float64(after.HeapAlloc-before.HeapAlloc) / flows
	t.Logf("%.1f bytes an idle flow, of which Conn is %d", each, unsafe.Sizeof(tcp.Conn{}))
	if table.Len() != flows || each > 256 {
		t.Errorf("%d flows at %.1f bytes each", table.Len(), each)
	}
}

func BenchmarkInOrder(b *testing.B) { inOrder(b, tcp.Defaults()) }

func inOrder(b *testing.B, cfg tcp.Config) {
	table := tcp.New(cfg)
	dst := make([]tcp.Event, 0, 8)
	for _, s := range opened() {
		dst = table.Segment(dst[:0], start, s.seg)
	}
	request, ack := talk()
	b.SetBytes(1460)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if i&1 == 0 {
			request.Seq = 100 + uint32(i/2)*1460
			dst = table.Segment(dst[:0], start, request)
		} else {
			ack.Ack = request.Seq + 1460
			dst = table.Segment(dst[:0], start, ack)
		}
	}
}

// BenchmarkUnremembered is BenchmarkInOrder without the memory of what was passed on: the difference is its cost.
func BenchmarkUnremembered(b *testing.B) {
	cfg := tcp.Defaults()
	cfg.Recent = 0
	inOrder(b, cfg)
}

// BenchmarkSentAgain sends each frame twice.
func BenchmarkSentAgain(b *testing.B) {
	table := tcp.New(tcp.Defaults())
	dst := make([]tcp.Event, 0, 8)
	for _, s := range opened() {
		dst = table.Segment(dst[:0], start, s.seg)
	}
	request, _ := talk()
	b.SetBytes(1460)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		request.Seq = 100 + uint32(i/2)*1460
		dst = table.Segment(dst[:0], start, request)
	}
}

func BenchmarkInOrderManyFlows(b *testing.B) {
	const flows = 1 << 14
	table := tcp.New(tcp.Defaults())
	dst := make([]tcp.Event, 0, 8)
	for i := range flows {
		for _, s := range opened() {
			s.seg.Flow.A.Port = uint16(i)
			dst = table.Segment(dst[:0], start, s.seg)
		}
	}
	request, _ := talk()
	b.SetBytes(1460)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		request.Flow.A.Port = uint16(i*7919) % flows
		request.Seq = 100 + uint32(i/flows)*1460
		dst = table.Segment(dst[:0], start, request)
	}
}

func BenchmarkSwapped(b *testing.B) {
	table := tcp.New(tcp.Defaults())
	dst := make([]tcp.Event, 0, 8)
	for _, s := range opened() {
		dst = table.Segment(dst[:0], start, s.seg)
	}
	request, _ := talk()
	b.SetBytes(1460)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		request.Seq = 100 + uint32(i^1)*1460
		dst = table.Segment(dst[:0], start, request)
	}
}

// BenchmarkHostile fills the buffer of a connection over and over with single bytes, each before the others.
func BenchmarkHostile(b *testing.B) {
	table := tcp.New(tcp.Defaults())
	dst := make([]tcp.Event, 0, 8)
	for _, s := range opened() {
		dst = table.Segment(dst[:0], start, s.seg)
	}
	s := seg('c', "A", 0, 1000, "x")
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		s.Seq = 100 + uint32(i/4000)*10000 + 9000 - uint32(i%4000)*2
		dst = table.Segment(dst[:0], start, s)
	}
}
