package alert

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"slices"
	"strings"

	"auscult/detectors"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

const maxEvidence = 10

// incident is one attack while it is open. Slices that went out in an alert are replaced, never written to.
type incident struct {
	uid        string
	keys       []key
	prev, next *incident
	kinds      []detectors.Signal // the newest signal of each kind, in order of joining
	members    []call.Principal   // everyone accused, sorted by Key
	first      clock.Time         // of the attack
	last       clock.Time         // of its last signal
	severity   detectors.Severity
	sequence   int
	said       [3]int // calls, objects and people of the latest message
	joined     int    // the kind that joined since then; -1 for none
}

func newIncident(uid string) *incident { return &incident{uid: uid, first: clock.Never, joined: -1} }

// join folds s in and says whether it is worth an Update: a new kind, a higher severity, or twice as many
// calls, objects or people as when it was last said.
func (in *incident) join(s *detectors.Signal, maxMembers int, more *uint64) bool {
	in.last = max(in.last, s.Time)
	if s.Since != 0 {
		in.first = min(in.first, s.Since)
	}
	in.first = min(in.first, s.Time)
	in.accuse(s, maxMembers, more)

	k := slices.IndexFunc(in.kinds, func(o detectors.Signal) bool { return o.Detector == s.Detector })
	news := k < 0
	if news {
		in.joined = len(in.kinds)
		in.kinds = append(in.kinds, clone(s))
	} else {
		in.kinds[k] = renew(&in.kinds[k], s)
	}
	if g := in.gravity(); g > in.severity {
		in.severity, news = g, true
	}
	return in.grown() || news
}

// gravity is the severity of the incident: that of its gravest finding. Someone who reaches for patients without a
// reason is a Medium by itself, for a day of unusual work looks so too; when something else of at least Medium joins
// it that work does not explain (refusals, a walk, another's token, an attack on the server), it is High.
func (in *incident) gravity() detectors.Severity {
	var most detectors.Severity
	reaching, other := false, false
	for i := range in.kinds {
		k := &in.kinds[i]
		most = max(most, k.Severity)
		switch {
		case k.Severity < detectors.Medium:
		case k.Detector == "bola_fanout", k.Detector == "low_slow_scrape":
			reaching = true
		default:
			other = true
		}
	}
	if reaching && other {
		most = max(most, detectors.High)
	}
	return most
}

// breaches are the kinds that say health data was reached. Of equally grave findings one of these leads: what was
// taken is more to an analyst than how it was tried.
var breaches = [...]string{"bola_fanout", "sequential_enumeration", "distributed_enumeration", "oversized_phi", "bulk_export",
	"low_slow_scrape", "missing_auth", "patient_context_mismatch", "injection", "token_reuse", "exfil_destination", "consent_gap",
	"bulk_write_delete", "bfla"}

// leads is whether a leads an incident before b, which joined earlier.
func leads(a, b *detectors.Signal) bool {
	if a.Severity != b.Severity {
		return a.Severity > b.Severity
	}
	return slices.Contains(breaches[:], a.Detector) && !slices.Contains(breaches[:], b.Detector)
}

// grown is whether some number of the incident is at least twice what the latest message said.
func (in *incident) grown() bool {
	for i, n := range in.numbers() {
		if n > 0 && n >= 2*in.said[i] {
			return true
		}
	}
	return false
}

// numbers are calls, objects and people: of several kinds the largest, for they tell of the same calls.
func (in *incident) numbers() (n [3]int) {
	for i := range in.kinds {
		k := &in.kinds[i]
		n[0], n[1], n[2] = max(n[0], k.Calls), max(n[1], k.Objects), max(n[2], k.People)
	}
	return n
}

// accuse adds everyone s names to the members.
func (in *incident) accuse(s *detectors.Signal, limit int, more *uint64) {
	if s.Principal.Key != 0 {
		in.add(&s.Principal, limit, more)
	}
	for i := range s.Members {
		in.add(&s.Members[i], limit, more)
	}
}

func (in *incident) add(p *call.Principal, limit int, more *uint64) {
	i, found := slices.BinarySearchFunc(in.members, p.Key, func(m call.Principal, k uint64) int { return cmp.Compare(m.Key, k) })
	if found {
		return
	}
	if len(in.members) >= limit {
		*more++
		return
	}
	grown := make([]call.Principal, 0, len(in.members)+1)
	grown = append(append(append(grown, in.members[:i]...), clonePrincipal(p)), in.members[i:]...)
	in.members = grown
}

