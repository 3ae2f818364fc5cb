package call

import (
	"auscult/sensor/clock"
	"auscult/sensor/exposure"
	"auscult/sensor/inject"
	"auscult/sensor/phi"
)

// Arg is one value that a request carried: of its query, form, JSON or XML body, GraphQL variables, a segment of the
// path that names something, or a header whose text could be an attack.
type Arg struct {
	Key   uint64 // stable hash of Where and Name: the same parameter has the same Key on every endpoint
	Value uint64 // stable hash of the whole value
	Name  string // as sent; of JSON the names on the way without indices, with dots: hiRequest.consent.id
	Text  string // the value, decoded, at most 64 bytes of it; empty for a secret
	Len   int    // bytes of the whole value
	Where Where
	Kind  ArgKind
	Look  inject.Look
}

// ArgKind is the JSON type of a value; what is not JSON is a String.
type ArgKind uint8

// Kinds of value.
const (
	String ArgKind = iota
	Number
	Bool
	Null
	Secret // a password, a token or the like: Text is empty
)

// Scheme is how a request proves who sends it.
type Scheme uint8

// Schemes.
const (
	NoCredential Scheme = iota
	Bearer
	Cookie
	KeyHeader
	KeyQuery
	BasicAuth
	Certificate
	OtherScheme // a custom header, Digest, Negotiate, a SAML assertion
)

// AuthMarks are properties of a credential; each is a bit.
type AuthMarks uint16

// Properties of a credential. Expired and NotYet compare with the time of the request, with five minutes of grace.
const (
	AlgNone    AuthMarks = 1 << iota // a JWT that says alg none, in any case of letters
	Unsigned                         // a JWT with an empty signature
	Expired                          // exp has passed
	NotYet                           // nbf or iat is still to come
	NoExpiry                         // a JWT without exp
	LongLived                        // exp is more than a day after iat
	InURL                            // the credential stood in the query or the path
	SecondFact                       // amr or acr tells of a second factor
	SaysAMR                          // the token has an amr claim
	Malformed                        // looks like a JWT and is none
	VendorPair                       // user and password are a vendor's well-known ones
	Odd                              // a header of the JWT names a key where an attacker could have put it: jku, x5u, jwk, kid with a path or SQL
	Rejected                         // the answer to a login says no although its status does not: in its words, by a redirect, or by the form again
)

// Auth is what a call's credential shows beside who it names.
type Auth struct {
	Scheme    Scheme
	Marks     AuthMarks
	Issued    clock.Time // iat of a JWT; 0 when absent
	Starts    clock.Time // nbf of a JWT; 0 when absent
	Secret    uint64     // stable hash of the password of Basic credentials or of a login's body; 0 when there is none
	Signature uint64     // stable hash of a JWT's signature; 0 when it is shorter than any algorithm makes it
	Purpose   string     // purpose of use as a header, a claim or SAML says: BTG, ETREAT, TREAT; mostly empty
}

// Handed is a session or token that a response handed out.
type Handed struct {
	Token uint64 // as Principal.Token of the calls that will carry it
	Name  string // of the cookie or the member
	Value string // in the clear, at most 64 bytes; empty for a JWT
	Marks CookieMarks
}

// CookieMarks are the attributes of a Set-Cookie; each is a bit.
type CookieMarks uint8

// Attributes of a cookie.
const (
	IsCookie CookieMarks = 1 << iota
	HTTPOnly
	SecureOnly
	SameSite // Lax or Strict
)

// CORS is what a response lets other origins read (Fetch standard, section 3.3).
type CORS uint8

// Grants to other origins.
const (
	AnyOrigin    CORS = 1 << iota // Access-Control-Allow-Origin: *
	Reflected                     // the Origin that asked, which is not the server's own
	NullOrigin                    // null
	WithCredents                  // Access-Control-Allow-Credentials: true
)

// Prop is the name of a property in the JSON or XML of a response, once for each name.
type Prop struct {
	Key   uint64 // stable hash of the name
	Name  string // at most 48 bytes
	Class phi.Class
	Value uint64 // of a property that grants something (role, isAdmin, price, …): stable hash of its first scalar value; else 0
}

// Answer is what a response shows beside health data.
type Answer struct {
	exposure.Shown
	CORS    CORS
	Origin  string // the request's Origin, when CORS is not 0
	Banner  string // Server or X-Powered-By, when it has a version
	Limited bool   // says a rate limit: RateLimit, X-RateLimit-*, Retry-After
	Props   []Prop
}

// Graph is what a GraphQL request asks for.
type Graph struct {
	Depth, Aliases, Batch int
	Introspection         bool
	Mutation              string // the field of a mutation, the first if it has several: updatePatient; empty for what only reads
}

// Secure is the transport of a call.
type Secure struct {
	Version string // of TLS: "1.3"; empty in the clear
	JA4     string // of the client's TLS, when it was seen
}
