package cluster

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"auscult/pipeline/alert"
	"auscult/pipeline/outbox"
	"auscult/pipeline/sink"
)

// store keeps one partition's checkpoints in the compacted topic. A checkpoint is cut in pieces that a broker takes; each
// has a key of its own, ID/piece/pieces, so that a writer that dies, or one that was thought dead, harms no other's.
// A checkpoint counts when all its pieces are there; then those before it are taken away.
type store struct {
	topic     *sink.Kafka
	partition int
	piece     int    // bytes
	writer    string // who writes
	n         uint64 // checkpoints written
	sent      uint64 // records
	others    []string
}

// load is the newest whole checkpoint: the one that covers most. Nil when there is none. It notes what is there besides.
func (s *store) load(ctx context.Context) ([]byte, error) {
	type parts struct {
		through int64
		pieces  [][]byte
		left    int
	}
	found := map[string]*parts{}
	var best string
	var batch []sink.Message
	keys := map[string]bool{}
	for offset := int64(0); ; {
		var end int64
		var err error
		if batch, _, end, err = s.topic.Fetch(ctx, batch[:0], s.partition, offset); err != nil {
			return nil, err
		}
		for _, m := range batch {
			offset = m.Offset + 1
			id, piece, pieces, ok := parseKey(string(m.Key))
			if !ok {
				continue
			}
			if m.Value == nil {
				delete(keys, string(m.Key))
				if best != id { // what is read already may well be taken away behind it
					delete(found, id)
				}
				continue
			}
			keys[string(m.Key)] = true
			if len(m.Value) < 8 {
				continue
			}
			p := found[id]
			if p == nil {
				p = &parts{through: int64(binary.BigEndian.Uint64(m.Value)), pieces: make([][]byte, pieces), left: pieces}
				found[id] = p
			}
			if len(p.pieces) != pieces || p.pieces[piece] != nil {
				continue
			}
			p.pieces[piece] = m.Value[8:]
			if p.left--; p.left > 0 {
				continue
			}
			if best == "" || p.through >= found[best].through {
				best = id
			}
			for other, o := range found { // which of them go does not matter
				if other != best && o.left == 0 {
					delete(found, other)
				}
			}
		}
		if offset >= end || len(batch) == 0 && end == 0 {
			break
		}
		if len(batch) == 0 { // what is left was compacted away
			offset++
		}
	}
	s.others = s.others[:0]
	for k := range keys {
		s.others = append(s.others, k)
	}
	if best == "" {
		return nil, nil
	}
	var out []byte
	for _, piece := range found[best].pieces {
		out = append(out, piece...)
	}
	return out, nil
}

// save stores a checkpoint that covers everything before through, and then takes away those that were there.
func (s *store) save(ctx context.Context, b []byte, through int64) error {
	s.n++
	id := s.writer + "-" + strconv.FormatUint(s.n, 10)
	pieces := max(1, (len(b)+s.piece-1)/s.piece)
	if pieces > maxPieces {
		return fmt.Errorf("a checkpoint of %d bytes has too many pieces", len(b))
	}
	keys := make([]string, 0, pieces)
	for i := range pieces {
		key := fmt.Sprintf("%s/%d/%d", id, i, pieces)
		part := b[i*s.piece : min(len(b), (i+1)*s.piece)]
		body := append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(part)), uint64(through)), part...)
		if err := s.send(ctx, key, body); err != nil {
			return err
		}
		keys = append(keys, key)
	}
	for len(s.others) > 0 {
		if err := s.send(ctx, s.others[0], nil); err != nil {
			s.others = append(s.others, keys...)
			return err
		}
		s.others = s.others[1:]
	}
	s.others = keys
	return nil
}

// send stores one record, for as long as it takes.
func (s *store) send(ctx context.Context, key string, body []byte) error {
	s.sent++
	r := []outbox.Record{{Number: s.sent, UID: key, Sequence: 1, Activity: alert.Update, Body: body}}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		n, err := s.topic.Send(ctx, r)
		if n == 1 {
			return nil
		}
		if f := (*sink.Failure)(nil); errors.As(err, &f) && f.Skip {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

// maxPieces bounds what a key can have a reader keep room for.
const maxPieces = 1 << 14

func parseKey(key string) (id string, piece, pieces int, ok bool) {
	f := strings.Split(key, "/")
	if len(f) != 3 {
		return "", 0, 0, false
	}
	piece, err := strconv.Atoi(f[1])
	pieces, perr := strconv.Atoi(f[2])
	return f[0], piece, pieces, err == nil && perr == nil && piece >= 0 && piece < pieces && pieces <= maxPieces
}