// absorb takes over what other, which is closed, had found.
func (in *incident) absorb(other *incident, limit int, more *uint64) {
	for i := range other.kinds {
		in.join(&other.kinds[i], limit, more)
	}
	for i := range other.members {
		in.add(&other.members[i], limit, more)
	}
	in.first = min(in.first, other.first)
	in.said = [3]int{} // whatever its numbers, that it grew by another incident is news
}

// alert is the next message about in: of its leading kind, but when another has joined of that one, so that each is
// told once with its own words and evidence.
func (in *incident) alert(a Activity, at clock.Time) Alert {
	in.sequence++
	main := 0
	kinds := make([]string, len(in.kinds))
	for i := range in.kinds {
		kinds[i] = in.kinds[i].Detector
		if leads(&in.kinds[i], &in.kinds[main]) {
			main = i
		}
	}
	if in.joined >= 0 && a == Update {
		main = in.joined
	}
	in.joined = -1
	s := in.kinds[main]
	s.Severity = max(s.Severity, in.severity)
	n := in.numbers()
	in.said = n
	s.Calls, s.Objects, s.People = n[0], n[1], n[2]
	s.Members = nil
	if len(in.members) > 1 {
		s.Members = in.members
	}
	for i := range in.kinds {
		if i != main {
			s.Evidence = addEvidence(s.Evidence, in.kinds[i].Evidence)
		}
	}
	return Alert{UID: in.uid, Sequence: in.sequence, Activity: a, Time: at, First: in.first, Last: in.last, Signal: s, Kinds: kinds}
}

// addEvidence fills a copy of have up to the limit with what is new in more.
func addEvidence(have, more []detectors.Evidence) []detectors.Evidence {
	out := have[:len(have):len(have)]
	for i := range more {
		if len(out) >= maxEvidence {
			break
		}
		if !slices.ContainsFunc(out, func(e detectors.Evidence) bool { return e.Order == more[i].Order }) {
			out = append(out, more[i])
		}
	}
	return out
}

// renew is s in place of old: the newest numbers, but never a lower count or severity, and the first evidence.
func renew(old, s *detectors.Signal) detectors.Signal {
	n := clone(s)
	n.Since = min(old.Since, n.Since)
	n.Severity = max(old.Severity, n.Severity)
	n.Confidence = max(old.Confidence, n.Confidence)
	n.Calls, n.Objects = max(old.Calls, n.Calls), max(old.Objects, n.Objects)
	n.People, n.Refusals = max(old.People, n.People), max(old.Refusals, n.Refusals)
	n.Evidence = addEvidence(old.Evidence, n.Evidence)
	if len(old.Patients) > len(n.Patients) {
		n.Patients = old.Patients
	}
	return n
}

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// uid names an incident by what began it. The identity goes in as its pseudonym only: an unkeyed hash of an
// identifier can be guessed.
func uid(s *detectors.Signal, name string) string {
	b := make([]byte, 0, 256)
	b = append(b, "v1|"...)
	b = append(b, s.Detector...)
	b = append(b, '|')
	b = append(b, name...)
	b = append(b, '|')
	b = append(b, s.Route...)
	b = append(b, '|')
	b = binary.BigEndian.AppendUint64(b, uint64(s.Time))
	b = binary.BigEndian.AppendUint64(b, s.Flow)
	b = binary.BigEndian.AppendUint32(b, s.Seq)
	sum := sha256.Sum256(b)
	return "auscult-" + lower.EncodeToString(sum[:])[:26]
}

// clone is a copy of s that shares no string or slice with it, but the strings of its evidence, which are
// clones already.
func clone(s *detectors.Signal) detectors.Signal {
	n := *s
	n.Detector = strings.Clone(s.Detector)
	n.Principal = clonePrincipal(&s.Principal)
	n.Members = nil // the incident keeps them
	n.Client = strings.Clone(s.Client)
	n.Route = strings.Clone(s.Route)
	n.Title, n.Expected, n.Observed = strings.Clone(s.Title), strings.Clone(s.Expected), strings.Clone(s.Observed)
	n.Facts = slices.Clone(s.Facts)
	for i, f := range n.Facts {
		n.Facts[i] = detectors.Fact{Name: strings.Clone(f.Name), Value: strings.Clone(f.Value)}
	}
	n.Evidence = slices.Clone(s.Evidence)
	n.Patients = slices.Clone(s.Patients)
	for i, p := range n.Patients {
		n.Patients[i] = strings.Clone(p)
	}
	return n
}

func clonePrincipal(p *call.Principal) call.Principal {
	c := *p
	c.ID, c.Issuer, c.Client = strings.Clone(p.ID), strings.Clone(p.Issuer), strings.Clone(p.Client)
	c.Role, c.Scope = strings.Clone(p.Role), strings.Clone(p.Scope)
	return c
}
