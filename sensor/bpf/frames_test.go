package bpf_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"auscult/replay"
)

// maker makes frames that filters can tell apart: the few addresses, ports and protocols that expressions name, in
// all combinations, some with a byte broken, some cut short.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) *maker { return &maker{rand.New(rand.NewPCG(seed, 1))} }

func pick[T any](m *maker, of ...T) T { return of[m.IntN(len(of))] }

func (m *maker) frame(link string) []byte {
	var b []byte
	switch link {
	case "EN10MB":
		b = m.ethernet()
	case "RAW":
		b = pick(m, m.ip4, m.ip6)()
	case "IPV4":
		b = m.ip4()
	case "IPV6":
		b = m.ip6()
	case "LINUX_SLL":
		b = m.typed(make([]byte, 14))
	case "LINUX_SLL2":
		t := m.typed(nil)
		b = append(append(t[:2:2], make([]byte, 18)...), t[2:]...)
	case "NULL":
		b = m.either([]byte{2, 0, 0, 0}, []byte{10, 0, 0, 0})
	case "LOOP":
		b = m.either([]byte{0, 0, 0, 2}, []byte{0, 0, 0, 10})
	case "PPP":
		b = m.ppp([]byte{0xff, 3})
	}
	switch m.IntN(8) {
	case 0:
		b = b[:m.IntN(len(b)+1)]
	case 1:
		b = m.broken(b)
	}
	return b
}

// broken changes a byte, but not the family of a BSD loopback, where we know more of them than libpcap does.
func (m *maker) broken(b []byte) []byte {
	if len(b) > 4 {
		b[4+m.IntN(len(b)-4)] = byte(m.Uint32())
	}
	return b
}

func (m *maker) either(four, six []byte) []byte {
	if m.IntN(2) == 0 {
		return append(four, m.ip4()...)
	}
	return append(six, m.ip6()...)
}

func (m *maker) ethernet() []byte {
	one := []byte{2, 0, 0, 0, 0, 1}
	two := []byte{2, 0, 0, 0, 0, 2}
	b := append([]byte{}, pick(m, one, two, []byte{255, 255, 255, 255, 255, 255}, []byte{1, 0, 0x5e, 0, 0, 5})...)
	b = append(b, pick(m, one, two)...)
	for m.IntN(3) == 0 && len(b) < 24 {
		b = binary.BigEndian.AppendUint16(b, pick[uint16](m, 0x8100, 0x88a8, 0x9100))
		b = binary.BigEndian.AppendUint16(b, pick[uint16](m, 5, 6, 0x2005, 0xf006, 0, 4095, 7))
	}
	return m.typed(b)
}

// typed appends an EtherType and what it stands for.
func (m *maker) typed(b []byte) []byte {
	put := func(t uint16, payload []byte) []byte {
		return append(binary.BigEndian.AppendUint16(b, t), payload...)
	}
	switch m.IntN(12) {
	case 0, 1, 2, 3, 4:
		return put(0x0800, m.ip4())
	case 5, 6, 7:
		return put(0x86dd, m.ip6())
	case 8:
		return put(pick[uint16](m, 0x0806, 0x8035), m.arp())
	case 9:
		return put(0x8847, m.labels())
	case 10:
		return put(0x8864, m.session())
	}
	return put(pick[uint16](m, 0x88cc, 0x8863, 0x0100, 0x9100), m.arp())
}

func (m *maker) labels() []byte {
	var b []byte
	for {
		last := m.IntN(2)
		b = binary.BigEndian.AppendUint32(b, pick[uint32](m, 100, 1024, 3)<<12|uint32(last)<<8|64)
		if last == 1 || len(b) > 8 {
			return append(b, pick(m, m.ip4, m.ip6)()...)
		}
	}
}

func (m *maker) session() []byte {
	b := []byte{0x11, 0, 0, pick[byte](m, 7, 8), 0, 60}
	return m.ppp(b)
}

func (m *maker) ppp(b []byte) []byte {
	switch m.IntN(5) {
	case 0, 1:
		return append(append(b, 0, 0x21), m.ip4()...)
	case 2, 3:
		return append(append(b, 0, 0x57), m.ip6()...)
	}
	return append(append(b, 0x02, 0x81), m.labels()...)
}

func (m *maker) address() []byte {
	return pick(m, []byte{192, 0, 2, 7}, []byte{192, 0, 2, 7}, []byte{192, 0, 2, 8}, []byte{198, 51, 100, 1},
		[]byte{10, 1, 2, 3}, []byte{224, 0, 0, 1}, []byte{192, 0, 2, 200}, []byte{192, 9, 9, 5})
}

