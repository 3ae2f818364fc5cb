package http

import "auscult/sensor/packet"

// Shared is what the parsers of one flow partition share, whatever version of HTTP they read: limits, counters
// and decoders. One goroutine owns it.
type Shared struct {
	Config   Config // read only
	Stats    Stats
	Where    packet.Where // the packet at hand, kept with the exchanges that begin in it; set by the owner
	Contents *Contents

	// Drop, if set, is shown an exchange with an App that will not be yielded, after its Scanners were closed.
	Drop func(x *Exchange)
}

// NewShared returns a Shared under cfg, which must be valid.
func NewShared(cfg Config) *Shared {
	s := &Shared{Config: cfg}
	s.Contents = NewContents(cfg, &s.Stats)
	return s
}

// Close lets the decoders at rest go, after all parsers were freed.
func (s *Shared) Close() { s.Contents.Close() }
