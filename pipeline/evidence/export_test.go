package evidence

import "auscult/sensor/packet"

// Encode is sl as its file has it.
func (sl *Slice) Encode() []byte { return sl.encode(0).bytes }

// RememberAll is a ring of that many bytes, and what puts packets into it, looking at all of it at every n-th.
func RememberAll(bytes int64, n int) func(raw *packet.Raw) (held int) {
	r, i := newRing(bytes), 0
	return func(raw *packet.Raw) (held int) {
		r.put(raw)
		if i++; i%n == 0 {
			s := r.snapshot()
			s.each(func(*packet.Raw) { held++ })
			s.release()
		}
		return held
	}
}
