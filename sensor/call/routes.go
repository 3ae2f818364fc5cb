package call

import "bytes"

// Routes remembers the Routes of paths. Numbers and UUIDs, which most identifiers are, stand in it for all others of
// their kind: /fhir/Patient/17 and /fhir/Patient/4711 are read once. It is direct-mapped and compares whole paths, so
// that what was asked before changes speed only. It belongs to one goroutine; the zero value is ready.
type Routes struct {
	slots  [keptRoutes]keptRoute
	key    []byte // of the path at hand
	ids    [maxPathIDs]pathSpan
	direct Route
}

type keptRoute struct {
	key   []byte // empty for none
	route Route
	again bool // it was asked for again
}

// pathSpan is where an identifier stands in the path at hand.
type pathSpan struct{ from, to int }

// Bounds of Routes.
const (
	keptRoutes = 128
	maxKept    = 256 // bytes of a path
)

// Marks of identifiers in keys: bytes that stand there only for them, as a path with one is not remembered.
const (
	markNumber = 0x01
	markUUID   = 0x02
)

// Route is ParseRoute. It is valid until the next call, and no longer than path.
func (t *Routes) Route(path []byte) *Route {
	if len(path) > maxKept || bytes.IndexByte(path, markNumber) >= 0 || bytes.IndexByte(path, markUUID) >= 0 {
		t.direct.Parse(path)
		return &t.direct
	}
	n := t.read(path)
	slot := &t.slots[hash(0, t.key)%keptRoutes]
	r := &slot.route
	if len(t.key) == 0 || !bytes.Equal(slot.key, t.key) {
		r.Parse(path)
		slot.again = false
		slot.key = slot.key[:0]
		if n == 0 || r.alike(path, t.ids[:n]) {
			slot.key = append(slot.key, t.key...)
		}
		return r
	}
	if !slot.again {
		slot.again, r.Name = true, string(r.Template)
	}
	for i, id := range t.ids[:n] {
		r.IDs[i].Value = path[id.from:id.to:id.to]
	}
	if n > 0 && len(r.FHIR.ID) > 0 {
		r.FHIR.ID = r.IDs[r.instance].Value
	}
	return r
}

// read makes t.key of path and finds the n identifiers that stand for others in it.
func (t *Routes) read(path []byte) (n int) {
	t.key = t.key[:0]
	for from := 0; from < len(path); {
		to := from
		number := true
		for to < len(path) && path[to] != '/' {
			number = number && digit(path[to])
			to++
		}
		seg := path[from:to]
		switch {
		case n == len(t.ids):
			t.key = append(t.key, seg...)
		case number && anyNumber(seg):
			t.key = append(t.key, markNumber)
			t.ids[n] = pathSpan{from, to}
			n++
		case len(seg) == 36 && seg[8] == '-' && isUUID(seg) && hasDigit(seg):
			t.key = append(t.key, markUUID)
			t.ids[n] = pathSpan{from, to}
			n++
		default:
			t.key = append(t.key, seg...)
		}
		if to < len(path) {
			t.key = append(t.key, '/')
		}
		from = to + 1
	}
	return n
}

// anyNumber is whether a number says no more than any other would: it is no version and no year.
func anyNumber(seg []byte) bool {
	return len(seg) >= 3 && len(seg) <= 18 && !year(seg)
}

// alike is whether r, the Route of path, is that of all paths with other identifiers in those places: the template has
// left each out, and each is one of the IDs.
func (r *Route) alike(path []byte, ids []pathSpan) bool {
	if len(r.IDs) != len(ids) || r.Over || len(r.Session) > 0 || len(r.FHIR.Version) > 0 {
		return false
	}
	rest := r.Template
	at := 0
	for i, id := range ids {
		value := path[id.from:id.to]
		if !bytes.Equal(r.IDs[i].Value, value) {
			return false
		}
		for _, other := range r.IDs[:i] {
			if bytes.Equal(other.Value, value) {
				return false // which is which cannot be told
			}
		}
		var ok bool
		if rest, ok = bytes.CutPrefix(rest, path[at:id.from]); !ok {
			return false
		}
		if rest, ok = bytes.CutPrefix(rest, []byte("{id}")); !ok {
			return false
		}
		if bytes.Equal(r.FHIR.ID, value) {
			r.instance = i
		}
		at = id.to
	}
	return bytes.Equal(rest, path[at:]) && (len(r.FHIR.ID) == 0 || bytes.Equal(r.FHIR.ID, r.IDs[r.instance].Value))
}
