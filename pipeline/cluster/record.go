package cluster

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/exposure"
	"auscult/sensor/http"
	"auscult/sensor/inject"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

// record is a call as it travels, a CBOR map (RFC 8949) by number: what is zero is left out, and a reader passes over
// numbers that it does not know. A number is never given to another meaning.
type record struct {
	Time      clock.Time      `cbor:"1,keyasint,omitzero"`
	Flow      uint64          `cbor:"2,keyasint,omitzero"`
	Seq       uint32          `cbor:"3,keyasint,omitzero"`
	Start     clock.Time      `cbor:"4,keyasint,omitzero"` // from Time
	Kind      call.Kind       `cbor:"5,keyasint,omitzero"`
	Conn      uint64          `cbor:"6,keyasint,omitzero"`
	Stream    uint32          `cbor:"7,keyasint,omitzero"`
	Client    []byte          `cbor:"8,keyasint,omitempty"` // address, port
	Server    []byte          `cbor:"9,keyasint,omitempty"`
	Version   http.Version    `cbor:"10,keyasint,omitzero"`
	Method    string          `cbor:"11,keyasint,omitzero"`
	Host      string          `cbor:"12,keyasint,omitzero"`
	Target    string          `cbor:"13,keyasint,omitzero"`
	Path      string          `cbor:"14,keyasint,omitzero"`
	Query     string          `cbor:"15,keyasint,omitzero"`
	Route     string          `cbor:"16,keyasint,omitzero"`
	Endpoint  uint64          `cbor:"17,keyasint,omitzero"`
	Forwarded string          `cbor:"18,keyasint,omitzero"`
	UserAgent string          `cbor:"19,keyasint,omitzero"`
	Content   string          `cbor:"20,keyasint,omitzero"`
	Status    int             `cbor:"21,keyasint,omitzero"`
	Sizes     [4]int64        `cbor:"22,keyasint,omitzero"` // request as sent, decoded; response likewise
	TTFB      clock.Time      `cbor:"23,keyasint,omitzero"`
	Duration  clock.Time      `cbor:"24,keyasint,omitzero"`
	Principal recordPrincipal `cbor:"25,keyasint,omitzero"`
	Objects   []recordObject  `cbor:"26,keyasint,omitempty"`
	Delivered []uint64        `cbor:"27,keyasint,omitempty"`
	User      string          `cbor:"28,keyasint,omitzero"`
	Issued    []uint64        `cbor:"29,keyasint,omitempty"`
	Grant     call.Grant      `cbor:"30,keyasint,omitzero"`
	Args      []recordArg     `cbor:"31,keyasint,omitempty"`
	Auth      recordAuth      `cbor:"32,keyasint,omitzero"`
	Handed    []recordHanded  `cbor:"33,keyasint,omitempty"`
	Answer    recordAnswer    `cbor:"34,keyasint,omitzero"`
	Graph     recordGraph     `cbor:"35,keyasint,omitzero"`
	TLS       string          `cbor:"36,keyasint,omitzero"`
	JA4       string          `cbor:"37,keyasint,omitzero"`
	Asked     int             `cbor:"38,keyasint,omitzero"`
	PHI       recordFound     `cbor:"39,keyasint,omitzero"`
	FHIR      recordFHIR      `cbor:"40,keyasint,omitzero"`
	Flags     call.Flags      `cbor:"41,keyasint,omitzero"`
	Marks     http.Marks      `cbor:"42,keyasint,omitzero"`
	Loss      http.Loss       `cbor:"43,keyasint,omitzero"`
	GRPC      http.GRPC       `cbor:"44,keyasint,omitzero"`
	Messages  [2]int64        `cbor:"45,keyasint,omitzero"`
	File      uint32          `cbor:"46,keyasint,omitzero"`
	Offset    int64           `cbor:"47,keyasint,omitzero"`
	Outer     []byte          `cbor:"48,keyasint,omitempty"` // source, destination, id, encapsulation
	Running   bool            `cbor:"49,keyasint,omitzero"`
	Continued bool            `cbor:"50,keyasint,omitzero"`
}

