// Package tls reads the bytes of one TCP connection that carries TLS and yields its application data, decrypted
// with the secrets of a key log: TLS 1.0 to 1.2 (RFC 2246, 4346, 5246) and 1.3 (RFC 8446). Plaintext is yielded
// only if it is authentic. What cannot be read is counted, and what can be seen of it (Info) is kept. It owns no
// bytes that it is given; what it yields lives until the next call on the Pool. DTLS, QUIC and SSL 3 are not read.
package tls

import (
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// Chunk is plaintext, or what happened to it, in the order of its direction.
type Chunk struct {
	Dir   packet.Dir
	Kind  tcp.Kind   // Data: Bytes; Gap: Lost bytes, about; End: Fin
	Fin   bool       // it ended in order, by close_notify or FIN
	Time  clock.Time // when it was known: the time given to the call that yielded it
	Seen  clock.Time // when its last packet was seen: earlier than Time if it had to wait for secrets
	Bytes []byte
	Lost  int
}

// Version is a version of TLS as in its records: 0x0301 is TLS 1.0, 0x0304 is TLS 1.3.
type Version uint16

func (v Version) String() string {
	switch v {
	case 0:
		return ""
	case 0x0300:
		return "ssl3"
	case 0x0301:
		return "1.0"
	case 0x0302:
		return "1.1"
	case 0x0303:
		return "1.2"
	case 0x0304:
		return "1.3"
	}
	return "unknown"
}

// Why says why a connection cannot be read.
type Why uint8

// Reasons. Readable is none: it is read, or it is not known yet whether it will be.
const (
	Readable Why = iota
	NoKeys
	WrongKeys   // what the secrets gave opened nothing
	Unsupported // a version, suite or extension that is not decrypted
	Midway      // joined after its handshake
	Damaged     // lost step
	Bounded     // a limit was met
)

var whyNames = [...]string{"", "no_keys", "wrong_keys", "unsupported", "midway", "damaged", "limit"}

func (w Why) String() string { return whyNames[w] }

// Info is what is known of a connection. Its strings may be kept.
type Info struct {
	Version    Version // that is spoken; 0 until the server has chosen
	Suite      uint16  // that the server chose
	ServerName string
	ALPN       string // that the server chose, else the first that the client offered
	Chosen     bool   // ALPN is the server's choice
	JA4        string
	Server     *Certificate // nil when it was not seen or could not be read
	Client     *Certificate // of mutual TLS
	Resumed    bool
	Decrypted  bool // something of it was decrypted
	Why        Why
	Bytes      [2]int64 // each way, by direction of the flow, handshake and record headers included
}

// Cipher is the registered name of the suite; empty until the server has chosen.
func (i *Info) Cipher() string {
	if i.Version == 0 {
		return ""
	}
	s := suiteOf(i.Suite)
	return s.name
}

// Looks is whether the first bytes of a direction can begin TLS: a record with a hello, or any record when the
// connection was joined midway. more says that b is too short to tell.
func Looks(b []byte) (yes, more bool) {
	switch n := len(b); {
	case n > 0 && (b[0] < typeCCS || b[0] > typeData),
		n > 1 && b[1] != 3,
		n > 2 && b[2] > 4,
		n > 3 && int(b[3]) > maxBody>>8,
		n > 4 && (size(b) > maxBody || size(b) == 0):
		return false, false
	default:
		return n >= headerLen, n < headerLen
	}
}

// size is the length of the body of the record that begins at b.
func size(b []byte) int { return int(b[3])<<8 | int(b[4]) }

// plausible is whether b begins with a record header, as far as it goes.
func plausible(b []byte) bool {
	yes, more := Looks(b)
	return yes || more
}
