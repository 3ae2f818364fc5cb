package http

import (
	"bytes"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

type sink struct{ bytes.Buffer }

func (s *sink) Scan(b []byte) { s.Write(b) }
func (s *sink) Close(bool)    {}

// pack applies the codings in the order of a Content-Encoding value.
func pack(t testing.TB, text []byte, names ...string) []byte {
	t.Helper()
	for _, name := range names {
		var out bytes.Buffer
		var w io.WriteCloser
		switch name {
		case "gzip":
			w = gzip.NewWriter(&out)
		case "deflate":
			w = zlib.NewWriter(&out)
		case "raw":
			w, _ = flate.NewWriter(&out, 6)
		case "br":
			w = brotli.NewWriter(&out)
		case "zstd":
			w, _ = zstd.NewWriter(&out)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		text = out.Bytes()
	}
	return text
}

// clinical is n bytes of the kind of text that clinical APIs send.
func clinical(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var out bytes.Buffer
	for out.Len() < n {
		out.WriteString(`{"resourceType":"Observation","id":"`)
		for range 8 {
			out.WriteByte("0123456789abcdef"[r.IntN(16)])
		}
		out.WriteString(`","subject":{"reference":"Patient/`)
		out.WriteByte(byte('0' + r.IntN(10)))
		out.WriteString(`"}},`)
	}
	return out.Bytes()[:n]
}

func message(encoding string) *Message {
	return &Message{Headers: []Header{{[]byte("Content-Type"), []byte("text/plain")}, {[]byte("Content-Encoding"), []byte(encoding)}}}
}

func TestContent(t *testing.T) {
	text := clinical(40_000)
	var stats Stats
	contents := NewContents(Defaults(), &stats)
	f := func(encoding string, wire []byte, want string, r Result) {
		t.Helper()
		for _, cut := range []int{1, 3, 1460, len(wire) + 1} {
			var out sink
			d, limited, bad := contents.Open(message(encoding), &out)
			if d == nil {
				t.Fatalf("%s: not opened (limited %v, bad %v)", encoding, limited, bad)
			}
			for rest := wire; len(rest) > 0; rest = rest[min(cut, len(rest)):] {
				piece := bytes.Clone(rest[:min(cut, len(rest))])
				d.Write(piece)
				clear(piece)
			}
			got := d.Close(true)
			r.Decoded = int64(len(want))
			if got != r {
				t.Errorf("%s in pieces of %d: %+v, want %+v", encoding, cut, got, r)
			}
			if out.String() != want {
				t.Errorf("%s in pieces of %d: other text, %d bytes", encoding, cut, out.Len())
			}
		}
	}
	good, bad := Result{Whole: true}, Result{Whole: true, Bad: true}
	all := string(text)
	wrongSum := pack(t, text, "gzip")
	wrongSum[len(wrongSum)-5]++
	f("gzip", pack(t, text, "gzip"), all, good)
	f("X-GZip;q=1", append(pack(t, text[:100], "gzip"), pack(t, text[100:], "gzip")...), all, good)
	f("deflate", pack(t, text, "deflate"), all, good)
	f("deflate", pack(t, text, "raw"), all, good)
	f("br", pack(t, text, "br"), all, good)
	f("zstd", pack(t, text, "zstd"), all, good)
	f("zstd", append(pack(t, text[:100], "zstd"), pack(t, text[100:], "zstd")...), all, good)
	f("identity, gzip , br", pack(t, text, "gzip", "br"), all, good)
	f("zstd,deflate", pack(t, text, "zstd", "deflate"), all, good)
	f("gzip", []byte(`{"plain":1}`), `{"plain":1}`, bad)
	f("gzip", []byte("x"), "x", bad)
	f("zstd", []byte(`{"plain":1}`), `{"plain":1}`, bad)
	f("gzip", append(pack(t, text, "gzip"), "and more than a header of garbage"...), all, bad)
	f("gzip", nil, "", good)
	f("gzip", pack(t, nil, "gzip"), "", good)
	f("gzip", []byte("\x1f"), "\x1f", bad)
	f("gzip", []byte("\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x00name"), "", Result{Bad: true})
	f("gzip", []byte("\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\x00"), "", Result{Bad: true})
	f("gzip", wrongSum, all, Result{Bad: true})
	f("gzip", append(pack(t, text, "gzip"), 0x1f), all, Result{Bad: true, Short: true})
	f("gzip, gzip", pack(t, text, "gzip", "gzip"), all, good)
	f("gzip, gzip", append(pack(t, text, "gzip", "gzip"), "and more than a header of garbage"...), all, bad)
	f("deflate", append(pack(t, text, "deflate"), "and more, which nobody reads"...), all, good)
	f("deflate", []byte("x\x9c"), "", Result{Bad: true})
	f("deflate", []byte("\x07"), "", Result{Bad: true})
	f("br", []byte("\xff\xff\xff\xff\xff\xff"), "", Result{Bad: true})
	if open := contents.open; open != 0 {
		t.Errorf("%d contents are still open", open)
	}
	if len(contents.spares.inflate) == 0 || len(contents.spares.zstd) == 0 {
		t.Error("decoders did not come back")
	}
	contents.Close()
}

func TestContentRefused(t *testing.T) {
	f := func(encoding string, limited, bad bool) {
		t.Helper()
		contents := NewContents(Defaults(), new(Stats))
		d, l, b := contents.Open(message(encoding), nil)
		if d != nil || l != limited || b != bad {
			t.Errorf("%q: opened %v, limited %v, bad %v", encoding, d != nil, l, b)
		}
	}
	f("", false, false)
	f("identity", false, false)
	f("gzip, gzip, gzip", true, false)
	f("gzip, gzip, gzip, gzip, gzip, gzip", true, false)
	f("utf-8", false, true)
	cfg := Defaults()
	cfg.Decoders = 1
	contents := NewContents(cfg, new(Stats))
	d, _, _ := contents.Open(message("gzip"), nil)
	if _, limited, _ := contents.Open(message("gzip"), nil); !limited || contents.stats.OverDecoders != 1 {
		t.Error("a second decoder was opened")
	}
	d.Close(false)
	if d, _, _ = contents.Open(message("gzip"), nil); d == nil {
		t.Error("the decoder did not come back")
	}
	d.Close(false)
	contents.Close()
	// windows: of one content, and of all together
	f2 := func(encoding, head string, cfg Config, window, decoders uint64) {
		t.Helper()
		var stats Stats
		contents := NewContents(cfg, &stats)
		defer contents.Close()
		var open []*Content
		for range 2 {
			d, _, _ := contents.Open(message(encoding), nil)
			d.Write([]byte(head))
			open = append(open, d)
		}
		for _, d := range open {
			d.Close(false)
		}
		if stats.OverWindow != window || stats.OverDecoders != decoders || contents.held != 0 {
			t.Errorf("%s: windows %d, decoders %d, %d bytes held", encoding, stats.OverWindow, stats.OverDecoders, contents.held)
		}
	}
	cfg = Defaults()
	cfg.WindowBytes, cfg.DecoderBytes = 4<<20, 5<<20
	f2("br", "\x0f\x00\x00\x00", cfg, 2, 0) // asks for 16 MB
	f2("br", "\x0b\x00\x00\x00", cfg, 0, 1) // 4 MB
	f2("gzip", "\x1f\x8b\x08\x00", cfg, 0, 0)
	f2("zstd", "\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", cfg, 2, 0) // 8 MB, refused at its first byte
}

// TestContentCut has content that ends early: cut off it is not bad, at its end it is.
func TestContentCut(t *testing.T) {
	text := clinical(100_000)
	wire := pack(t, text, "gzip")
	contents := NewContents(Defaults(), new(Stats))
	defer contents.Close()
	for _, complete := range []bool{false, true} {
		var out sink
		d, _, _ := contents.Open(message("gzip"), &out)
		d.Write(wire[:len(wire)/2])
		r := d.Close(complete)
		if r.Whole || r.Bad != complete || r.Decoded != int64(out.Len()) || r.Decoded < 10_000 {
			t.Errorf("complete %v: %+v", complete, r)
		}
		if !bytes.HasPrefix(text, out.Bytes()) {
			t.Error("other text")
		}
	}
}

// TestBomb has bombs plain and nested: each is stopped at a limit, and in bounded memory.
func TestBomb(t *testing.T) {
	f := func(encoding string, wire []byte, cfg Config) (r Result, stats Stats) {
		t.Helper()
		contents := NewContents(cfg, &stats)
		defer contents.Close()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		d, _, _ := contents.Open(message(encoding), nil)
		for rest := wire; len(rest) > 0; rest = rest[min(1460, len(rest)):] {
			d.Write(rest[:min(1460, len(rest))])
		}
		r = d.Close(true)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 20<<20 {
			t.Errorf("%s took %d bytes of memory", encoding, used)
		}
		if !r.Limited || r.Whole {
			t.Errorf("%s: %+v", encoding, r)
		}
		return r, stats
	}
	cfg := Defaults()
	zeros := make([]byte, 200<<20)
	gz := pack(t, zeros, "gzip")
	r, stats := f("gzip", gz, cfg)
	if stats.OverRatio != 1 || r.Decoded > cfg.RatioFloor+cfg.Ratio*int64(len(gz)) {
		t.Errorf("ratio: %+v, %d", r, stats.OverRatio)
	}
	cfg.Ratio = 1 << 20
	if r, stats = f("gzip", gz, cfg); stats.OverDecoded != 1 || r.Decoded != cfg.DecodedBytes {
		t.Errorf("size: %+v, %d", r, stats.OverDecoded)
	}
	cfg = Defaults()
	for _, coding := range []string{"br", "zstd"} {
		f(coding, pack(t, zeros, coding), cfg)
	}
	// What an outer coding unpacks to is bounded too: here it is gzip members that hold nothing.
	empty := bytes.Repeat(pack(t, nil, "gzip"), 4<<20)
	if r, _ = f("gzip, gzip", pack(t, empty, "gzip"), cfg); r.Decoded != 0 {
		t.Errorf("nested: %+v", r)
	}
}

// TestContentsClose leaves no coroutine behind.
func TestContentsClose(t *testing.T) {
	before := runtime.NumGoroutine()
	contents := NewContents(Defaults(), new(Stats))
	var open []*Content
	for range 50 {
		d, _, _ := contents.Open(message("gzip"), nil)
		d.Write([]byte("\x1f\x8b\x08\x00"))
		open = append(open, d)
	}
	for _, d := range open {
		d.Close(false)
	}
	contents.Close()
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d coroutines more than before", after-before)
	}
}

func TestContentAllocs(t *testing.T) {
	contents := NewContents(Defaults(), new(Stats))
	defer contents.Close()
	text := clinical(20_000)
	for _, coding := range []string{"gzip", "deflate", "gzip, deflate"} {
		wire := pack(t, text, strings.Split(coding, ", ")...)
		m := message(coding)
		run := func() {
			d, _, _ := contents.Open(m, nil)
			for rest := wire; len(rest) > 0; rest = rest[min(1460, len(rest)):] {
				d.Write(rest[:min(1460, len(rest))])
			}
			if !d.Close(true).Whole {
				t.Fatal("not whole")
			}
		}
		run()
		if n := testing.AllocsPerRun(50, run); n > 0 {
			t.Errorf("%s: %v allocations", coding, n)
		}
	}
}

// FuzzContent has any content under any coding, in any cut: nothing but the cut may differ, and limits hold.
func FuzzContent(f *testing.F) {
	for i, coding := range []string{"gzip", "deflate", "br", "zstd", "gzip, br"} {
		f.Add(coding, pack(f, clinical(300), strings.Split(coding, ", ")...), uint16(i*7+1))
	}
	f.Add("deflate, zstd", []byte("x\x9c\x00"), uint16(2))
	cfg := Defaults()
	cfg.DecodedBytes, cfg.WindowBytes, cfg.RatioFloor = 1<<20, 1<<16, 1<<12
	f.Fuzz(func(t *testing.T, encoding string, wire []byte, cut uint16) {
		contents := NewContents(cfg, new(Stats))
		defer contents.Close()
		run := func(step int) (string, Result) {
			var out sink
			d, _, _ := contents.Open(message(encoding), &out)
			if d == nil {
				return "", Result{}
			}
			for rest := wire; len(rest) > 0; rest = rest[min(step, len(rest)):] {
				d.Write(rest[:min(step, len(rest))])
			}
			r := d.Close(true)
			return out.String(), r
		}
		text, whole := run(len(wire) + 1)
		again, cutUp := run(int(cut) + 1)
		if int64(len(text)) != whole.Decoded || whole.Decoded > cfg.DecodedBytes {
			t.Errorf("%d bytes shown, %+v", len(text), whole)
		}
		if whole.Limited || cutUp.Limited {
			return // the ratio is asked for with what was written so far
		}
		if whole.Bad == cutUp.Bad && whole.Bad && !whole.Whole {
			return // how much comes out before the break depends on how the decoder reads ahead
		}
		if text != again || whole != cutUp {
			t.Errorf("whole %+v, cut %+v", whole, cutUp)
		}
	})
}

// dynamic is the head of a last block of DEFLATE with tables of its own (RFC 1951 section 3.2.7) and, when whole,
// what follows it: "aaaa". Its lengths of codes are written in a code of 1 and 18; without codes that code is left
// empty, which no block may do.
func dynamic(codes, whole bool) []byte {
	var b []byte
	n := 0
	put := func(v, width int) {
		for i := range width {
			if n%8 == 0 {
				b = append(b, 0)
			}
			b[len(b)-1] |= byte(v >> i & 1 << (n % 8))
			n++
		}
	}
	zeros := func(n int) { put(1, 1); put(n-11, 7) } // code 1 is 18: 11 to 138 zeros
	one := func() { put(0, 1) }                      // code 0 is 1: a length of one bit
	put(1, 1)
	put(2, 2)
	put(0, 5)
	put(0, 5)
	if codes {
		put(18-4, 4)
		for i := range 18 { // in the order 16, 17, 18, …, 1
			put(map[int]int{2: 1, 17: 1}[i], 3)
		}
	} else {
		put(0, 4)
		put(0, 4*3)
	}
	zeros(97)
	if whole {
		one() // 'a'
		zeros(138)
		zeros(20)
		one() // end of block
		one() // one distance
		put(0, 4)
		put(1, 1)
	}
	return b
}

// TestForgets reads a block of DEFLATE whose code is empty, after one that broke off and left its code behind.
func TestForgets(t *testing.T) {
	head := "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
	for coding, head := range map[string]string{"gzip": head, "deflate": ""} {
		contents := NewContents(Defaults(), new(Stats))
		read := func(block []byte) (string, Result) {
			var out sink
			d, _, _ := contents.Open(message(coding), &out)
			d.Write([]byte(head))
			d.Write(block)
			r := d.Close(true)
			return out.String(), r
		}
		if text, _ := read(dynamic(true, true)); text != "aaaa" {
			t.Fatalf("%s: %q", coding, text)
		}
		read(dynamic(true, false))
		if text, r := read(dynamic(false, true)); text != "" || !r.Bad {
			t.Errorf("%s: %q from a code that the block before left, %+v", coding, text, r)
		}
		contents.Close()
	}
}

// FuzzForget: what a content comes to does not depend on what its decoder read before.
func FuzzForget(f *testing.F) {
	for _, coding := range []string{"gzip", "deflate", "br", "zstd"} {
		packed := pack(f, clinical(30), coding)
		f.Add(coding, packed, packed)
		f.Add(coding, packed[:len(packed)/2], packed[:len(packed)/3])
	}
	f.Add("deflate", dynamic(true, false), dynamic(false, true))
	cfg := Defaults()
	cfg.DecodedBytes, cfg.WindowBytes, cfg.RatioFloor = 1<<20, 1<<16, 1<<12
	f.Fuzz(func(t *testing.T, encoding string, before, wire []byte) {
		contents, fresh := NewContents(cfg, new(Stats)), NewContents(cfg, new(Stats))
		defer contents.Close()
		defer fresh.Close()
		run := func(contents *Contents, wire []byte) (string, Result) {
			var out sink
			d, _, _ := contents.Open(message(encoding), &out)
			if d == nil {
				return "", Result{}
			}
			d.Write(wire)
			r := d.Close(true)
			return out.String(), r
		}
		run(contents, before)
		text, result := run(contents, wire)
		if alone, want := run(fresh, wire); text != alone || result != want {
			t.Errorf("after another %+v, alone %+v", result, want)
		}
	})
}
