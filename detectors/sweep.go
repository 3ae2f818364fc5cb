package detectors

import (
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// sweep watches for a person who draws the patient list out of a search field: one name or birth date after
// another, each answered with many patients not seen before, and none of them opened. Who looks for somebody opens
// what was found, or types on.
type sweep struct {
	w     stats.CUSUM
	given int32 // new patients of the searches that made w
	n     uint8
	term  [24]byte // of the last search
}

const (
	// sweepPeople is how many new patients a search must give to count.
	sweepPeople = 10
	// sweepHonest and sweepAttack are the shares of such searches, unopened, among the honest and in a sweep.
	sweepHonest, sweepAttack = 0.1, 0.9
)

// searched feeds one call, if it is a search by what describes a person, and tells whether it was. people is how many
// patients it gave that this principal had not been given before.
func (p *principal) searched(c *call.Call, people int) bool {
	if c.Flags&call.Search == 0 || c.Flags&call.PageStep != 0 || !c.OK() {
		return false
	}
	term := personTerm(c.Query)
	if term == "" {
		return false
	}
	if p.sweep == nil {
		p.sweep = new(sweep)
	}
	w := p.sweep
	last := string(w.term[:w.n])
	short := term[:min(len(term), len(w.term))]
	typing := last != "" && (strings.HasPrefix(short, last) || strings.HasPrefix(last, short))
	w.n = uint8(copy(w.term[:], short))
	wide := people >= sweepPeople && !p.opened
	p.opened = false
	if typing && wide {
		return false // the same search, typed on
	}
	if w.w <= 0 {
		w.given = 0
	}
	w.given += int32(people)
	w.w.Add(stats.Bernoulli(wide, sweepAttack, sweepHonest))
	return true
}

// heat is the evidence of a sweep.
func (w *sweep) heat() float64 {
	if w == nil {
		return 0
	}
	return float64(w.w)
}

// harvest watches for a person who pages deep into a list of patients and then opens what it gave, one chart after
// the other and faster than charts are read. Deep paging alone is a report, quick opening alone a ward round.
type harvest struct {
	w     stats.CUSUM
	pages uint8 // of patients not given before
	paged clock.Time
}

const (
	harvestPages  = 5                // from so many pages on
	harvestFresh  = 5                // new patients that make it a page
	harvestCredit = 10               // nats that paging alone may give, below every threshold
	harvestHaste  = 25 * minute / 60 // per chart
	harvestBrisk  = 45 * minute / 60
)

// harvestSays is what an opening says by how soon it follows the one before, in nats: within harvestHaste (nine of ten
// in an attack, one of three on a round), within harvestBrisk, later.
var harvestSays = [...]float64{0.94, 0.4, -1.87}

// page folds a step of a page walk that gave people not given before.
func (h *harvest) page(now clock.Time, people int) {
	if people < harvestFresh {
		return
	}
	if now-h.paged > hour {
		*h = harvest{}
	}
	h.paged = now
	h.pages = min(h.pages+1, 200)
	if h.w < harvestCredit {
		h.w.Add(1)
	}
}

// open folds the opening of a patient whom a list had given, the one before being opened at last.
func (h *harvest) open(now, last clock.Time) {
	if h.pages < harvestPages || now-h.paged > hour {
		return
	}
	if now-h.paged < minute/60 {
		return // the application that drew the page fetches it ahead
	}
	says := 2
	switch gap := now - max(last, h.paged); {
	case gap <= harvestHaste:
		says = 0
	case gap <= harvestBrisk:
		says = 1
	}
	h.w.Add(harvestSays[says])
	if h.w <= 0 {
		*h = harvest{}
	}
}

// personTerm is the value of the first argument in query that describes a person: a name, a birth date, or free
// text. It is a part of query.
func personTerm(query string) string {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		key, _, _ = strings.Cut(key, ":")
		if value == "" {
			continue
		}
		for _, k := range personKeys {
			if strings.EqualFold(key, k) {
				return value
			}
		}
	}
	return ""
}

var personKeys = [...]string{"name", "family", "given", "lastname", "last_name", "surname", "firstname", "first_name",
	"fullname", "q", "query", "search", "term", "keyword", "phonetic", "birthdate", "dob", "phone", "telecom", "email", "address"}
