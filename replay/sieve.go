package replay

import (
	"auscult/sensor/bpf"
	"auscult/sensor/packet"
)

// sieve runs a filter on packets of any link type: it has a program for each, made when the first such frame comes.
// One goroutine.
type sieve struct {
	filter   *bpf.Filter
	programs map[packet.LinkType]*bpf.Program // nil where the filter cannot be asked
	link     packet.LinkType                  // of the frame before, for which current is
	current  *bpf.Program
	begun    bool
}

// takes says whether the filter takes a frame. The error comes once for each link type that it cannot be asked about.
func (s *sieve) takes(raw *packet.Raw) (bool, error) {
	var err error
	if !s.begun || s.link != raw.Link {
		err = s.turn(raw.Link)
	}
	return s.current != nil && s.current.Match(raw.Frame, raw.WireLen), err
}

// turn goes on with frames of another link type.
func (s *sieve) turn(link packet.LinkType) error {
	s.begun, s.link = true, link
	var known bool
	if s.current, known = s.programs[link]; known {
		return nil
	}
	if s.programs == nil {
		s.programs = map[packet.LinkType]*bpf.Program{}
	}
	var err error
	s.current, err = s.filter.Compile(link, bpf.InFrame)
	s.programs[link] = s.current
	return err
}
