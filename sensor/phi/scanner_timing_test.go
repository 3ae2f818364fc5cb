package phi

import "testing"

func TestScan_Allocs(t *testing.T) {
	s := New(Defaults())
	for _, body := range append(corpus(), bundleBody(40)) {
		b := []byte(body)
		run := func() {
			s.Reset(Unknown)
			for i := 0; i < len(b); i += 1448 {
				s.Scan(b[i:min(i+1448, len(b))])
			}
			s.Close(true)
		}
		for range 4 {
			run()
		}
		if n := testing.AllocsPerRun(20, run); n != 0 {
			t.Errorf("%v allocations for %.40q", n, body)
		}
	}
}

func benchmark(b *testing.B, form Form, body string, piece int) {
	s := New(Defaults())
	text := []byte(body)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		s.Reset(form)
		for i := 0; i < len(text); i += piece {
			s.Scan(text[i:min(i+piece, len(text))])
		}
		s.Close(true)
	}
	if s.Report().Bytes != int64(len(text)) {
		b.Fatal("not all was read")
	}
}

func BenchmarkScan_FHIRBundle(b *testing.B)         { benchmark(b, JSON, bundleBody(6), 1<<20) }
func BenchmarkScan_FHIRBundleSegments(b *testing.B) { benchmark(b, JSON, bundleBody(6), 1448) }
func BenchmarkScan_SmallPatient(b *testing.B)       { benchmark(b, JSON, patientBody(1), 1<<20) }
func BenchmarkScan_PlainList(b *testing.B)          { benchmark(b, JSON, listBody, 1<<20) }
func BenchmarkScan_XMLBundle(b *testing.B)          { benchmark(b, JSON, xmlBody, 1<<20) }

func BenchmarkScan_EventStream(b *testing.B) { benchmark(b, EventStream, eventBody(200), 1448) }
func BenchmarkScan_Messages(b *testing.B)    { benchmark(b, Messages, messageBody(200), 1448) }

func TestProps_Allocs(t *testing.T) {
	s := New(Defaults())
	b := []byte(bundleBody(6))
	run := func() {
		s.Reset(JSON)
		s.Scan(b)
		s.Close(true)
		s.Report().Props()
	}
	run()
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkProps(b *testing.B) {
	s := New(Defaults())
	s.Scan([]byte(bundleBody(6)))
	s.Close(true)
	b.ReportAllocs()
	for b.Loop() {
		s.Report().Props()
	}
}
