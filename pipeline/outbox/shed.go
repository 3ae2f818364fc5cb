package outbox

import "auscult/pipeline/alert"

// shed drops records until the log is a sixteenth below its bound again, when it is past it: updates, oldest first,
// then closings, then openings. What every cursor has passed goes along, uncounted.
func (l *Log) shed(passed uint64) {
	l.mu.Lock()
	segments := append([]*segment(nil), l.segments...)
	l.mu.Unlock()
	excess := -l.cfg.MaxBytes
	for _, g := range segments {
		excess += g.size
	}
	if excess <= 0 {
		return
	}
	excess += l.cfg.MaxBytes / 16
	for _, kind := range shedOrder {
		for _, g := range segments {
			if excess <= 0 {
				return
			}
			if g.counts[kind] == 0 {
				continue
			}
			if g == l.current {
				l.rest()
			}
			freed, err := l.thin(g, kind, excess, passed)
			if err != nil {
				l.mu.Lock()
				l.stats.Failures++
				l.mu.Unlock()
				return // tried again with the next batch
			}
			excess -= freed
		}
	}
}

// thin writes g anew without its oldest records of one kind, until want bytes are free, and says how many are. The
// new file takes the place of the old one in one step.
func (l *Log) thin(g *segment, kind alert.Activity, want int64, passed uint64) (freed int64, err error) {
	next := newSegment(g.first)
	next.version, next.checked = g.version+1, g.checked
	var b []byte
	var dropped Kinds
	err = l.each(g, func(r *Record) {
		switch {
		case r.Number < passed:
			freed += int64(r.frameSize())
		case r.Activity == kind && freed < want:
			freed += int64(r.frameSize())
			dropped.add(kind, 1)
		default:
			b = appendFrame(b, r)
			next.add(r)
		}
	})
	if err != nil {
		return 0, err
	}
	if next.size = int64(len(b)); next.records() > 0 {
		if err := l.write(next.name+freshSuffix, b); err != nil {
			return 0, err
		}
	}
	l.files.Lock()
	defer l.files.Unlock()
	if next.records() == 0 {
		err = l.disk.remove(g.name)
	} else if err = l.disk.rename(next.name+freshSuffix, g.name); err == nil {
		err = l.disk.sync()
	}
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Shed.merge(dropped)
	for i, old := range l.segments {
		if old != g {
			continue
		}
		if next.records() == 0 {
			l.segments = append(l.segments[:i:i], l.segments[i+1:]...)
		} else {
			*g = *next
		}
		break
	}
	return freed, nil
}

// write makes a whole file durable under a new name.
func (l *Log) write(name string, b []byte) error {
	f, err := l.disk.create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		l.disk.remove(name) // at worst it is removed when the outbox is opened again
	}
	return err
}
