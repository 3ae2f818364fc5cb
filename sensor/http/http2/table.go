package http2

import "auscult/sensor/http"

// table is the dynamic table of one direction (RFC 7541 section 2.3.2) as far as it is known. Entries are named
// by their distance from the newest, so what was inserted since a loss is right whatever came before it.
type table struct {
	pool  *Pool
	buf   []byte  // names and values, oldest first
	list  []entry // oldest first, from first
	first int
	size  int       // of the entries held, as RFC 7541 section 4.1 counts
	limit int       // the size that the encoder keeps to
	older bool      // there may be older entries, which are not known
	why   http.Loss // what they were lost to, if it is the capture or a limit
}

// entry is a field of a table: its name and value lie one behind the other.
type entry struct{ at, name, value uint32 }

const (
	entryBytes   = 12
	fieldSize    = 32        // what a field counts beyond its bytes (RFC 7541 section 4.1)
	defaultTable = 4 << 10   // RFC 9113 section 6.5.2
	unknownField = 1<<32 - 1 // name of an entry whose field is not known
	unlimited    = 1<<31 - 1 // the limit of an encoder that was not heard to set one
	leastBuffer  = 256       // first size of a buffer
)

func newTable(pool *Pool) table { return table{pool: pool, limit: defaultTable} }

// most is the size that t is held to.
func (t *table) most() int { return min(t.limit, t.pool.Config.HeaderTable) }

func (t *table) count() int { return len(t.list) - t.first }

// live is where the bytes of the oldest entry begin.
func (t *table) live() int {
	if t.count() == 0 {
		return len(t.buf)
	}
	return int(t.list[t.first].at)
}

// field returns the entry at distance i from the newest; ok is false when it is not known.
func (t *table) field(i int) (f http.Header, ok bool) {
	if i >= t.count() {
		return f, false
	}
	e := t.list[len(t.list)-1-i]
	if e.name == unknownField {
		return f, false
	}
	mid, end := e.at+e.name, e.at+e.name+e.value
	return http.Header{Name: t.buf[e.at:mid:mid], Value: t.buf[mid:end:end]}, true
}

// insert adds a field (RFC 7541 section 4.4), of which known says whether it is known. name and value must not
// point into the table.
func (t *table) insert(name, value []byte, known bool) {
	n := len(name) + len(value)
	most := t.most()
	for t.count() > 0 && t.size+n+fieldSize > most {
		t.evict()
	}
	if n+fieldSize > most {
		t.shrunk(t.limit > most)
		return
	}
	if !known {
		name, value, n = nil, nil, 0
	}
	if !t.room(n) {
		t.shrunk(true)
		return
	}
	e := entry{at: uint32(len(t.buf)), name: uint32(len(name)), value: uint32(len(value))}
	if !known {
		e.name = unknownField
	}
	t.buf = append(append(t.buf, name...), value...)
	t.list = append(t.list, e)
	t.size += n + fieldSize
}

// evict drops the oldest entry.
func (t *table) evict() {
	e := t.list[t.first]
	t.size -= fieldSize
	if e.name != unknownField {
		t.size -= int(e.name + e.value)
	}
	t.first++
	t.shrunk(t.limit > t.pool.Config.HeaderTable)
}

// shrunk notes that a field was not kept; limited says that the encoder may have kept it.
func (t *table) shrunk(limited bool) {
	if limited {
		t.pool.Stats.OverTables++
		t.older = true
		t.why |= http.LossDecodeLimit
	}
}

// resize sets the limit that the encoder has announced (RFC 7541 section 4.3).
func (t *table) resize(limit int) {
	t.limit = limit
	for most := t.most(); t.count() > 0 && t.size > most; {
		t.evict()
	}
	if limit == 0 { // it has emptied its table: from here all is known again
		t.older, t.why = false, 0
	}
}

// lose forgets all entries, which are not sure any more because of why.
func (t *table) lose(why http.Loss) {
	t.buf, t.list, t.first, t.size = t.buf[:0], t.list[:0], 0, 0
	t.older, t.why, t.limit = true, t.why|why, unlimited
}

// room makes room for one more entry of n bytes. Each pass doubles the memory or halves what is held, so that
// entries are moved a bounded number of times. It is false when not even an empty table may have the room.
func (t *table) room(n int) bool {
	for len(t.buf)+n > cap(t.buf) || len(t.list) == cap(t.list) {
		live, count := len(t.buf)-t.live(), t.count()
		size, entries := cap(t.buf), cap(t.list)
		if live+n > size/2 {
			size = max(leastBuffer, 2*size, 2*(live+n))
		}
		if count >= entries/2 {
			entries = max(leastBuffer/fieldSize, 2*entries)
		}
		more := int64(size-cap(t.buf)) + entryBytes*int64(entries-cap(t.list))
		switch {
		case more == 0:
			t.move(t.buf[:0], t.list[:0])
		case t.pool.tables+more <= t.pool.Config.HeaderTables:
			t.pool.tables += more
			t.move(make([]byte, 0, size), make([]entry, 0, entries))
		case count == 0:
			return false
		default:
			for half := count / 2; t.count() > half; {
				t.evict()
			}
			t.shrunk(true)
		}
	}
	return true
}

// move moves the entries to the start of buf and list, which may be its own.
func (t *table) move(buf []byte, list []entry) {
	from := t.live()
	buf = append(buf, t.buf[from:]...)
	for _, e := range t.list[t.first:] {
		e.at -= uint32(from)
		list = append(list, e)
	}
	t.buf, t.list, t.first = buf, list, 0
}

// free gives the memory of t back.
func (t *table) free() {
	t.pool.tables -= int64(cap(t.buf)) + entryBytes*int64(cap(t.list))
	t.buf, t.list, t.first, t.size = nil, nil, 0, 0
}
