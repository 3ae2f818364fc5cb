package detectors

import (
	"encoding/binary"
	"math/bits"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/packet"
)

// callerKey is whom a call is held against: its principal, or the client's address when nobody is known.
func callerKey(c *call.Call) uint64 {
	if c.Principal.Key != 0 {
		return c.Principal.Key
	}
	return clientKey(c)
}

// clientKey is a key of the client's address.
func clientKey(c *call.Call) uint64 { return addrHash(&c.Client.Addr) }

// serverKey is a key of the server's address and port.
func serverKey(c *call.Call) uint64 {
	return stats.Mix(addrHash(&c.Server.Addr) ^ uint64(c.Server.Port))
}

// pathKey is a key of a path on its host.
func pathKey(c *call.Call) uint64 { return text(c.Path) ^ stats.Mix(text(c.Host)) }

func addrHash(a *packet.Addr) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(a[:8])^0x243f6a8885a308d3, binary.LittleEndian.Uint64(a[8:])|1)
	return hi ^ lo ^ binary.LittleEndian.Uint64(a[8:])
}

// text is a stable hash of a word: FNV-1a.
func text(word string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(word) {
		h = (h ^ uint64(word[i])) * 1099511628211
	}
	return h
}
