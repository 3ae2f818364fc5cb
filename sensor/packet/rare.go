package packet

import (
	"errors"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Encapsulations that are too rare to be worth a decoder of our own.
const (
	rareMPLS = layers.EthernetTypeMPLSUnicast
	rarePPP  = rarePPPType(0)
	rareGRE  = layers.IPProtocolGRE
)

// rarePPPType decodes a frame that begins with a PPP header.
type rarePPPType uint8

func (rarePPPType) Decode(b []byte, p gopacket.PacketBuilder) error {
	return layers.LayerTypePPP.Decode(b, p)
}

// rare finds the IP packet behind layers that gopacket decodes and goes on with it. It allocates.
func (d *Decoder) rare(s *Segment, first gopacket.Decoder, b []byte, missing, depth int) Reason {
	if depth >= d.cfg.MaxNesting {
		return TooDeep
	}
	d.Stats.Rare++
	f := &d.finder
	*f = finder{rest: b, left: d.cfg.MaxTags + 1}
	d.find(f, first)
	inner, reason := f.rest, f.reason
	*f = finder{} // keep nothing of the frame
	if reason != OK {
		return reason
	}
	return d.ip(s, inner, missing, depth)
}

// find runs the library, which hostile input may make panic.
func (d *Decoder) find(f *finder, first gopacket.Decoder) {
	defer func() {
		if recover() != nil {
			d.Stats.Guarded++
			f.found, f.reason = false, Malformed
		}
	}()
	err := f.NextDecoder(first)
	switch {
	case f.found:
		f.reason = OK
	case f.reason != OK:
	case err != nil && !f.ppp:
		f.reason = Tunnel // a pseudowire, or a payload nobody can name
	default:
		f.reason = NotIP
	}
}

// finder is a gopacket.PacketBuilder that keeps no layers and stops at the first IP header.
type finder struct {
	rest   []byte // what the next layer begins with
	left   int    // layers that may still come
	ppp    bool   // the last layer says what follows, be it only a number that the library does not know
	found  bool
	reason Reason
}

var errStop = errors.New("packet: no further")

// AddLayer notes where the next layer begins; an IP layer is the goal and leaves that in place.
func (f *finder) AddLayer(l gopacket.Layer) {
	if f.found {
		return
	}
	f.ppp = l.LayerType() == layers.LayerTypePPP
	switch l := l.(type) {
	case *layers.IPv4, *layers.IPv6:
		f.found = true
	case *layers.GRE:
		f.rest = l.Payload
		switch l.Protocol {
		case layers.EthernetTypeERSPAN, 0x22eb: // ERSPAN II and III
			f.reason = Tunnel
		}
	default:
		f.rest = l.LayerPayload()
	}
}

// NextDecoder goes on until an IP header or the bound.
func (f *finder) NextDecoder(next gopacket.Decoder) error {
	if f.found || f.reason != OK {
		return nil
	}
	if f.left == 0 {
		f.reason = TooDeep
		return errStop
	}
	f.left--
	if next == nil {
		return errStop
	}
	return next.Decode(f.rest, f)
}

// SetTruncated notes that a header was cut; IP headers are judged by our own decoder.
func (f *finder) SetTruncated() {
	if !f.found && f.reason == OK {
		f.reason = Truncated
	}
}

func (f *finder) SetLinkLayer(gopacket.LinkLayer)               {}
func (f *finder) SetNetworkLayer(gopacket.NetworkLayer)         {}
func (f *finder) SetTransportLayer(gopacket.TransportLayer)     {}
func (f *finder) SetApplicationLayer(gopacket.ApplicationLayer) {}
func (f *finder) SetErrorLayer(gopacket.ErrorLayer)             {}
func (f *finder) DumpPacketData()                               {}

// DecodeOptions are those of a packet that is not copied.
func (f *finder) DecodeOptions() *gopacket.DecodeOptions {
	return &gopacket.DecodeOptions{NoCopy: true}
}
