package inject

import (
	"unsafe"

	libinjection "github.com/corazawaf/libinjection-go"
)

// library asks libinjection whether v is SQL.
//
// Invariant that makes the unsafe.String sound: v is not written to while IsSQLi runs, and IsSQLi keeps nothing of it:
// it clears its state before it returns, and its fingerprint is a copy.
func library(v []byte) bool {
	if len(v) == 0 {
		return false
	}
	found, _ := libinjection.IsSQLi(unsafe.String(&v[0], len(v)))
	return found
}
