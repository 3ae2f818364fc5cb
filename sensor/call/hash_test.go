package call

import "testing"

// TestHash holds the hash to its plain form: keys made of it are compared across machines and releases.
func TestHash(t *testing.T) {
	plain := func(seed uint64, b []byte) uint64 {
		h := seed ^ k0 ^ uint64(len(b))*k1
		for len(b) >= 8 {
			h = mix(h^word64(b), k2)
			b = b[8:]
		}
		var tail uint64
		for i := range len(b) {
			tail |= uint64(b[i]) << (8 * i)
		}
		return mix(mix(h^tail, k1), k0)
	}
	var text [40]byte
	for i := range text {
		text[i] = byte(31*i + 7)
	}
	for n := range len(text) {
		if got, want := hash(5, text[:n]), plain(5, text[:n]); got != want || hash(5, string(text[:n])) != want {
			t.Errorf("%d bytes: %x, want %x", n, got, want)
		}
	}
}
