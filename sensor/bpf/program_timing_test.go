package bpf_test

import (
	"testing"

	xbpf "golang.org/x/net/bpf"

	"auscult/sensor/packet"
)

var common = []string{"tcp", "tcp port 443", "host 192.0.2.7 and tcp", "tcp port 80 or 443",
	"tcp port 80 or (vlan and tcp port 80)", "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420"}

func BenchmarkMatch(b *testing.B) {
	frames := corpus(b)["EN10MB"]
	for _, text := range common {
		p := compile(b, text, packet.LinkEthernet)
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			taken := 0
			for i := range b.N {
				f := frames[i%len(frames)]
				if p.Match(f, len(f)) {
					taken++
				}
			}
			b.ReportMetric(float64(p.Len()), "instructions")
			b.ReportMetric(float64(taken)/float64(b.N), "taken")
		})
	}
}

// BenchmarkOther is the machine of x/net on the same programs.
func BenchmarkOther(b *testing.B) {
	frames := corpus(b)["EN10MB"]
	for _, text := range common {
		code, _ := xbpf.Disassemble(compile(b, text, packet.LinkEthernet).Raw(1))
		vm, err := xbpf.NewVM(code)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				vm.Run(frames[i%len(frames)])
			}
		})
	}
}

func TestMatchAllocations(t *testing.T) {
	frames := corpus(t)["EN10MB"]
	for _, text := range common {
		p := compile(t, text, packet.LinkEthernet)
		n := 0
		if allocs := testing.AllocsPerRun(1000, func() {
			n++
			p.Match(frames[n], len(frames[n]))
		}); allocs != 0 {
			t.Errorf("%q: %v allocations a frame", text, allocs)
		}
	}
}
