package cluster

import (
	"fmt"

	"auscult/sensor/call"
	"auscult/sensor/pseudonym"
)

// opened is a message of the topic, as far as it could be read.
type opened struct {
	batch
	offset int64
	zipped []byte      // the calls, no longer sealed
	calls  []call.Call // nil: they are read when they are judged, if they can be
	fault  string      // why it is refused; empty when it is not
}

// opener reads messages ahead of who judges them, on a goroutine of its own: that takes as long as judging does.
type opener struct {
	heads *heads
	keys  func(site string) (*pseudonym.Keyer, error)
	sites map[string]*reading // those whose key is known
}

func newOpener(keys func(string) (*pseudonym.Keyer, error)) (*opener, error) {
	heads, err := newHeads()
	return &opener{heads, keys, map[string]*reading{}}, err
}

// open reads the message at offset. Nothing of it is kept.
func (o *opener) open(offset int64, message []byte) opened {
	h, front, body, err := o.heads.read(message)
	out := opened{batch: h, offset: offset}
	if err != nil {
		out.Site, out.fault = "", fmt.Sprintf("a message (offset %d) %v", offset, err)
		return out
	}
	r := o.sites[h.Site]
	if r == nil {
		if r, err = o.reading(h.Site); err != nil {
			out.fault = fmt.Sprintf("site %q: its calls cannot be opened: %v", h.Site, err)
			return out
		}
	}
	if out.zipped, err = r.seal.open(body, front); err != nil {
		out.fault = fmt.Sprintf("site %q: a batch of sensor %q %v", h.Site, h.Sensor, err)
		return out
	}
	o.sites[h.Site] = r // known by a message that is authentic
	if h.Calls > 0 {
		if calls, err := r.load(make([]call.Call, 0, h.Calls), &h, out.zipped); err == nil {
			out.calls = calls
		}
	}
	return out
}

// reading is what it takes to read a site's calls.
func (o *opener) reading(site string) (*reading, error) {
	if !isName(site) {
		return nil, fmt.Errorf("that cannot be the name of one")
	}
	keys, err := o.keys(site)
	if err != nil {
		return nil, err
	}
	seal, err := newSeal(keys, callsPurpose)
	return &reading{seal: seal}, err
}

// reading reads batches of one site. One goroutine.
type reading struct {
	record record
	seal   *seal
}

// load appends the calls of a batch to dst. With an error, those before what cannot be read.
func (r *reading) load(dst []call.Call, h *batch, zipped []byte) ([]call.Call, error) {
	b, err := r.seal.unzip(make([]byte, 0, h.Size), zipped, h.Size)
	if err != nil {
		return dst, err
	}
	var last call.Order
	for in := string(b); len(in) > 0; {
		dst = append(dst, call.Call{})
		c := &dst[len(dst)-1]
		if in, err = r.record.decode(c, in); err == nil && (c.Order.Compare(last) < 0 || c.Time < h.First || len(dst) > h.Calls) {
			err = errRecord
		}
		if err != nil {
			return dst[:len(dst)-1], err
		}
		last = c.Order
	}
	return dst, nil
}
