package replay

import (
	"io"

	"auscult/sensor/packet"
)

// direct is the lane of a source that has but one: it reads when it is asked, where it is asked, so that a frame is
// in the cache of the one who wants it and nothing is handed over. One goroutine.
type direct struct {
	source  *Source
	streams []*stream
	merge   *merge
	ended   bool
}

// Next returns the next packet, valid until the call after, and io.EOF at the end.
func (d *direct) Next() (packet.Raw, error) {
	if raw, _ := d.merge.next(); raw != nil {
		return *raw, nil
	}
	if !d.ended {
		d.ended = true
		d.merge.close()
		d.source.finish(d.merge, d.streams)
	}
	return packet.Raw{}, io.EOF
}
