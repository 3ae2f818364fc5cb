package inflate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"auscult/sensor/http/inflate"
)

// bundle is n bytes of the kind of text that clinical APIs send.
func bundle(n int) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	names := [...]string{"Okafor", "Nguyen", "Sørensen", "García", "Kowalska", "Haddad", "Brown"}
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"Bundle","type":"searchset","entry":[`)
	for b.Len() < n {
		fmt.Fprintf(&b, `{"fullUrl":"https://fhir.example.org/r4/Patient/%d","resource":{"resourceType":"Patient","id":"%d",`+
			`"meta":{"versionId":"%d","lastUpdated":"2026-%02d-%02dT%02d:%02d:%02dZ"},"identifier":[{"system":"urn:oid:2.16.840.1.113883.4.1",`+
			`"value":"%03d-%02d-%04d"}],"name":[{"family":"%s","given":["%s"]}],"birthDate":"19%02d-%02d-%02d"}},`,
			r.IntN(1e6), r.IntN(1e6), r.IntN(9), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000), r.IntN(100),
			r.IntN(10000), names[r.IntN(len(names))], names[r.IntN(len(names))], r.IntN(100), 1+r.IntN(12), 1+r.IntN(28))
	}
	return b.Bytes()[:n]
}

// TestDamage has streams of all kinds of blocks cut anywhere, and with bits turned.
func TestDamage(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	noise := make([]byte, 70_000)
	for i := range noise {
		noise[i] = byte(r.Uint32() >> 24)
	}
	few := bytes.Clone(noise)
	for i := range few {
		few[i] &= 3
	}
	var steep []byte // each byte as often as the two before it: codes of up to 15 bits
	for a, b, c := 1, 1, byte(0); b < 50_000; a, b, c = b, a+b, c+1 {
		steep = append(steep, bytes.Repeat([]byte{c}, a)...)
	}
	r.Shuffle(len(steep), func(i, j int) { steep[i], steep[j] = steep[j], steep[i] })
	texts := [][]byte{steep, nil, []byte("a"), bundle(300), bundle(3_000), bundle(100_000), noise, noise[:100], few, make([]byte, 100_000)}
	d := new(inflate.Decoder)
	for i, text := range texts {
		for level := -2; level <= 9; level++ {
			wire := deflate(t, level, text)
			same(t, d, wire, func() int { return 1 })
			same(t, d, append(bytes.Clone(wire), "more"...), pieces(uint64(level+2)))
			rounds := min(300, 2_000_000/(len(text)+1))
			for range rounds {
				other := bytes.Clone(wire)
				if r.IntN(3) > 0 {
					for range 1 + r.IntN(3) {
						at := r.IntN(len(other))
						if r.IntN(2) == 0 {
							at = r.IntN(min(len(other), 80)) // the head of a block
						}
						other[at] ^= 1 << r.IntN(8)
					}
				}
				if r.IntN(3) == 0 {
					other = other[:r.IntN(len(other)+1)]
				}
				same(t, d, other, pieces(r.Uint64()))
			}
			if t.Failed() {
				t.Fatalf("text %d, level %d", i, level)
			}
		}
	}
}

// TestNoise reads bytes at random, with the head of each kind of block.
func TestNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	d := new(inflate.Decoder)
	wire := make([]byte, 600)
	for range 100_000 {
		for i := range wire {
			wire[i] = byte(r.Uint32() >> 24)
			if r.IntN(8) == 0 {
				wire[i] = 0
			}
		}
		wire[0] = wire[0]&^7 | byte(r.IntN(3)<<1)
		same(t, d, wire[:r.IntN(len(wire))], pieces(r.Uint64()))
	}
}
