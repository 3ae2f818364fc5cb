package http2

// kind is the type of a frame (RFC 9113 section 6).
type kind uint8

const (
	dataFrame         kind = 0
	headersFrame      kind = 1
	priorityFrame     kind = 2
	resetFrame        kind = 3
	settingsFrame     kind = 4
	pushFrame         kind = 5
	pingFrame         kind = 6
	goAwayFrame       kind = 7
	windowFrame       kind = 8
	continuationFrame kind = 9
	altSvcFrame       kind = 0x0a // RFC 7838
	originFrame       kind = 0x0c // RFC 8336
	priorityUpdate    kind = 0x10 // RFC 9218
	unknownFrame      kind = 0xff
)

const (
	flagEndStream  = 1
	flagAck        = 1
	flagEndHeaders = 4
	flagPadded     = 8
	flagPriority   = 0x20
)

// frameFlags are the flags that each type of frame has.
var frameFlags = [...]uint8{
	dataFrame:         flagEndStream | flagPadded,
	headersFrame:      flagEndStream | flagEndHeaders | flagPadded | flagPriority,
	settingsFrame:     flagAck,
	pushFrame:         flagEndHeaders | flagPadded,
	pingFrame:         flagAck,
	continuationFrame: flagEndHeaders,
	priorityUpdate:    0,
}

const (
	usualFrame = 16 << 10 // the largest payload, unless settings allow more (RFC 9113 section 4.2)
	largeFrame = 1 << 20  // the largest that is taken for one where frames are searched
)

// plausible is whether h, 9 bytes, is a frame header as endpoints send them: of a known type, with that type's
// flags, length and kind of stream (RFC 9113 section 6).
func plausible(h []byte) bool {
	length := int(h[0])<<16 | int(h[1])<<8 | int(h[2])
	k, flags := kind(h[3]), h[4]
	onStream := h[5]&0x7f|h[6]|h[7]|h[8] != 0
	if int(k) >= len(frameFlags) || flags&^frameFlags[k] != 0 || h[5]&0x80 != 0 {
		return false
	}
	switch k {
	case dataFrame:
		return onStream && length <= largeFrame
	case headersFrame, continuationFrame:
		return onStream && length <= usualFrame
	case pushFrame:
		return onStream && length >= 4 && length <= usualFrame
	case priorityFrame:
		return onStream && length == 5
	case resetFrame:
		return onStream && length == 4
	case settingsFrame:
		return !onStream && length%6 == 0 && length <= 32*6 && (flags == 0 || length == 0)
	case pingFrame:
		return !onStream && length == 8
	case goAwayFrame:
		return !onStream && length >= 8 && length <= usualFrame
	case windowFrame:
		return length == 4
	case altSvcFrame:
		return length >= 2 && length <= usualFrame
	case originFrame:
		return !onStream && length <= usualFrame
	case priorityUpdate:
		return !onStream && length >= 4 && length <= usualFrame
	}
	return false
}

// Looks is whether b, the first bytes of a direction that was joined midway or that has no preface, are frames
// of HTTP/2 and surely nothing else: frame headers that lead from one to the next, or one frame of a type that
// leaves no room for chance, such as the first SETTINGS of a server. That b shows no frames proves nothing.
func Looks(b []byte) bool {
	sure := 0 // two are enough
	for len(b) >= 9 && plausible(b) {
		n := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
		if n > len(b)-9 {
			break
		}
		body := b[9 : 9+n]
		if k := kind(b[3]); (k == dataFrame || k == headersFrame) && (b[8]&1 == 0 || k == headersFrame && n == 0) {
			return false // streams of the server are rare, sections without a field are none
		}
		switch kind(b[3]) {
		case dataFrame:
			if n > 0 {
				sure++
			}
		case headersFrame:
			sure += looksBlock(b[4], body)
		case settingsFrame:
			sure += looksSettings(body, n+9 == len(b))
		case windowFrame, resetFrame, pingFrame:
			sure += looksFixed(kind(b[3]), body)
		case goAwayFrame:
			sure++
		}
		b = b[9+n:]
		if sure >= 2 {
			return true
		}
	}
	return sure == 1 && len(b) >= 9 && plausible(b)
}

// The parts of Looks say how much a payload tells: 2 what cannot be chance, 1 something, 0 nothing.

func looksSettings(b []byte, alone bool) int {
	if len(b) == 0 && !alone {
		return 1 // it might be the number 4
	}
	for ; len(b) > 0; b = b[6:] {
		// Of the settings there are, RFC 9113 has six; some browsers send one that is to be ignored.
		if id := uint(b[0])<<8 | uint(b[1]); (id < 1 || id > 9) && id&0x0f0f != 0x0a0a {
			return 0
		}
	}
	return 2
}

func looksFixed(k kind, b []byte) int {
	switch {
	case k == pingFrame:
		return 2
	case k == resetFrame && b[0]|b[1]|b[2] == 0 && b[3] <= 13: // an error code of RFC 9113 section 7
		return 2
	case k == windowFrame && b[0]&0x80 == 0 && b[0]|b[1]|b[2]|b[3] != 0:
		return 2
	}
	return 0
}

// looksBlock reads the fields of a header block, which must begin with a pseudo-header field.
func looksBlock(flags uint8, b []byte) int {
	if flags&flagPadded != 0 {
		if len(b) == 0 || int(b[0]) >= len(b) {
			return 0
		}
		b = b[1 : len(b)-int(b[0])]
	}
	if flags&flagPriority != 0 {
		if len(b) < 5 {
			return 0
		}
		b = b[5:]
	}
	const pseudo = 14 // the last of the static table
	sure := 1
	for first := true; len(b) > 0; {
		bits := uint(4)
		switch {
		case b[0]&0x80 != 0:
			bits = 7
		case b[0]&0x40 != 0:
			bits = 6
		case b[0]&0x20 != 0:
			bits = 5
		}
		i, n := readInt(b, bits)
		if n <= 0 {
			return 0
		}
		b = b[n:]
		strings := 0
		switch {
		case bits == 7 && i == 0:
			return 0
		case bits == 4 || bits == 6:
			strings = 1
			if i == 0 {
				strings = 2
			}
		}
		if bits != 5 && first {
			first = false
			if 0 < i && i <= pseudo {
				sure = 2
			}
		}
		for ; strings > 0; strings-- {
			t, used := readText(b, usualFrame)
			if used <= 0 || t.short || t.long {
				return 0
			}
			b = b[used:]
		}
	}
	return sure
}
