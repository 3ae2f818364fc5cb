package detectors

import (
	"fmt"
	"math"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
)

// quiet tells whether p's contacts mostly have a reason, so that one without says something.
func (s *scene) quiet(p *principal) bool {
	g := &s.groups[groupCount]
	loud := max(blockLoud, 1.5*float64(g.unexp)/float64(g.novel+1))
	return !p.familiar() || p.knownUn <= loud*p.known
}

// crowd feeds one unexplained contact to the blocks of its space.
func (d *distributed) crowd(dst []Signal, c *call.Call, k *contact, sp *space) []Signal {
	s, p := d.scene, d.scene.p
	a, x := sp.ages, k.num.value
	counts := p.unexp < blockEach && s.quiet(p)
	b := d.within(sp, x)
	if counts && (b == nil || b.whole()) {
		a.today[a.age(x)]++
	}
	if b != nil {
		b.names.add(p)
		b.names.from(c.Client.Addr)
		s.note(&b.names.file, c)
		b.names.file.touch(c, k)
		if b.names.file.grown(s.now) {
			b.names.file.until = s.now + silence
			dst = append(dst, d.tellBlock(b, b.names.file.said()))
		}
		if !b.whole() {
			s.mute(b.names, p)
			return dst
		}
	}
	if !counts {
		return dst
	}
	for _, z := range blockSizes {
		if z.bits > 12 && !k.Patient || z.bits == allBits && sp.told.whole() {
			continue
		}
		first := x >> z.bits << z.bits
		b, _ := s.blocks.use(stats.Mix(k.Param^stats.Mix(k.num.family)^uint64(z.bits)<<57) ^ first)
		b.first, b.last = first, first+1<<z.bits-1
		if !b.take(touch{k.Key, p.key, s.now}) || len(b.touches) < blockLeast || a.days < blockDays {
			continue
		}
		mean := a.expect(first, z.bits)
		if mean > min(blockSparse*math.Ldexp(1, int(z.bits)), blockTouch/3) {
			continue
		}
		chance := stats.Tail(len(b.touches), mean, z.shape)
		if chance > blockDoubt {
			s.leave(b)
			continue
		}
		if b.names == nil {
			b.names = &members{lead: p.who}
		}
		b.names.from(c.Client.Addr)
		s.note(&b.names.file, c)
		b.names.file.touch(c, k)
		if chance > blockTail || !b.spread() || sp.cases() >= blockCases {
			continue
		}
		w := d.widen(b)
		if z.bits == allBits && d.surprising(w) < blockMembers {
			continue
		}
		sp.open(w)
		f := &w.names.file
		f.until = s.now + silence
		words := f.tells()
		words.usual = strconv.FormatFloat(mean, 'g', 2, 64)
		words.facts = []Fact{{"numbers in the block", strconv.Itoa(1 << z.bits)}, {"asked for in it, in a day", strconv.Itoa(len(b.touches))},
			{"usual in such a block", words.usual}, {"chance", strconv.FormatFloat(chance, 'e', 0, 64)}}
		if z.bits == allBits {
			words.facts = words.facts[1:]
		}
		b.names = nil
		b.touches = b.touches[:0]
		return append(dst, d.tellBlock(w, Signal{Detector: d.Name(), Severity: High, Confidence: 75,
			Score: -math.Log(chance), Threshold: -math.Log(blockTail)}))
	}
	return dst
}

// within is the narrowest case that x belongs to, if there is one. Those that are over are let go.
func (d *distributed) within(sp *space, x uint64) (in *block) {
	s := d.scene
	for at := &sp.told; *at != nil; {
		b := *at
		if !b.names.file.open(s.now) {
			*at = b.next
			b.next = nil
			s.leave(b)
			continue
		}
		if b.whole() && s.quiet(s.p) || !b.whole() && x >= b.first && x <= b.last {
			in = b
		}
		at = &b.next
	}
	return in
}

