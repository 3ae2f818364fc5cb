// Package exposure says what the beginning of a response gives away of the server's insides: database errors,
// stack traces, paths, consoles, listings, descriptions of the API, secrets. It is a pure function of the text.
package exposure

import "math/bits"

// Set is a set of things that a response shows; each is a bit.
type Set uint32

// What a response can show.
const (
	DatabaseError Set = 1 << iota // the message of a database
	StackTrace                    // frames of a program
	ServerPath                    // a path of the server's file system
	DebugPage                     // a framework's page for developers
	Version                       // name and version of a product, in an error
	Listing                       // of a directory
	Management                    // actuator, pprof, metrics, consoles, phpinfo
	Configuration                 // environment, .env, .git, properties
	Description                   // OpenAPI, Swagger UI, WSDL
	Introspection                 // the schema of a GraphQL service
	Secret                        // private keys, passwords, connection strings, cloud keys
	SystemFile                    // /etc/passwd, win.ini
	CommandOutput                 // uid=0(root), directory listings of shells
	XMLError                      // of a parser, as XXE provokes it
	LDAPError
	TemplateError
	NumShows = iota
)

// Shown is what a text shows. Product is a constant: never a part of the text.
type Shown struct {
	Set     Set
	Product string // the database, language or framework that gave itself away: "PostgreSQL", "Java", "Django"; else empty
}

// Names are what the bits of s are called, in order.
func (s Set) Names() []string {
	var out []string
	for s &= 1<<NumShows - 1; s != 0; s &= s - 1 {
		out = append(out, names[bits.TrailingZeros32(uint32(s))])
	}
	return out
}

var names = [NumShows]string{"database error", "stack trace", "server path", "debug page", "version", "listing",
	"management", "configuration", "description", "introspection", "secret", "system file", "command output",
	"XML parser error", "LDAP error", "template error"}
