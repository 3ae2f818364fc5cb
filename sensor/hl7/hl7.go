// Package hl7 reads HL7 v2 messages from the two byte streams of a TCP connection that carries them by the Minimal
// Lower Layer Protocol (HL7 transport specification, MLLP release 2): in go the bytes, gaps and ends of each
// direction as they are learned, out come http.Exchanges, each a message paired with its acknowledgement or query
// response. Nothing of a message is kept but a bounded head. Everything belongs to the goroutine of its Pool.
package hl7

import (
	"bytes"

	"auscult/sensor/er7"
)

// The bytes that frame a message: start block, end block.
const (
	startBlock = 0x0b
	endBlock   = 0x1c
)

// Looks is whether a direction of a connection that begins with b is MLLP: a start block and the header segment of
// a message, a file or a batch. more says that b is too short to tell.
func Looks(b []byte) (yes, more bool) {
	if len(b) == 0 {
		return false, true
	}
	if b[0] != startBlock {
		return false, false
	}
	ok, more := begins(b[1:])
	return ok && !more, ok && more
}

// begins is whether b can begin a message: MSH, FHS or BHS and a field separator. more says that b is too short to
// be sure of it.
func begins(b []byte) (ok, more bool) {
	for _, id := range [...]string{"MSH", "FHS", "BHS"} {
		n := min(len(b), 3)
		if string(b[:n]) != id[:n] {
			continue
		}
		if len(b) < 4 {
			return true, true
		}
		return separator(b[3]), false
	}
	return false, false
}

// separator is whether c can be a field separator: it is printed, and no letter or digit.
func separator(c byte) bool {
	return c > ' ' && c < 0x7f && !('0' <= c && c <= '9') && !('a' <= c|0x20 && c|0x20 <= 'z')
}

// header is what the first segments of a message say, borrowed from it (HL7 v2.5 sections 2.15.9 and 2.15.8).
type header struct {
	sender, senderSite     []byte // MSH-3 and MSH-4, their first component
	receiver, receiverSite []byte // MSH-5 and MSH-6
	kind, trigger          []byte // MSH-9
	control                []byte // MSH-10
	ack                    []byte // MSA-1; empty when the message acknowledges none
	acked                  []byte // MSA-2
	found                  bool   // there is an MSH
}

// readHeader reads the segments at the head of a message up to the first that is not part of its header. done is
// false when b ends before that is sure; final says that no more will come.
func readHeader(b []byte, final bool) (h header, done bool) {
	for len(b) > 0 {
		end := bytes.IndexAny(b, "\r\n")
		line, rest := b, []byte(nil)
		if end >= 0 {
			line, rest = b[:end], b[end+1:]
		}
		if end < 0 && !final && (len(line) < 4 || inHeader(line)) {
			return h, false
		}
		switch {
		case len(line) == 0:
		case len(line) < 4 || !inHeader(line):
			if h.found {
				return h, true
			}
		case string(line[:3]) == "MSH":
			if h.found { // the next message of a batch
				return h, true
			}
			h.read(line)
		case string(line[:3]) == "MSA" && h.found:
			h.ack, h.acked = er7.Part(line, line[3], 1), er7.Part(line, line[3], 2)
			return h, true
		}
		b = rest
	}
	return h, final
}

// inHeader is whether a segment may stand before what a message is about.
func inHeader(line []byte) bool {
	switch string(line[:3]) {
	case "MSH", "MSA", "SFT", "UAC", "FHS", "BHS":
		return true
	}
	return false
}

func (h *header) read(line []byte) {
	h.found = true
	s := er7.Declared(line)
	first := func(n int) []byte { return er7.Part(er7.Part(line, s.Field, n-1), s.Component, 0) }
	h.sender, h.senderSite, h.receiver, h.receiverSite = first(3), first(4), first(5), first(6)
	h.kind, h.trigger = first(9), er7.Part(er7.Part(line, s.Field, 8), s.Component, 1)
	h.control = first(10)
}

// maxName bounds an application's name and maxControl a control id, in bytes.
const (
	maxName    = 64
	maxControl = 64
)

// appendType appends the type of a message as a target: ADT^A01.
func appendType(dst []byte, h *header) []byte {
	n := len(dst)
	if dst = er7.AppendType(dst, h.kind, h.trigger); len(dst) == n {
		return append(dst, "UNKNOWN"...)
	}
	return dst
}

// appendPair appends an application and its site as APP^SITE; nothing when both are empty.
func appendPair(dst, app, site []byte) []byte {
	if len(app) == 0 && len(site) == 0 {
		return dst
	}
	dst = append(dst, app[:min(len(app), maxName)]...)
	return append(append(dst, '^'), site[:min(len(site), maxName)]...)
}

// query is whether a message asks for what its response brings, beside a mere acknowledgement (HL7 v2.5 chapter 5).
func (h *header) query() bool {
	return len(h.kind) == 3 && (h.kind[0] == 'Q' || string(h.kind) == "SQM" || string(h.kind) == "VQQ" || string(h.kind) == "SPQ")
}

// status is what an acknowledgement code says as a status of HTTP; 0 when it is none (HL7 table 0008).
func status(ack []byte) int {
	if len(ack) != 2 || ack[0] != 'A' && ack[0] != 'C' {
		return 0
	}
	switch ack[1] {
	case 'A':
		return 200
	case 'E':
		return 500
	case 'R':
		return 400
	}
	return 0
}
