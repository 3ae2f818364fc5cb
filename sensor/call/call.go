// Package call is what the sensor hands over: one Call for each HTTP exchange, saying who asked for what, which
// patients and records it touched, and what came back.
package call

import (
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

// Order is the one total order of everything the sensor says: by the time at which it was known, then by
// connection, then by place in the connection.
type Order struct {
	Time clock.Time
	Flow uint64
	Seq  uint32
}

// Compare orders a before b by Time, Flow and Seq.
func (a Order) Compare(b Order) int {
	switch {
	case a.Time != b.Time:
		return less(a.Time < b.Time)
	case a.Flow != b.Flow:
		return less(a.Flow < b.Flow)
	case a.Seq != b.Seq:
		return less(a.Seq < b.Seq)
	}
	return 0
}

func less(b bool) int {
	if b {
		return -1
	}
	return 1
}

// PrincipalKind is how a principal was told.
type PrincipalKind uint8

// Kinds of principal, surest first.
const (
	Custom PrincipalKind = iota
	MTLS
	JWT
	Session
	APIKey
	Basic
	Address
)

var principalKinds = [...]string{"custom", "mtls", "jwt", "session", "api_key", "basic", "address"}

func (k PrincipalKind) String() string { return principalKinds[k] }

// Principal is who made a call. ID is the identity in the clear (JWT subject, user, session, key, address); it
// leaves the process only as a pseudonym unless the operator said otherwise.
type Principal struct {
	Key      uint64 // stable hash of kind, issuer and ID: the same on every machine
	Kind     PrincipalKind
	ID       string
	Issuer   string // JWT iss
	Client   string // JWT client_id or azp
	Role     string // from claims, when there is one
	Scope    string // JWT scope or scp
	Token    uint64 // stable hash of the credential as sent: several tokens may be one principal; 0 if none
	Patient  uint64 // Key of the patient whose chart the token was launched for (SMART claim patient); 0 if none
	Service  bool   // a machine account: system scope, client-credentials token, or declared
	Shared   bool   // an address that carries many
	Strength uint8  // 0 to 100: how surely this is one person
	Expires  clock.Time
}

// Where an identifier stood in a call.
type Where uint8

// Places.
const (
	InPath Where = iota
	InQuery
	InBody
	InResponse
	InHeader
)

var wheres = [...]string{"path", "query", "body", "response", "header"}

func (w Where) String() string { return wheres[w] }

// Object is one thing a call named or returned.
type Object struct {
	Type    string // "Patient", "Observation", "mrn", or the name of the template's parameter: "patients"
	ID      string // in the clear
	Key     uint64 // stable hash of what it names (patient, patient's number, or type) and ID; objects are compared by it
	Param   uint64 // stable hash of the server's address and of what it names: one walk has one Param by any route
	Where   Where
	Patient bool // names a patient
	Sub     bool // a part of an object named before it (a DICOM frame of an instance): never walked on its own
}

// FHIR is what a FHIR call was, when it was one.
type FHIR struct {
	Interaction string // read, vread, search-type, create, operation, …; empty when it is not FHIR
	Type        string
	Operation   string // $everything, $export, …
	Entries     int
	Total       int64
}

// Flags are properties of a call that detectors ask for.
type Flags uint32

// Properties.
const (
	Login      Flags = 1 << iota // an authentication exchange
	Token                        // a token endpoint answered with a token
	PageStep                     // a step of a page walk: next link, page or offset argument
	Search                       // a search or list: its response delivers identifiers
	Bulk                         // an export or $everything over many
	Health                       // a health check or other machine chatter
	Create                       // creates a record (2xx to POST or PUT of a new one)
	Empty                        // a search that found nothing
	HealthAPI                    // the endpoint speaks of patients or records
	GraphQL                      // GraphQL
	Logout                       // ends a session
	Reset                        // asks for a new password, or sets one
	Admin                        // of a function for administrators, by the words of its path
	Operator                     // of an interface for operators: actuator, pprof, console, .env, .git
	BreakGlass                   // breaks the glass, or is made under a purpose of use of emergency
)

// Call is one exchange, understood. Its strings live in the batch it came in; who keeps one longer clones it.
type Call struct {
	Order
	Start  clock.Time
	Kind   Kind
	Link   *Link // of a LinkOnly
	Conn   uint64
	Stream uint32 // pipelining depth: requests before it that were unanswered; HTTP/2 stream

	Client, Server packet.Endpoint
	Version        http.Version
	Method         string
	Host           string // Host header as sent
	Target         string // request target as sent
	Path, Query    string // of Target, not decoded
	Route          string // endpoint template: /fhir/Patient/{id}
	Endpoint       uint64 // stable hash of method, host and Route
	Forwarded      string // X-Forwarded-For or Forwarded, untrusted
	UserAgent      string
	ContentType    string // of the response

	Status            int // 0: no response was seen
	ReqWire, ReqDec   int64
	RespWire, RespDec int64
	TTFB, Duration    clock.Time // to the first and the last response byte; 0 when there was none

	Principal Principal
	Objects   []Object // named by the request, then found in the response, bounded
	Delivered []uint64 // Keys of every patient and record the response returned, distinct, bounded
	User      string   // whom the exchange names beside its principal: the user who logs in; mostly empty
	Issued    []uint64 // Principal.Token of the sessions and tokens that the response hands out
	Grant     Grant    // how an access token was asked for
	Args      []Arg    // values of the request, bounded
	Auth      Auth     // what the credential shows
	Handed    []Handed // sessions and tokens that the response handed out, bounded
	Answer    Answer   // what the response shows beside health data
	Graph     Graph    // of a GraphQL request
	Secure    Secure   // TLS, or none
	Asked     int      // page-size argument (_count, limit, …); 0 when absent
	PHI       Found
	FHIR      FHIR
	Flags     Flags
	Marks     http.Marks
	Loss      http.Loss
	GRPC      http.GRPC
	Messages  [2]int64     // gRPC or WebSocket messages of the request and the response side
	Frames    packet.Where // record of the packet that began the request, for evidence
	Outer     packet.Outer // the encapsulation its first packet came in

	// A long exchange (WebSocket, server-sent events) is told in parts while it runs. Every part but the last is
	// Running, every one but the first Continued. Delivered and Issued hold what is new since the part before;
	// sizes and counts are those of the whole so far. The call log holds the last part only.
	Running, Continued bool
}

// Grant is the OAuth 2.0 grant of a token request (RFC 6749), as far as it matters who it is for.
type Grant uint8

// Grants.
const (
	NoGrant Grant = iota
	UserGrant
	ClientCredentials
)

// Found is what the response returned.
type Found struct {
	Classes phi.Class
	People  int
	Records int
	Bytes   int64
	Cut     bool // the scan did not reach the end: People and Records are at least this
}

// OK is whether the response was a success: 2xx, or 101 as a WebSocket opens with, and no other status than OK of
// a gRPC call.
func (c *Call) OK() bool {
	if code, known := c.GRPC.Status(); known && code != 0 {
		return false
	}
	return c.Status >= 200 && c.Status < 300 || c.Status == 101
}

// Refused is whether the server said no: 401, 403, 404 or 410, or in gRPC not found (5), permission denied (7) or
// unauthenticated (16).
func (c *Call) Refused() bool {
	if code, known := c.GRPC.Status(); known && (code == 5 || code == 7 || code == 16) {
		return true
	}
	return c.Status == 401 || c.Status == 403 || c.Status == 404 || c.Status == 410
}
