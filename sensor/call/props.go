package call

import "auscult/sensor/phi"

// propMemo remembers the names of properties and lists of them: the responses of one endpoint mostly have the same, so
// that a list that came before needs no copy. It holds pure functions of what it is asked and is direct-mapped, so that
// what was asked before changes speed only. What it hands out is never written again.
type propMemo struct {
	names [1024]Prop
	lists [256]propList
	last  [256][]Prop // by endpoint and number: what the latest response had, of those that are in lists
}

type propList struct {
	hash  uint64
	props []Prop // nil until the list came a second time
}

// props is what the properties of a response are, as the call keeps them; shared is whether others have the same list, which
// is never written again.
func (b *Builder) props(ar *Arena, endpoint uint64, found []phi.Prop) (props []Prop, shared bool) {
	if len(found) == 0 {
		return nil, false
	}
	m := b.known
	last := &m.last[(endpoint+uint64(len(found)))%uint64(len(m.last))]
	if same(*last, found) {
		return *last, true
	}
	list := b.propList[:0]
	h := uint64(seedProp)
	for i := range found {
		p := m.prop(&found[i], *last, i)
		h = mix(h^p.Key, p.Value+uint64(p.Class)<<32+k1)
		list = append(list, p)
	}
	b.propList = list
	slot := &m.lists[h%uint64(len(m.lists))]
	switch {
	case slot.hash != h:
		*slot = propList{hash: h}
	case slot.props == nil:
		slot.props = append([]Prop(nil), list...)
		*last = slot.props
		return slot.props, true
	case equalProps(slot.props, list):
		*last = slot.props
		return slot.props, true
	}
	return ar.copyProps(list), false
}

// prop is one property, which may be the i-th of those that last had.
func (m *propMemo) prop(found *phi.Prop, last []Prop, i int) (p Prop) {
	if i < len(last) && last[i].Name == string(found.Name) {
		p = Prop{Key: last[i].Key, Name: last[i].Name, Class: found.Class}
	} else {
		key := nonzero(hash(seedProp, found.Name))
		slot := &m.names[key%uint64(len(m.names))]
		if slot.Key != key || slot.Name != string(found.Name) {
			*slot = Prop{Key: key, Name: string(found.Name)}
		}
		p = *slot
		p.Class = found.Class
	}
	if len(found.Value) > 0 {
		p.Value = valueHash(found.Value)
	}
	return p
}

// same is whether found is what known tells of.
func same(known []Prop, found []phi.Prop) bool {
	if len(known) != len(found) {
		return false
	}
	for i := range known {
		k, f := &known[i], &found[i]
		if k.Name != string(f.Name) || k.Class != f.Class || (k.Value != 0) != (len(f.Value) > 0) ||
			k.Value != 0 && k.Value != valueHash(f.Value) {
			return false
		}
	}
	return true
}

func equalProps(a, b []Prop) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