func (m *maker) address6() []byte {
	a := make([]byte, 16)
	switch m.IntN(5) {
	case 0, 1:
		copy(a, []byte{0x20, 1, 0x0d, 0xb8})
		a[15] = pick[byte](m, 7, 8)
		a[4] = pick[byte](m, 0, 0, 0x1f, 0x20)
	case 2:
		a[15] = 1
	case 3:
		copy(a, []byte{0x20, 1, 0x0d, 0xb8, 0, 1})
	case 4:
		a[0], a[1] = 0xff, 2
	}
	if m.IntN(12) == 0 {
		a = append(make([]byte, 10), 255, 255, 192, 0, 2, 7)
	}
	return a
}

func (m *maker) arp() []byte {
	b := append([]byte{0, 1, 8, 0, 6, 4, 0, pick[byte](m, 1, 2)}, 2, 0, 0, 0, 0, 1)
	b = append(b, m.address()...)
	b = append(b, 2, 0, 0, 0, 0, 2)
	return append(b, m.address()...)
}

func (m *maker) proto() byte {
	return pick[byte](m, 6, 6, 6, 6, 17, 17, 132, 1, 2, 47, 50, 51, 58, 89, 88, 103, 112, 4, 0)
}

func (m *maker) ip4() []byte {
	proto, words := m.proto(), pick[byte](m, 5, 5, 5, 6, 15)
	b := make([]byte, 20)
	b[0], b[8], b[9] = 0x40|words, pick[byte](m, 64, 63, 128), proto
	binary.BigEndian.PutUint16(b[6:], pick[uint16](m, 0, 0, 0, 0x4000, 0x2000, 0x2010, 0x0010, 1))
	copy(b[12:], m.address())
	copy(b[16:], m.address())
	b = append(b, make([]byte, 4*(int(words)-5))...)
	b = append(b, m.transport(proto)...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

func (m *maker) ip6() []byte {
	proto := m.proto()
	b := make([]byte, 8)
	b[0], b[6], b[7] = 0x60, proto, 64
	b = append(append(b, m.address6()...), m.address6()...)
	if m.IntN(5) == 0 {
		b[6] = 44
		b = append(b, proto, 0, 0, 0, 0, 0, 0, 1)
	}
	b = append(b, m.transport(proto)...)
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-40))
	return b
}

func (m *maker) port() uint16 {
	return pick[uint16](m, 80, 80, 443, 8080, 53, 85, 22, 123, 1500, 0, 65535)
}

func (m *maker) transport(proto byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, m.port())
	b = binary.BigEndian.AppendUint16(b, m.port())
	switch proto {
	case 6:
		words := pick[byte](m, 5, 5, 8)
		b = append(b, make([]byte, 16+4*(int(words)-5))...)
		b[4], b[12], b[13] = byte(m.IntN(2)), words<<4, pick[byte](m, 2, 0x12, 0x10, 0x18, 0x11, 0x14, 0xc2, 0x20, 8)
		b[14] = byte(m.IntN(10))
		return append(b, pick(m, "", "GET / HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\n\r\n")...)
	case 1, 58, 2, 103, 112:
		b[0] = pick[byte](m, 8, 0, 3, 5, 11, 128, 135, 136, 0x11, 0x20, 0x21)
		b[1] = byte(m.IntN(2))
	}
	b = append(b, 0, byte(m.IntN(255)), 0, 0)
	return append(b, make([]byte, pick(m, 0, 4, 40, 200, 1000))...)
}

// corpus is frames of each link type: made ones, and the first of each capture in pcaps. The same every time.
func corpus(t testing.TB) map[string][][]byte {
	t.Helper()
	all := map[string][][]byte{}
	for link := range linkNames {
		m := newMaker(uint64(linkNames[link]))
		n := 1000
		if link == "EN10MB" {
			n = 5000
		}
		for range n {
			all[link] = append(all[link], m.frame(link))
		}
	}
	paths, err := filepath.Glob("../../pcaps/*/traffic.pcap*")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	for _, path := range paths {
		lanes, err := replay.New(replay.Defaults(), path).Open(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; ; n++ {
			raw, err := lanes[0].Next()
			if err != nil {
				break
			}
			for name, link := range linkNames {
				if link == raw.Link && n < 40 {
					all[name] = append(all[name], append([]byte{}, raw.Frame...))
				}
			}
		}
	}
	return all
}