// open adds a case; that of all numbers stands first.
func (sp *space) open(b *block) {
	at := &sp.told
	if sp.told.whole() {
		at = &sp.told.next
	}
	b.next, *at = *at, b
}

// cases is how many are open.
func (sp *space) cases() (n int) {
	for b := sp.told; b != nil; b = b.next {
		n++
	}
	return n
}

// surprises tells whether a member asked for more without a reason than it does in a day.
func (s *scene) surprises(m *member) bool {
	q := s.principals.find(m.key)
	if q == nil {
		return false
	}
	const aDay = 3 // of scales
	return stats.Tail(m.n, q.tallies[openedUnexplained].past(aDay).Mean(1, 2, 1), 2) < memberTail
}

// surprising is how many members of a block do.
func (d *distributed) surprising(b *block) (n int) {
	for i := range b.names.who {
		if d.scene.surprises(&b.names.who[i]) {
			n++
		}
	}
	return n
}

// widen makes the case of a block that is told: of its neighbours too, for a walk goes past one block.
func (d *distributed) widen(b *block) *block {
	const margin = 1 << 10
	w := &block{names: b.names, first: b.first - min(b.first, margin), last: b.last + min(margin, math.MaxUint64-b.last)}
	w.names.who = w.names.who[:0]
	for _, t := range b.touches {
		if q := d.scene.principals.find(t.who); q != nil {
			w.names.add(q)
		}
	}
	return w
}

// tellBlock makes the signal of all who asked for numbers of a block.
func (d *distributed) tellBlock(b *block, sig Signal) Signal {
	s, m := d.scene, b.names
	share := 4
	if b.whole() {
		share = maxMembers * blockEach
	}
	sig = d.name(m, sig, share)
	f := &m.file
	if b.whole() {
		sig = d.crowded(m, sig)
	} else {
		s.named(m, &sig)
	}
	who := len(sig.Members) + 1
	of := fmt.Sprintf("{principal} and %s read %s", count(who-1, "other account"), count(f.objects.Len(), thing(f)))
	sig.Title = of + " out of one range of numbers, in " + span(f.last-f.since)
	sig.Expected = "About " + f.tells().usual + " of such a block of numbers are asked for in a day without a list, a search or a colleague before"
	sig.Observed = fmt.Sprintf("%s asked for %s of one block in %s, %d refused", count(who, "account"),
		count(f.objects.Len(), thing(f)), count(f.calls, "call"), f.refusals)
	sig.Facts = append(append(s.facts(&sig, f), Fact{"accounts", strconv.Itoa(who)}, Fact{"client addresses", m.addresses()}), f.tells().facts...)
	if b.whole() {
		sig.Title = of + " without a reason in sight, a few each, in " + span(f.last-f.since)
		sig.Expected = "About " + f.tells().usual + " of all numbers are asked for in a day without a list, a search or a colleague before, by those who mostly have one"
		sig.Observed = fmt.Sprintf("%s asked for in %s, %d refused; named are those who asked for more than on their other days",
			count(f.objects.Len(), thing(f)), count(f.calls, "call"), f.refusals)
	}
	f.say(sig)
	return sig
}

// crowded leaves of the members of a signal those who asked for more than they do in a day.
func (d *distributed) crowded(m *members, sig Signal) Signal {
	keep := sig.Members[:0]
	first := true
	for i := range m.who {
		switch {
		case !d.scene.surprises(&m.who[i]):
		case first:
			first = false
			m.lead, sig.Principal = m.who[i].who, m.who[i].who
		default:
			keep = append(keep, m.who[i].who)
		}
	}
	sig.Members = keep
	return sig
}

// leave forgets the evidence that was kept of a block, and of the cases after it.
func (s *scene) leave(b *block) {
	for ; b != nil; b = b.next {
		if b.names != nil {
			s.close(&b.names.file)
			b.names = nil
		}
	}
}