// The parts of a record have the fields of the call's, in their order: conversions hold them to that.
type (
	recordPrincipal struct {
		Key      uint64             `cbor:"1,keyasint,omitzero"`
		Kind     call.PrincipalKind `cbor:"2,keyasint,omitzero"`
		ID       string             `cbor:"3,keyasint,omitzero"`
		Issuer   string             `cbor:"4,keyasint,omitzero"`
		Client   string             `cbor:"5,keyasint,omitzero"`
		Role     string             `cbor:"6,keyasint,omitzero"`
		Scope    string             `cbor:"7,keyasint,omitzero"`
		Token    uint64             `cbor:"8,keyasint,omitzero"`
		Patient  uint64             `cbor:"9,keyasint,omitzero"`
		Service  bool               `cbor:"10,keyasint,omitzero"`
		Shared   bool               `cbor:"11,keyasint,omitzero"`
		Strength uint8              `cbor:"12,keyasint,omitzero"`
		Expires  clock.Time         `cbor:"13,keyasint,omitzero"`
	}
	recordObject struct {
		Type    string     `cbor:"1,keyasint,omitzero"`
		ID      string     `cbor:"2,keyasint,omitzero"`
		Key     uint64     `cbor:"3,keyasint,omitzero"`
		Param   uint64     `cbor:"4,keyasint,omitzero"`
		Where   call.Where `cbor:"5,keyasint,omitzero"`
		Patient bool       `cbor:"6,keyasint,omitzero"`
		Sub     bool       `cbor:"7,keyasint,omitzero"`
	}
	recordFHIR struct {
		Interaction string `cbor:"1,keyasint,omitzero"`
		Type        string `cbor:"2,keyasint,omitzero"`
		Operation   string `cbor:"3,keyasint,omitzero"`
		Entries     int    `cbor:"4,keyasint,omitzero"`
		Total       int64  `cbor:"5,keyasint,omitzero"`
	}
	recordFound struct {
		Classes phi.Class `cbor:"1,keyasint,omitzero"`
		People  int       `cbor:"2,keyasint,omitzero"`
		Records int       `cbor:"3,keyasint,omitzero"`
		Bytes   int64     `cbor:"4,keyasint,omitzero"`
		Cut     bool      `cbor:"5,keyasint,omitzero"`
	}
	recordAuth struct {
		Scheme    call.Scheme    `cbor:"1,keyasint,omitzero"`
		Marks     call.AuthMarks `cbor:"2,keyasint,omitzero"`
		Issued    clock.Time     `cbor:"3,keyasint,omitzero"`
		Starts    clock.Time     `cbor:"4,keyasint,omitzero"`
		Secret    uint64         `cbor:"5,keyasint,omitzero"`
		Signature uint64         `cbor:"6,keyasint,omitzero"`
		Purpose   string         `cbor:"7,keyasint,omitzero"`
	}
	recordHanded struct {
		Token uint64           `cbor:"1,keyasint,omitzero"`
		Name  string           `cbor:"2,keyasint,omitzero"`
		Value string           `cbor:"3,keyasint,omitzero"`
		Marks call.CookieMarks `cbor:"4,keyasint,omitzero"`
	}
	recordGraph struct {
		Depth         int    `cbor:"1,keyasint,omitzero"`
		Aliases       int    `cbor:"2,keyasint,omitzero"`
		Batch         int    `cbor:"3,keyasint,omitzero"`
		Introspection bool   `cbor:"4,keyasint,omitzero"`
		Mutation      string `cbor:"5,keyasint,omitzero"`
	}
	recordProp struct {
		Key   uint64    `cbor:"1,keyasint,omitzero"`
		Name  string    `cbor:"2,keyasint,omitzero"`
		Class phi.Class `cbor:"3,keyasint,omitzero"`
		Value uint64    `cbor:"4,keyasint,omitzero"`
	}
	recordLook struct {
		Families inject.Family `cbor:"1,keyasint,omitzero"`
		Sure     inject.Family `cbor:"2,keyasint,omitzero"`
		Chars    inject.Chars  `cbor:"3,keyasint,omitzero"`
		Target   inject.Target `cbor:"4,keyasint,omitzero"`
		Bare     bool          `cbor:"5,keyasint,omitzero"`
		Disguise bool          `cbor:"6,keyasint,omitzero"`
		Delay    uint8         `cbor:"7,keyasint,omitzero"`
		Host     uint64        `cbor:"8,keyasint,omitzero"`
	}
	recordArg struct {
		Key   uint64       `cbor:"1,keyasint,omitzero"`
		Value uint64       `cbor:"2,keyasint,omitzero"`
		Name  string       `cbor:"3,keyasint,omitzero"`
		Text  string       `cbor:"4,keyasint,omitzero"`
		Len   int          `cbor:"5,keyasint,omitzero"`
		Where call.Where   `cbor:"6,keyasint,omitzero"`
		Kind  call.ArgKind `cbor:"7,keyasint,omitzero"`
		Look  recordLook   `cbor:"8,keyasint,omitzero"`
	}
	recordAnswer struct {
		Set     exposure.Set `cbor:"1,keyasint,omitzero"`
		Product string       `cbor:"2,keyasint,omitzero"`
		CORS    call.CORS    `cbor:"3,keyasint,omitzero"`
		Origin  string       `cbor:"4,keyasint,omitzero"`
		Banner  string       `cbor:"5,keyasint,omitzero"`
		Limited bool         `cbor:"6,keyasint,omitzero"`
		Props   []recordProp `cbor:"7,keyasint,omitempty"`
	}
)

