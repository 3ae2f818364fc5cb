package detectors

import (
	"fmt"
	"math"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
)

// strangers are who reads patients' data in a part of a server without a credential: each address may be new, and what
// they read in no order, but where others show who they are, such reads are rare over all addresses.
type strangers struct {
	read  block  // patients, each once
	known uint32 // patients whom others opened with a credential
	calm  bool   // enough of them before the first of read
	today uint32
	usual float64
	day   int64
	days  int
	told  *members
}

const (
	strangersCalm = 40 // patients opened with a credential, before strangers come, that make their coming news
	strangersTail = 1e-8
)

// usually is how many patients strangers read here in a day; now is the number of the day.
func (u *strangers) usually(now int64) float64 {
	if u.day == 0 || now-u.day > 64 {
		u.day, u.today = now, 0
	}
	for ; u.day < now; u.day++ {
		u.days++
		u.usual += (float64(u.today) - u.usual) * max(0.1, 1/float64(u.days))
		u.today = 0
	}
	return u.usual
}

// stranger feeds the opening of a patient to the part of the server where it was.
func (d *distributed) stranger(dst []Signal, c *call.Call, k *contact) []Signal {
	s, p := d.scene, d.scene.p
	bare := c.Auth.Scheme == call.NoCredential && p.who.Kind == call.Address
	if !k.Patient || !c.OK() || c.PHI.People == 0 || bare && k.why != unexplained {
		return dst
	}
	u, _ := d.areas.use(areaKey(c))
	mean := u.usually(int64(s.now/day)) + 0.5
	if !bare {
		u.known++
		return dst
	}
	if m := u.told; m != nil && !m.file.open(s.now) {
		s.close(&m.file)
		u.told = nil
	}
	fresh := u.read.take(touch{k.Key, p.key, s.now})
	if m := u.told; m != nil {
		m.add(p)
		s.note(&m.file, c)
		m.file.touch(c, k)
		s.mute(m, p)
		if m.file.grown(s.now) || 2*len(m.who) >= 3*m.named {
			m.file.until = s.now + silence
			dst = append(dst, d.tellStrangers(m, m.file.said()))
		}
		return dst
	}
	if !fresh {
		return dst
	}
	u.today++
	if len(u.read.touches) == 1 {
		u.calm, u.known = u.known >= strangersCalm, 0
	}
	b := &u.read
	if !u.calm && u.days < blockDays || len(b.touches) < blockLeast {
		return dst
	}
	chance := stats.Tail(len(b.touches), mean, blockSizes[0].shape)
	if chance > blockDoubt {
		s.leave(b)
		return dst
	}
	if b.names == nil {
		b.names = &members{lead: p.who}
	}
	m := b.names
	s.note(&m.file, c)
	m.file.touch(c, k)
	if chance > strangersTail || !b.spread() {
		return dst
	}
	for _, t := range b.touches {
		if q := s.principals.find(t.who); q != nil {
			m.add(q)
		}
	}
	u.told, b.names, b.touches = m, nil, b.touches[:0]
	m.file.until = s.now + silence
	words := m.file.tells()
	words.usual = strconv.FormatFloat(mean, 'g', 2, 64)
	words.facts = []Fact{{"chance", strconv.FormatFloat(chance, 'e', 0, 64)},
		{"what would explain it", "an interface behind a gateway that has checked already"}}
	return append(dst, d.tellStrangers(m, Signal{Detector: d.Name(), Severity: High, Confidence: 75,
		Score: -math.Log(chance), Threshold: -math.Log(strangersTail)}))
}

// tellStrangers makes the signal of all addresses that read without a credential.
func (d *distributed) tellStrangers(m *members, sig Signal) Signal {
	s := d.scene
	sig = d.name(m, sig, maxMembers)
	s.named(m, &sig)
	f := &m.file
	who := len(sig.Members) + 1
	sig.Title = fmt.Sprintf("{principal} and %s read %s without any credential, in %s",
		count(who-1, "other client"), count(f.objects.Len(), thing(f)), span(f.last-f.since))
	sig.Expected = "Others show a credential here; about " + f.tells().usual + " patients are read without one in a day"
	sig.Observed = fmt.Sprintf("%s asked for %s in %s", count(who, "client"), count(f.objects.Len(), thing(f)), count(f.calls, "call"))
	sig.Facts = append(append(s.facts(&sig, f), Fact{"client addresses", strconv.Itoa(who)}), f.tells().facts...)
	f.say(sig)
	return sig
}

// drop frees what a part of a server held.
func (s *scene) drop(u *strangers) {
	s.leave(&u.read)
	if u.told != nil {
		s.close(&u.told.file)
	}
}
