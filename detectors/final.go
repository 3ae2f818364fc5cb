package detectors

import "slices"

// Close appends, at the end of a capture, one last signal for every attack that has grown since it last spoke, in
// the order of their last calls: so the numbers that remain are whole, though growth is otherwise told only when
// an attack has doubled.
func (e *Engine) Close(dst []Signal) []Signal {
	s := &e.scene
	from := len(dst)
	s.principals.each(func(p *principal) {
		s.p = p
		joined := s.now < p.joined // then the walk of several speaks for it
		for i, f := range p.cases {
			if f == nil || !f.more(s.now) {
				continue
			}
			switch family(i) {
			case famSize:
				dst = append(dst, s.restateSize(f))
			case famWalk:
				if !joined {
					dst = append(dst, s.restateWalk(f))
				}
			case famFanout:
				if !joined {
					dst = append(dst, s.restateFanout(f))
				}
			}
		}
	})
	for _, d := range slices.Concat(e.detectors, e.watchers) {
		if d, ok := d.(interface{ close([]Signal) []Signal }); ok {
			dst = d.close(dst)
		}
	}
	slices.SortStableFunc(dst[from:], func(a, b Signal) int { return a.Compare(b.Order) })
	s.stats.Signals += uint64(len(dst) - from)
	return dst
}

// close tells every walk of several that has grown.
func (d *distributed) close(dst []Signal) []Signal {
	s := d.scene
	s.spaces.each(func(sp *space) {
		for i := range sp.walks.tracks {
			if t := &sp.walks.tracks[i]; t.names != nil && t.names.file.more(s.now) {
				dst = append(dst, d.tell(t, t.names.file.said()))
			}
		}
	})
	return dst
}
