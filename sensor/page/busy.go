package page

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/pseudonym"
)

// topWindow is the packet time after which counting begins anew; what is shown is of this window and the one before.
const topWindow = 5 * time.Minute

// Principal is who makes calls, by what was counted of late.
type Principal struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Calls   uint64 `json:"calls"`
	Refused uint64 `json:"refused"`
	Records uint64 `json:"records"` // of health data in the answers
	Bytes   uint64 `json:"bytes"`   // of the answers
	key     uint64
}

// busy counts calls by principal, in two windows: this one, and the one before.
type busy struct {
	most  int
	names *pseudonym.Names

	mu          sync.Mutex
	end         clock.Time
	now, before map[uint64]*Principal
	others      [2]Principal // past the bound, of each window
}

func newBusy(most int, names *pseudonym.Names) *busy {
	return &busy{most: most, names: names.Clone(), now: map[uint64]*Principal{}}
}

// WriteCalls counts calls. It takes all and does not fail.
func (p *Page) WriteCalls(batch []call.Call) error {
	p.top.mu.Lock()
	defer p.top.mu.Unlock()
	for i := range batch {
		if c := &batch[i]; c.Kind == call.HTTP && !c.Running {
			p.top.add(c)
		}
	}
	return nil
}

func (b *busy) add(c *call.Call) {
	if c.Time >= b.end {
		if c.Time >= b.end.Add(topWindow) {
			clear(b.now)
			b.others[0] = Principal{}
		}
		b.before, b.now = b.now, make(map[uint64]*Principal, len(b.now))
		b.others = [2]Principal{{}, b.others[0]}
		b.end = c.Time.Floor().Add(topWindow)
	}
	n := b.now[c.Principal.Key]
	if n == nil {
		if len(b.now) >= b.most {
			b.others[0].add(c)
			return
		}
		n = &Principal{Kind: c.Principal.Kind.String(), key: c.Principal.Key}
		if old := b.before[n.key]; old != nil {
			n.Name = old.Name
		} else {
			b.names.At(c.Start)
			n.Name = clean(string(b.names.User(nil, &c.Principal)))
		}
		b.now[n.key] = n
	}
	n.add(c)
}

func (n *Principal) add(c *call.Call) {
	n.Calls++
	n.Records += uint64(max(0, c.PHI.Records))
	n.Bytes += uint64(max(0, c.RespWire))
	if c.Refused() {
		n.Refused++
	}
}

func (n *Principal) plus(o *Principal) {
	n.Calls, n.Refused, n.Records, n.Bytes = n.Calls+o.Calls, n.Refused+o.Refused, n.Records+o.Records, n.Bytes+o.Bytes
}

// list is the busiest, by calls, and behind them, without a name, all who were past the bound.
func (b *busy) list(most int) []Principal {
	b.mu.Lock()
	sum := make(map[uint64]Principal, len(b.now)+len(b.before))
	for _, window := range []map[uint64]*Principal{b.now, b.before} {
		for key, n := range window {
			s := *n
			if have, ok := sum[key]; ok {
				s.plus(&have)
			}
			sum[key] = s
		}
	}
	others := b.others[0]
	others.plus(&b.others[1])
	b.mu.Unlock()
	list := slices.SortedFunc(maps.Values(sum), func(x, y Principal) int {
		return cmp.Or(cmp.Compare(y.Calls, x.Calls), cmp.Compare(x.Name, y.Name), cmp.Compare(x.key, y.key))
	})
	list = list[:min(len(list), most)]
	if others.Calls > 0 {
		list = append(list, others)
	}
	return list
}