// codec encodes and decodes calls. It reuses its memory: one goroutine.
type codec struct {
	enc cbor.UserBufferEncMode
	dec cbor.DecMode
	rec record // strings and slices of it are the call's
}

func newCodec() (*codec, error) {
	enc, err := cbor.EncOptions{}.UserBufferEncMode()
	if err != nil {
		return nil, err
	}
	dec, err := cbor.DecOptions{
		UTF8:             cbor.UTF8DecodeInvalid, // a URL or a header may hold any bytes
		MaxNestedLevels:  8,
		MaxArrayElements: 1 << 20,
		MaxMapPairs:      1 << 10,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
	}.DecMode()
	return &codec{enc: enc, dec: dec}, err
}

// encode appends c to dst. What the connection log says of a LinkOnly stays behind: only its place in the order counts.
func (k *codec) encode(dst *bytes.Buffer, c *call.Call) error {
	k.rec.take(c)
	if err := k.enc.MarshalToBuffer(&k.rec, dst); err != nil {
		return fmt.Errorf("call: %w", err)
	}
	return nil
}

// errRecord is what a record says that cannot be.
var errRecord = errors.New("a call is not as it is written")

// decode reads the call that b begins with, and returns what is behind it. The call borrows nothing.
func (k *codec) decode(c *call.Call, b []byte) (rest []byte, err error) {
	k.rec = record{}
	rest, err = k.dec.UnmarshalFirst(b, &k.rec)
	if err == nil && !k.rec.fits() {
		err = errRecord
	}
	if err != nil {
		return nil, fmt.Errorf("call: %w", err)
	}
	k.rec.fill(c)
	return rest, nil
}

// fits is whether the values are such that the stages behind can work with them: they name enums by index.
func (r *record) fits() bool {
	if r.Kind > call.LinkOnly || r.Principal.Kind > call.Address || r.Grant > call.ClientCredentials || r.Time < 0 ||
		len(r.Client) != 0 && len(r.Client) != endSize || len(r.Server) != 0 && len(r.Server) != endSize ||
		len(r.Outer) != 0 && len(r.Outer) != outerSize || r.Auth.Scheme > call.OtherScheme {
		return false
	}
	for i := range r.Objects {
		if r.Objects[i].Where > call.InHeader {
			return false
		}
	}
	for i := range r.Args {
		if a := &r.Args[i]; a.Where > call.InHeader || a.Kind > call.Secret {
			return false
		}
	}
	return true
}

const (
	endSize   = len(packet.Addr{}) + 2
	outerSize = 2*len(packet.Addr{}) + 5
)
