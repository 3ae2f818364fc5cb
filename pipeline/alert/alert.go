// Package alert folds signals into incidents and says what became of each: one attack is one incident, opened,
// updated as it grows, and closed.
package alert

import (
	"auscult/detectors"
	"auscult/sensor/clock"
)

// Activity is what an alert says of its incident, numbered as OCSF's activity_id.
type Activity uint8

// Activities.
const (
	Create Activity = 1 + iota
	Update
	Close
)

// Alert is one message about one incident. Principals and patients in it are in the clear: an encoder puts
// pseudonyms in their place.
type Alert struct {
	UID      string // of the incident; the same in a replay with the same key
	Sequence int    // from 1, of this message in its incident
	Activity Activity
	Time     clock.Time       // packet time at which it was known
	First    clock.Time       // of the incident's first call
	Last     clock.Time       // of its last call so far
	Signal   detectors.Signal // the gravest signal of the incident, in an Update the one that joined, with its newest numbers
	Kinds    []string         // every detector that joined, in order of joining
}
