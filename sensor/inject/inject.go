// Package inject says what the text of one request value could do to whatever reads it on the server: which kinds
// of injection its syntax shows, which classes of characters it holds, and whether it points a server somewhere.
// It is a pure function of the value and knows nothing of what is usual where the value stands: that is for who
// watches the endpoint.
package inject

// Family is a set of kinds of injection; each is a bit.
type Family uint16

// Kinds of injection.
const (
	SQL           Family = 1 << iota // CWE-89
	NoSQL                            // CWE-943: operators of MongoDB and others
	LDAP                             // CWE-90
	XPath                            // CWE-643
	Command                          // CWE-78
	Path                             // CWE-22: traversal, and files of the system
	Template                         // CWE-1336: template and expression languages
	XXE                              // CWE-611
	JNDI                             // CWE-917: lookups of Log4j
	XSS                              // CWE-79
	Deserialising                    // CWE-502
	Lines                            // CWE-93: CR and LF into headers or logs
	NumFamilies   = iota
)

// Chars is the set of classes of characters that a value holds; each is a bit.
type Chars uint32

// Classes of characters.
const (
	Lower Chars = 1 << iota
	Upper
	Digit
	Space
	Dash
	Underscore
	Dot
	Comma
	Colon
	Slash
	At
	Plus
	Equals
	SingleQuote
	DoubleQuote
	Semicolon
	Paren
	Angle
	Brace
	Bracket
	Dollar
	Percent
	Ampersand
	Pipe
	Backslash
	Backtick
	Hash
	Star
	Bang // and the question mark
	Control
	Beyond // of ASCII
)

// Target is where a value points a server that would follow it.
type Target uint8

// Targets, from what says least.
const (
	Nowhere   Target = iota // it is no URL, host or address
	Outside                 // a public host
	Private                 // RFC 1918, RFC 4193, a name without a dot, .internal, .local
	Loopback                // localhost and its disguises
	Metadata                // a cloud's metadata service, 169.254.0.0/16
	OddScheme               // file:, gopher:, dict:, jar:, …
)

// Look is what a value shows.
type Look struct {
	Families Family
	Sure     Family // of them, those whose form no honest value has
	Chars    Chars
	Target   Target
	Bare     bool   // the Target has no scheme and no slashes before it: an address that may be mere data
	Disguise bool   // the Target is written so as to hide it: decimal or octal address, user part, DNS rebinding name
	Delay    uint8  // seconds of waiting that the value asks for: SLEEP(5), WAITFOR DELAY, pg_sleep; 0 for none
	Host     uint64 // stable hash of the host and port of the Target; 0 for Nowhere
}
