// Package http holds what every version of HTTP shares: the Exchange that a parser yields, the Handler that is
// shown its bodies, and the limits that bound both. It follows RFC 9110; the parsers are in http1 and beside it.
package http

import (
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// Version is the HTTP version as major*10+minor: 9, 10, 11, 20.
type Version uint8

// Side is one half of an exchange.
type Side uint8

// The two halves.
const (
	Request  Side = 0
	Response Side = 1
)

// Header is one header field. Both parts are borrowed with the Exchange; Value is trimmed of outer white space
// and obsolete folds are replaced by a space.
type Header struct{ Name, Value []byte }

// Message is one half of an exchange.
type Message struct {
	Headers  []Header
	Trailers []Header
	Wire     int64 // content bytes after de-chunking, before content decoding
	Decoded  int64 // content bytes after content decoding
	Lost     int64 // content bytes that are known to be missing from the capture
	Names    Names // of the names that are told apart, those of Headers; without Told, nobody has looked
	Complete bool  // the whole message was seen
	Seen     bool  // its start line was seen
	// Known is not 0 for Headers that the parser has by heart: all messages of one goroutine with the same number
	// have the same, byte for byte, and their memory is never written again.
	Known uint64
}

// Get is the value of the first header called name, which must be given in lower case; nil if there is none.
func (m *Message) Get(name string) []byte {
	for i := range m.Headers {
		if EqualFold(m.Headers[i].Name, name) {
			return m.Headers[i].Value
		}
	}
	return nil
}

// EqualFold is whether name is lower, an ASCII lower-case string, but for ASCII case.
func EqualFold(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// Marks are oddities of an exchange that a careful reader keeps: each is a bit.
type Marks uint32

// Oddities (RFC 9112 and what attackers send).
const (
	TEAndCL           Marks = 1 << iota // Transfer-Encoding beside Content-Length (RFC 9112 section 6.3)
	DuplicateCL                         // Content-Length fields that differ
	BareLF                              // a line ended by LF alone
	ObsFold                             // a folded header field
	BadChunk                            // a chunk size that is not one
	AbsoluteForm                        // request target in absolute form
	BadHeader                           // a header line without a colon, with space before it, or with a NUL
	BadCoding                           // content that does not decode as its Content-Encoding says
	OverHead                            // the head was longer than its limit
	UnknownTE                           // a transfer coding that is not known
	SpaceInTarget                       // white space inside the request target
	Ambiguous                           // two careful readers would find different requests in these bytes: request smuggling
	Conflict                            // bytes of it were sent twice with different values (RFC 9293 section 3.10.7.4)
	HeaderState                         // its header section needs HPACK state from before the capture: some of it is unknown
	RapidReset                          // HTTP/2 stream that its client reset at once (CVE-2023-44487)
	Pushed                              // HTTP/2 server push: the request is the server's promise (RFC 9113 section 8.4)
	AmbiguousResponse                   // two careful readers would find different messages in the bytes of its response
	Smuggled                            // by the other reading of an Ambiguous request another request begins inside it
	HostConflict                        // it names two hosts: by Host fields that differ, or by its target and its Host (RFC 9112 section 3.2)
)

// Loss says what of an exchange was not seen: each is a bit.
type Loss uint8

// Kinds of loss, in the order the call log lists them.
const (
	LossGap         Loss = 1 << iota // bytes inside it are missing from the capture
	LossTruncated                    // the capture or the connection ended inside it
	LossOneSided                     // only one direction of the connection was seen
	LossDecodeLimit                  // content went past a decoding limit and was counted, not scanned
	LossMidstream                    // the connection was joined after its start
)

// Exchange is one request with its final response. Everything in it is borrowed: it is valid until it is
// released to the parser that yielded it.
type Exchange struct {
	Seq           uint32     // place in its connection, from 0
	Start         clock.Time // first byte of the request (of the response when no request was seen)
	RequestEnd    clock.Time // last byte of the request
	ResponseStart clock.Time // first byte of the final response; 0 when none was seen
	End           clock.Time // last byte of the exchange, or when it was known that no more would come
	ClientDir     packet.Dir // the direction in which the client sends
	Version       Version    // of the request; of the response when there is none
	Method        []byte     // as sent; empty when the request was not seen
	Target        []byte     // as sent
	Status        int        // of the final response; 0 when none was seen
	Request       Message
	Response      Message
	Marks         Marks
	Loss          Loss
	GRPC          GRPC
	Messages      [2]int64     // gRPC or WebSocket messages of the request and the response side
	Where         packet.Where // record of the packet that began it
	Depth         uint32       // requests of the connection that were unanswered when this one began; HTTP/2: the stream id
	App           any          // the Handler's own, kept with the Exchange until it is released
	Storage       any          // the parser's own: what the borrowed bytes live in
}

// Emptied is an Exchange that has nothing of x but the memory of its lists, for Storage that is used again.
func (x *Exchange) Emptied() Exchange {
	return Exchange{
		Request:  Message{Headers: x.Request.Headers[:0], Trailers: x.Request.Trailers[:0]},
		Response: Message{Headers: x.Response.Headers[:0], Trailers: x.Response.Trailers[:0]},
	}
}

// GRPC is the outcome of a gRPC call: 0 when the exchange is not gRPC, GRPCUnknown while its status was not seen,
// else its status code plus 2 (grpc-status, gRPC over HTTP/2).
type GRPC uint8

// GRPCUnknown is a gRPC call without a status.
const GRPCUnknown GRPC = 1

// Status is the status code of a gRPC call whose status was seen.
func (g GRPC) Status() (code int, ok bool) { return int(g) - 2, g > GRPCUnknown }

// Message is the half of x on side s.
func (x *Exchange) Message(s Side) *Message {
	if s == Request {
		return &x.Request
	}
	return &x.Response
}

// Handler is shown the bodies of exchanges while they pass.
type Handler interface {
	// Body is called when the head of a message with content has been read; for a response, after it was paired
	// with its request. The decoded content is written to the Scanner that it returns; nil means that nobody
	// wants it, and it is only counted.
	Body(x *Exchange, s Side) Scanner
}

// Scanner reads the decoded content of one message as it arrives. It keeps no reference to b.
type Scanner interface {
	Scan(b []byte)
	// Close ends the content: complete is false when some of it was lost, cut or refused by a limit.
	Close(complete bool)
}

// Holder is a Scanner that would rather know a content again than read it. The content is held back as it is on the wire,
// and when it has ended whole the Holder is asked what the same bytes came to before. Its results are those of reading.
type Holder interface {
	Scanner
	// Hold keeps a copy of p, the next bytes, none at the beginning; false means that it does not, and that what is held
	// must be read now.
	Hold(p []byte) bool
	// Held is what is held.
	Held() []byte
	// Release forgets it.
	Release()
	// Known is whether what is held was read before under these codings, and to how many bytes it decoded. The Scanner is
	// then closed.
	Known(codings uint32) (decoded int64, ok bool)
	// Learn says, after Close, that what Known did not know was read without fault to so many bytes.
	Learn(decoded int64)
}

// Stream reads one connection and yields its exchanges: the verbs of every version of HTTP. The exchanges and
// what they borrow are valid until they are released.
type Stream interface {
	// Bytes reads b, the next bytes of direction d, seen at t. b is not kept.
	Bytes(dst []*Exchange, d packet.Dir, t clock.Time, b []byte) ([]*Exchange, Verdict)
	// Gap says that n bytes of direction d, learned of at t, were never seen.
	Gap(dst []*Exchange, d packet.Dir, t clock.Time, n int) ([]*Exchange, Verdict)
	// End says that direction d ended at t. By FIN the other direction goes on; any other end ends both.
	End(dst []*Exchange, d packet.Dir, t clock.Time, fin bool) ([]*Exchange, Verdict)
	// Ended is whether both directions have ended: everything was yielded.
	Ended() bool
}

// Verdict is what a parser thinks of its connection after a call.
type Verdict uint8

// Verdicts.
const (
	More    Verdict = iota // go on
	Upgrade                // what follows in both directions is another protocol (101, CONNECT 2xx)
	NotHTTP                // this is not HTTP; the parser need not be called again
	HTTP2                  // it opened with the connection preface of HTTP/2 (RFC 9113 section 3.4)
)

var verdictNames = [...]string{"more", "upgrade", "not_http", "http2"}

func (v Verdict) String() string { return verdictNames[v] }
