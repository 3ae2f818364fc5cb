package detectors

import (
	"fmt"
	"strconv"

	"auscult/sensor/call"
)

// Who has many users' tokens spends them one after the other: a few seconds with each, patients whom nothing
// explains, and the next. A ward's computer keeps its user for minutes; people behind one address overlap and come
// back; who reads his own record in a portal asks for one or two.
const (
	maxChain   = 8
	briefLeast = 5 // users in a row
	briefMany  = 10
	briefStay  = minute / 2 // of one
	briefGap   = 2 * minute // until the next
	briefAsks  = 5          // patients that are remembered of one
	briefFew   = 3          // of them, whom nothing explains and no other user in the row asked for
)

// ask remembers the first patients that the call asks for without a reason.
func (d *tokenReuse) ask(u *tokenUse, c *call.Call) {
	if !d.scene.fresh || u.asked[briefAsks-1] != 0 {
		return
	}
	for i := range d.scene.contacts {
		k := &d.scene.contacts[i]
		if k.why == unexplained && (k.Patient || c.PHI.People > 0) && !k.list && !u.askedFor(k.Key) {
			u.remember(k.Key)
		}
	}
}

// asks is how many patients are remembered.
func (u *tokenUse) asks() (n int) {
	for n < briefAsks && u.asked[n] != 0 {
		n++
	}
	return n
}

// remember adds a patient while there is room.
func (u *tokenUse) remember(key uint64) {
	if n := u.asks(); n < briefAsks {
		u.asked[n] = key
	}
}

func (u *tokenUse) askedFor(key uint64) bool {
	for _, k := range u.asked {
		if k == key {
			return true
		}
	}
	return false
}

// succeed judges a program that comes with a token nobody has used yet, by those that it brought before.
func (d *tokenReuse) succeed(dst []Signal, k *carrier, c *call.Call) []Signal {
	n := d.brief(k, c)
	if len(k.chain) < maxChain {
		k.chain = append(k.chain, 0)
	}
	copy(k.chain[1:], k.chain)
	k.chain[0] = useKey(c)
	f := d.thieves.find(clientKey(c))
	if n < briefLeast && (n == 0 || f == nil || !f.open(d.scene.now)) || c.Forwarded != "" || d.scene.p == nil {
		return dst
	}
	q := claimed(c)
	f = d.thieves.of(clientKey(c))
	f.state.brief = max(f.state.brief+1, n)
	d.thieves.note(f, q)
	return d.thieves.tell(dst, f, q)
}

// brief is how many tokens came before this one and went for good, each after seconds and for patients of its own.
func (d *tokenReuse) brief(k *carrier, c *call.Call) (n int) {
	var row [maxChain]*tokenUse
	if d.scene.now < k.known {
		return 0
	}
	next := c.Time // when the one after it came
	for i, key := range k.chain {
		u := d.uses.find(key)
		if u == nil || u.who == c.Principal.Key || u.away != nil || u.home.last >= next ||
			next-u.home.last > briefGap || u.home.last-u.first > briefStay {
			return n
		}
		if p := d.scene.principals.find(u.who); p != nil && p.accused(d.scene.now) {
			k.known = d.scene.now + silence // a walk of several tells it
			return 0
		}
		row[i], next = u, u.first
		if d.own(u, row[:i]) {
			n++
		}
	}
	return n
}

// own is whether u asked for enough patients whom none of the others had asked for, and is of a user of its own.
func (*tokenReuse) own(u *tokenUse, others []*tokenUse) bool {
	n := u.asks()
	for _, key := range u.asked[:n] {
		for _, v := range others {
			if v.askedFor(key) {
				n--
				break
			}
		}
	}
	for _, v := range others {
		if v.who == u.who {
			return false
		}
	}
	return n >= briefFew
}

// hasty states the case of a machine that uses up tokens.
func (d *tokenReuse) hasty(f *dossier[rotation]) Signal {
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: 75, Score: float64(f.state.brief), Threshold: briefLeast}
	if f.state.brief >= briefMany {
		sig.Severity, sig.Confidence = High, 85
	}
	sig.Title = fmt.Sprintf("{principal} used the tokens of %s one after the other, seconds with each", count(f.state.brief, "user"))
	sig.Expected = "People who share a computer or an address stay for minutes, come back, and have reasons to open charts"
	sig.Observed = fmt.Sprintf("%s by one program, none used again, each for %d patients or more whom nothing explains", count(f.state.brief, "token"), briefFew)
	sig.Facts = []Fact{{"tokens in a row", strconv.Itoa(f.state.brief)}, {"longest with one", span(briefStay)},
		{"what would explain it", "a test that logs in as many users; a server that logs in anew for each of its jobs"}}
	return sig
}
