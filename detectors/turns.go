package detectors

import (
	"strings"

	"auscult/sensor/clock"
)

const (
	// benchGap is how far apart tubes of a tray are scanned at the least.
	benchGap = 2 * minute / 60
	// smallNumber bounds the numbers of wards, months and pages, which people click through.
	smallNumber = 100
)

// inTurn tells whether numbers are met in their order honestly: patients only as they come, but specimens, orders and
// invoices are worked off in the order of their numbers, at the pace of the work. gap is the time since the principal's
// contact before.
func (s *scene) inTurn(k *contact, sp *space, gap clock.Time) bool {
	switch {
	case k.Patient:
		return gap > arrivalGap && sp.frontier(k.num.value, s.p.key)
	case says(k.Type, scanned[:]):
		return gap > benchGap
	case says(k.Type, queued[:]):
		return gap > arrivalGap
	}
	return k.num.value < smallNumber && says(k.Type, places[:])
}

// rootless tells whether typ names no kind of thing, so that what stands behind it in a path is a guess at a name.
func rootless(typ string) bool {
	for _, b := range bases {
		if strings.EqualFold(typ, b) {
			return true
		}
	}
	return false
}

// Last words of the names of things: those that carry a barcode and are read by it, those that wait in a queue, and
// those of which there are few; and the names of what is no thing.
var (
	scanned = [...]string{"specimen", "accession", "accessionnumber", "barcode", "sample", "tube", "container", "label"}
	queued  = [...]string{"order", "invoice", "claim", "bill", "payment", "task", "ticket", "job", "message", "notification", "appointment",
		"slot", "encounter", "visit", "request", "referral", "prescription", "requisition", "dispense"}
	bases  = [...]string{"", "api", "rest", "fhir", "public", "static", "asset", "file", "backup", "web", "app", "www", "old", "v1", "v2", "v3", "r4"}
	places = [...]string{"ward", "unit", "floor", "room", "bed", "page", "month", "day", "year", "week", "clinic", "department", "location"}
)

// says tells whether typ ends in one of words, in any case, in the singular or the plural.
func says(typ string, words []string) bool {
	if n := len(typ); n > 1 && typ[n-1]|0x20 == 's' {
		typ = typ[:n-1]
	}
	for _, w := range words {
		if n := len(typ) - len(w); n >= 0 && strings.EqualFold(typ[n:], w) {
			return true
		}
	}
	return false
}
