// Package detectors watches calls and says what is wrong with them. Each detector is one file; List names them
// all. A detector is owned by one goroutine, remembers a bounded state for each key, and reads no clock: its
// verdict on a key depends only on the calls of that key, in order, and on the models it is handed.
package detectors

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// Key says whose calls a detector folds, and so which partition sees them.
type Key uint8

// Keys.
const (
	ByPrincipal Key = iota
	ByClient
	ByEndpoint
	ByObject
)

// Detector folds calls into signals.
type Detector interface {
	// Name is the kind of finding: bola_fanout, sequential_enumeration, …
	Name() string
	Key() Key
	// Observe folds one call and appends what it says to dst.
	Observe(dst []Signal, c *call.Call) []Signal
	// Forget frees what is idle at now; it never changes a verdict.
	Forget(now clock.Time)
}

// Signal is a detector's word on one principal (or endpoint), at the call that made it known.
type Signal struct {
	call.Order        // of the call that raised it
	Detector   string // kind of finding
	Principal  call.Principal
	Members    []call.Principal // others in the same attack, sorted by Key; nil when it is one principal's
	Client     string           // address of the call that raised it
	Endpoint   uint64
	Route      string // method and template the attack ran on
	Since      clock.Time
	Severity   Severity
	Confidence int     // 0 to 100
	Score      float64 // of the statistic, in nats
	Threshold  float64
	Title      string // what an analyst reads first; the principal stands in it as {principal}
	Expected   string
	Observed   string
	Facts      []Fact // further numbers, in order
	Calls      int    // calls in the attack so far
	Objects    int    // distinct objects touched so far
	People     int    // distinct patients exposed so far
	Refusals   int
	Evidence   []Evidence // first calls that show it, at most 10
	Patients   []string   // identifiers of patients or objects touched, in the clear, at most 20
}

// Fact is one named number or word of a finding.
type Fact struct{ Name, Value string }

// Evidence is a call kept to show a finding. All its strings are clones.
type Evidence struct {
	call.Order
	Call call.Call // without Objects and Delivered of the response
}

// Severity follows OCSF: 1 informational to 5 critical.
type Severity uint8

// Severities.
const (
	Informational Severity = 1 + iota
	Low
	Medium
	High
	Critical
)

var severities = [...]string{"Unknown", "Informational", "Low", "Medium", "High", "Critical"}

func (s Severity) String() string { return severities[s] }
