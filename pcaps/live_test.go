package pcaps

import (
	"bytes"
	"context"
	"io"
	"testing"

	"auscult/pipeline"
	"auscult/replay"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// live is a fake mirror port: it deals packets to lanes by their connection, as a fan-out of rings does, and a
// lane with nothing to show yields the time at every grid step. Frames are handed out in one buffer per lane that
// the next call overwrites, as a ring does.
type live struct{ packets []packet.Raw }

func newLive(t *testing.T, path string) *live {
	t.Helper()
	lanes, err := replay.New(replay.Defaults(), path).Open(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	l := &live{}
	for {
		raw, err := lanes[0].Next()
		if err == io.EOF {
			return l
		}
		if err != nil {
			t.Fatal(err)
		}
		raw.Frame = bytes.Clone(raw.Frame)
		l.packets = append(l.packets, raw)
	}
}

func (l *live) Open(_ context.Context, workers int) ([]pipeline.Lane, error) {
	rings := make([]*ring, workers)
	lanes := make([]pipeline.Lane, workers)
	for i := range rings {
		rings[i] = &ring{}
		lanes[i] = rings[i]
	}
	decoder := packet.New(packet.Defaults())
	var s packet.Segment
	var next clock.Time
	for i, raw := range l.packets {
		if i == 0 {
			next = raw.Time.Floor() + clock.Grid
		}
		if raw.Time >= next { // an idle lane's tick
			for _, r := range rings {
				r.packets = append(r.packets, packet.Raw{Time: raw.Time.Floor()})
			}
			next = raw.Time.Floor() + clock.Grid
		}
		ring := rings[0]
		if decoder.Decode(&s, &raw) == packet.OK {
			ring = rings[s.Flow.Hash()%pipeline.Partitions%uint64(workers)]
		}
		ring.packets = append(ring.packets, raw)
	}
	if n := len(l.packets); n > 0 { // a capture ends for all lanes at once
		for _, r := range rings {
			r.packets = append(r.packets, packet.Raw{Time: l.packets[n-1].Time})
		}
	}
	return lanes, nil
}

type ring struct {
	packets []packet.Raw
	frame   []byte
}

func (r *ring) Next() (packet.Raw, error) {
	for i := range r.frame {
		r.frame[i] = 0xa5 // who kept it sees this
	}
	if len(r.packets) == 0 {
		return packet.Raw{}, io.EOF
	}
	raw := r.packets[0]
	r.packets = r.packets[1:]
	if raw.Frame != nil {
		r.frame = append(r.frame[:0], raw.Frame...)
		raw.Frame = r.frame
	}
	return raw, nil
}
