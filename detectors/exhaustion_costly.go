package detectors

import (
	"fmt"
	"strconv"

	"auscult/sensor/call"
)

// costly is what one caller has asked for that costs a server much by itself.
type costly struct {
	seen    [costlyTimes]int // different sizes asked for
	n       int
	what    string
	most    int
	usual   int
	extreme bool
}

const (
	largePage   = 10000 // entries in a page
	deepGraph   = 15    // levels; the introspection that editors send has 13
	manyAliases = 50
	manyBatch   = 20
	costlyTimes = 3 // different ones that are no accident of a program
	beyond      = 3 // times the bound: no program asks for this
)

// heavy weighs a request for a page, a depth or a number of operations beyond what programs ask for. A page size
// stands in the code of a program, so one size says nothing; who tries several is looking for the limit.
func (d *exhaustion) heavy(dst []Signal, c *call.Call) []Signal {
	what, size, bound := "entries in a page", c.Asked, largePage
	switch g := &c.Graph; {
	case g.Introspection:
		return dst
	case g.Depth > deepGraph:
		what, size, bound = "levels of a query", g.Depth, deepGraph
	case g.Aliases > manyAliases:
		what, size, bound = "aliases in a query", g.Aliases, manyAliases
	case g.Batch > manyBatch:
		what, size, bound = "operations in a request", g.Batch, manyBatch
	}
	if size <= bound || !human(c) {
		return dst
	}
	n, _ := d.norms.use(c.Endpoint ^ text(what))
	key := callerKey(c)
	others := 0.0
	for i := range n.who {
		if n.who[i] != 0 && n.who[i] != key {
			others = max(others, n.w[i])
		}
	}
	d.usual(c.Endpoint^text(what), key, float64(size))
	if 2*others >= float64(size) {
		return dst // a program that colleagues run
	}
	f := d.costly.of(key)
	p := &f.state
	if what != p.what {
		p.n, p.seen, p.most, p.extreme = 0, [costlyTimes]int{}, 0, false
	}
	fresh := true
	for _, was := range p.seen {
		fresh = fresh && was != size
	}
	if fresh {
		p.seen[min(p.n, costlyTimes-1)] = size
		p.n++
	}
	p.what, p.most, p.usual = what, max(p.most, size), int(others)
	p.extreme = p.extreme || what != "entries in a page" && size >= beyond*bound
	d.costly.note(f, c)
	if p.n < costlyTimes && !p.extreme {
		return dst
	}
	return d.costly.tell(dst, f, c)
}

// describeCostly states the case of one who asks for too much at once.
func (d *exhaustion) describeCostly(f *dossier[costly]) Signal {
	p := &f.state
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: sureness(&f.accused, 70), Score: float64(p.n), Threshold: costlyTimes}
	sig.Title = fmt.Sprintf("{principal} sent requests that are made to be costly: up to %d %s", p.most, p.what)
	sig.Expected = fmt.Sprintf("Programs ask for far fewer %s, and always for the same; others here for at most %d", p.what, p.usual)
	sig.Observed = fmt.Sprintf("%s with up to %d %s, of %s", count(f.calls, "request"), p.most, p.what, count(p.n, "different size"))
	sig.Facts = []Fact{{"most", strconv.Itoa(p.most)}, {"of", p.what}, {"different sizes", strconv.Itoa(p.n)}}
	return sig
}
