package call

import (
	"bytes"
	"strings"

	"auscult/sensor/phi"
)

// Reading is what a response's report comes to in a call, for a report that comes again as it was. It belongs to who
// keeps the report, and is filled by the first Build that is given both; the zero value is ready. What it holds is never
// written again. Its memory is in proportion to the report's.
type Reading struct {
	state     readingState
	delivered []uint64
	over      uint64 // ids past the bound
	objects   []readObject
	promoted  []readID
	props     []Prop
}

type readingState uint8

const (
	unread readingState = iota
	settled
	depends // on what was asked for: it is read each time
)

// readObject is an object, and what its Param is made of beside the server.
type readObject struct {
	Object
	readKind
}

type readKind struct {
	space nameSpace
	kind  uint64
}

// readID is an identifier by which the patient of the response may be named in the request.
type readID struct {
	value []byte
	key   uint64
}

// Size is roughly the memory of what g holds, in bytes; 0 until it is filled.
func (g *Reading) Size() int {
	n := 8*len(g.delivered) + 112*len(g.objects) + 40*len(g.promoted)
	for i := range g.objects {
		n += len(g.objects[i].Type) + len(g.objects[i].ID)
	}
	for i := range g.promoted {
		n += len(g.promoted[i].value)
	}
	return n
}

// settle takes what b has just made of resp: from the from-th object on. fixed is whether nothing of it depends on what
// was asked for.
func (g *Reading) settle(b *Builder, resp *phi.Report, from int, fixed bool, over uint64) {
	if !fixed || resp.Told > 0 {
		g.state = depends
		return
	}
	g.state, g.over = settled, over
	g.delivered = append([]uint64(nil), b.delivered...)
	g.delivered = g.delivered[:len(g.delivered):len(g.delivered)] // calls share it
	g.objects = make([]readObject, len(b.readKinds))
	for i := range g.objects {
		o := &g.objects[i]
		o.Object, o.readKind = b.objects[from+i], b.readKinds[i]
		o.Type, o.ID = strings.Clone(o.Type), strings.Clone(o.ID)
	}
	g.promoted = nil
	for _, id := range b.readIDs {
		g.promoted = append(g.promoted, readID{bytes.Clone(id.value), id.key})
	}
}

// replay makes of the response what was made of it before.
func (b *Builder) replay(g *Reading, r *Route) {
	requested := len(b.objects)
	for _, id := range g.promoted {
		b.promote(b.objects[:requested], r, id.value, id.key)
	}
	b.delivered = append(b.delivered, g.delivered...)
	b.Stats.Delivered += g.over
	for i := range g.objects {
		o := &g.objects[i]
		b.objects = append(b.objects, o.Object)
		b.objects[len(b.objects)-1].Param = paramIn(b.server, o.space, o.kind)
	}
}
