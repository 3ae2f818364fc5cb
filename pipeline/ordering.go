package pipeline

import (
	"cmp"
	"slices"

	"auscult/sensor/call"
)

// ordering sorts calls, which nearly always are sorted: it looks at them where they lie, and moves each that is out of
// place once, as a call is a KiB. The zero value is ready.
type ordering struct {
	places []place
	spare  call.Call
}

// place is a call's order and the index it stands at.
type place struct {
	call.Order
	at int
}

// sort sorts calls by Order; those of one Order stay as they stood.
func (o *ordering) sort(calls []call.Call) {
	from := 1
	for from < len(calls) && calls[from-1].Order.Compare(calls[from].Order) <= 0 {
		from++
	}
	if from >= len(calls) {
		return
	}
	o.places = o.places[:0]
	for i := range calls {
		o.places = append(o.places, place{calls[i].Order, i})
	}
	slices.SortFunc(o.places, func(a, b place) int {
		if c := a.Order.Compare(b.Order); c != 0 {
			return c
		}
		return cmp.Compare(a.at, b.at)
	})
	for i := range o.places {
		o.cycle(calls, i)
	}
	o.spare = call.Call{} // what it points to is not held
}

// cycle puts the call that belongs at i there, and the one that belongs where that stood there, until all that are moved
// by it stand right.
func (o *ordering) cycle(calls []call.Call, i int) {
	if o.places[i].at == i {
		return
	}
	o.spare = calls[i]
	for to := i; ; {
		from := o.places[to].at
		o.places[to].at = to
		if from == i {
			calls[to] = o.spare
			return
		}
		calls[to] = calls[from]
		to = from
	}
}
