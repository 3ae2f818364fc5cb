package tls

import (
	"testing"

	"golang.org/x/crypto/cryptobyte"
)

// TestTornExtensions cuts a hello inside its last extension: those before it are read.
func TestTornExtensions(t *testing.T) {
	var b cryptobyte.Builder
	b.AddUint16(0x0303)
	b.AddBytes(make([]byte, 32))
	b.AddUint8(0)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint16(0x1301) })
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint8(0) })
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint16(extServerName)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint8(0)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte("ehr.example")) })
			})
		})
		b.AddUint16(21) // padding
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(make([]byte, 9)) })
	})
	whole := b.BytesOrPanic()
	var h clientHello
	if !h.parse(whole) || string(h.serverName) != "ehr.example" {
		t.Fatalf("whole: %q", h.serverName)
	}
	for n := range 13 { // of the padding and its head
		if cut := whole[:len(whole)-n]; h.parse(cut) != (n == 0) || string(h.serverName) != "ehr.example" {
			t.Errorf("without its last %d bytes: %q", n, h.serverName)
		}
	}
}
