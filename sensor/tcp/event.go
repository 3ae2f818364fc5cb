package tcp

import (
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// ID names a connection: a hash of its flow and of the time and sequence number of its first packet, the same on
// every machine and with any number of workers.
type ID uint64

// Kind is what an Event says about one direction of a connection.
type Kind uint8

// Kinds of Event.
const (
	Data Kind = iota // Bytes are the next bytes of the direction
	Gap              // Lost bytes of the direction were never seen
	End              // no more bytes in this direction; Why says how it ended
)

// Why is how a direction ended.
type Why uint8

// Ways for a direction to end. FIN ends one direction; every other way ends both.
const (
	ByFIN Why = iota
	ByRST
	ByIdle    // nothing was seen for the idle timeout; the Event's Time is the deadline
	ByEvict   // the table was full and this connection was the least recently used
	ByReuse   // a new SYN took over the same endpoints
	ByCapture // the capture ended
)

// Event is something that happened to one direction of a connection, in stream order. Bytes are borrowed: they
// are valid until the next call on the Table. Conn is valid until its second End was handled.
type Event struct {
	Conn  *Conn
	Dir   packet.Dir
	Kind  Kind
	Why   Why
	Time  clock.Time // when it was known
	Seen  clock.Time // when the packet that says so was seen: before Time for bytes that had to wait for others
	Bytes []byte
	Lost  int
}
