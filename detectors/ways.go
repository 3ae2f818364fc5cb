package detectors

import "auscult/sensor/call"

// ways tells how a principal comes by the patients it opens of late: looked for one at a time, or given by a list. A
// day's work may come as a list of hundreds; nobody looks for many times as many people as on other days, one by one,
// and writes about none of them.
type ways struct {
	sought, listed float32   // shares of the last first contacts, faded
	keys           [8]uint64 // that the last narrow search gave
}

const (
	wayFade  = 1. / 16
	wayMost  = 0.6 // share from which a way is the way
	wayDays  = 5   // honest days that say what is usual
	wayFound = 4   // patients in the answer of a search for one
)

// Counts of patients who were looked for one at a time, of a principal whose days are known, may be nearer to what is
// usual for it: the shipped mean is divided by soughtDown, days may differ as a Gamma of shape soughtShape, and from
// soughtTimes its own mean and the floor on a count alarms if it is improbable enough.
const (
	soughtDown    = 3
	soughtShape   = 3
	soughtTimes   = 8
	soughtWindows = 4
	listedTimes   = 2 // floors for what lists gave
)

var soughtFloor = [len(scales)]int{60, 60, 60, 60, 900}

// way is how the counts of one principal are to be judged.
type way struct {
	cold, known    bool // its days are not yet, or just, known
	blind          bool // its contacts mostly have no reason in sight
	sought, listed float32
}

func (w *way) soughtMost() bool { return w.known && w.sought >= wayMost }

// found takes what a search for one person gave.
func (w *ways) found(c *call.Call) {
	if c.Flags&call.Search == 0 || c.PHI.People == 0 || c.PHI.People > wayFound {
		return
	}
	w.keys = [len(w.keys)]uint64{}
	copy(w.keys[:], c.Delivered)
}

// take folds a first contact.
func (w *ways) take(k *contact) {
	sought, listed := float32(0), float32(0)
	if k.why == delivered {
		listed = 1
		for _, key := range w.keys {
			if key == k.Key {
				sought, listed = 1, 0
			}
		}
	}
	w.sought += float32((sought - w.sought) * wayFade)
	w.listed += float32((listed - w.listed) * wayFade)
}
