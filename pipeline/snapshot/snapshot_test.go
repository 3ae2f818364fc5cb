package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

type node struct {
	next, prev *node
	name       string
	weight     float64
	odd        bool
}

type index struct {
	first *node
	by    map[string]*node `snapshot:"-"`
}

func (i *index) Rebuild() error {
	i.by = map[string]*node{}
	for n := i.first; n != nil && i.by[n.name] == nil; n = n.next {
		i.by[n.name] = n
	}
	return nil
}

type pair struct {
	a, b uint32
	word string
}

type room struct {
	size  uint8
	count int64
	hook  func() int `snapshot:"rebuilt"`
}

type setting struct{ limit int }

type talker interface{ talk() int }

type loud struct{ volume int }

func (l *loud) talk() int { return l.volume }

// world has one of all that is saved.
type world struct {
	cfg     setting
	again   *setting
	self    *world
	root    node // of a ring
	ring    *node
	list    index
	nodes   []node
	second  *node // of nodes
	part    []node
	grid    [9]node
	cell    *node
	numbers []uint64
	tail    []uint64
	none    []int
	empty   []int
	rooms   []*room
	double  [2]*float64
	words   map[string]int
	pairs   map[pair]*node
	shared  map[int8]int
	alias   *struct{ m map[int8]int }
	talkers []talker
	spare   func() int
	scratch *node `snapshot:"-"`
}

func (w *world) Rebuild() error {
	for _, r := range w.rooms {
		r.hook = func() int { return int(r.count) }
	}
	return nil
}

func newWorld() *world {
	w := &world{cfg: setting{3}, talkers: []talker{&loud{}, &loud{}}, shared: map[int8]int{}}
	w.self, w.again = w, &w.cfg
	w.root.next, w.root.prev = &w.root, &w.root
	w.spare = w.cell0
	return w
}

func (w *world) cell0() int { return int(w.grid[0].weight) }

// live gives the world a past.
func (w *world) live() {
	for i := range 5 {
		n := &node{name: fmt.Sprint("n", i), weight: float64(i) / 3, odd: i%2 == 1}
		n.prev, n.next = &w.root, w.root.next
		n.prev.next, n.next.prev = n, n
	}
	w.ring = w.root.next.next
	w.list.first = &node{name: "x", next: &node{name: "yy", next: &node{name: "zzz"}}}
	w.nodes = make([]node, 4, 9)
	w.nodes[1].name, w.nodes[1].next = "inner", &w.nodes[3]
	w.second, w.part = &w.nodes[1], w.nodes[1:3]
	w.grid[7].name, w.cell = "cell", &w.grid[7]
	w.numbers = []uint64{1, 2, 1 << 63, 4}
	w.tail = w.numbers[2:]
	w.empty = []int{}
	w.rooms = []*room{{size: 1, count: -7}, {size: 2, count: 8}}
	w.rooms = append(w.rooms, w.rooms[0])
	x := 0.1
	w.double = [2]*float64{&x, &x}
	w.words = map[string]int{"b": 2, "a": 1, "c": 3, "": 0}
	w.pairs = map[pair]*node{{1, 2, "q"}: w.ring, {1, 2, "p"}: nil, {0, 9, "r"}: w.cell}
	w.shared[-3] = 1
	w.alias = &struct{ m map[int8]int }{w.shared}
	w.talkers[1].(*loud).volume = 11
	w.scratch = &node{name: "of the moment"}
	w.Rebuild()
}

func tree(t testing.TB, w *world) *Tree {
	t.Helper()
	tr, err := New(w, []byte("settings"), reflect.TypeFor[setting]())
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func save(t testing.TB, tr *Tree) []byte {
	t.Helper()
	img, err := tr.Save()
	if err != nil {
		t.Fatal(err)
	}
	b, err := img.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRestore(t *testing.T) {
	old := newWorld()
	tr := tree(t, old)
	old.live()
	b := save(t, tr)
	if again := save(t, tr); !bytes.Equal(b, again) {
		t.Error("the same state is saved as other bytes")
	}

	w := newWorld()
	fixed, made := w.talkers[1], w.shared
	wt := tree(t, w)
	if err := wt.Restore(b); err != nil {
		t.Fatal(err)
	}
	if again := save(t, wt); !bytes.Equal(b, again) {
		t.Error("what was restored is saved as other bytes")
	}
	check := func(what string, ok bool) {
		t.Helper()
		if !ok {
			t.Error(what)
		}
	}
	check("scratch is not state", w.scratch == nil && !bytes.Contains(b, []byte("of the moment")))
	check("itself", w.self == w && w.again == &w.cfg && w.cfg.limit == 3)
	n := 0
	for e := w.root.next; e != &w.root; e = e.next {
		n++
		check("ring", e.prev.next == e && e.name == fmt.Sprint("n", 5-n) && e.odd == (n%2 == 0) && e.weight == float64(5-n)/3)
	}
	check("ring", n == 5 && w.ring == w.root.next.next)
	check("index", len(w.list.by) == 3 && w.list.by["zzz"] == w.list.first.next.next)
	check("elements", len(w.nodes) == 4 && w.second == &w.nodes[1] && w.second.next == &w.nodes[3] && &w.part[0] == w.second && len(w.part) == 2)
	check("array", w.cell == &w.grid[7] && w.cell.name == "cell")
	check("numbers", w.numbers[2] == 1<<63 && &w.tail[0] == &w.numbers[2] && w.none == nil && w.empty != nil)
	check("pointers", *w.double[0] == 0.1 && w.double[0] == w.double[1] && w.rooms[2] == w.rooms[0] && w.rooms[1].hook() == 8)
	check("maps", w.words["c"] == 3 && len(w.words) == 4 && w.pairs[pair{1, 2, "q"}] == w.ring && w.pairs[pair{0, 9, "r"}] == w.cell && len(w.pairs) == 3)
	w.alias.m[5] = 5
	check("shared map", made[5] == 5 && made[-3] == 1)
	check("fixtures", w.talkers[1] == fixed && fixed.talk() == 11 && w.spare != nil)
	w.grid[0].weight = 4
	check("function", w.spare() == 4)
}

func TestRestore_Version(t *testing.T) {
	b := save(t, tree(t, newWorld()))
	other, err := New(newWorld(), []byte("others"), reflect.TypeFor[setting]())
	if err != nil {
		t.Fatal(err)
	}
	type world2 struct{ world }
	renamed, err := New(&world2{*newWorld()}, []byte("settings"), reflect.TypeFor[setting]())
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range []*Tree{other, renamed} {
		if err := tr.Restore(b); !errors.Is(err, ErrVersion) {
			t.Errorf("%v", err)
		}
	}
	if err := other.Restore(nil); !errors.Is(err, ErrVersion) {
		t.Errorf("%v", err)
	}
}

// What cannot be saved is told by its name, not left out.
func TestNew_Bad(t *testing.T) {
	f := func(root any, want string) {
		t.Helper()
		if _, err := New(root, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: %v, want %q", root, err, want)
		}
	}
	f(&struct{ wire chan int }{}, "wire is a chan")
	f(&struct{ at uintptr }{}, "at is a uintptr")
	f(&struct{ by map[*node]int }{}, "the keys of map[*snapshot.node]int hold addresses")
	f(&struct{ of map[int]index }{}, "holds what is rebuilt where it lies")
	f(&struct{ of []map[int]int }{}, "put the map into a struct")
	f(&struct {
		n int `snapshot:"maybe"`
	}{}, `marked "maybe"`)
	f(&struct{ word any }{"boxed"}, "no pointer")
	f(node{}, "no pointer to a value")
}

func TestSave_Bad(t *testing.T) {
	type fickle struct {
		calls []struct{ back func() }
		names []any
		parts []struct{ cfg setting }
	}
	f := func(change func(*fickle), want string) {
		t.Helper()
		v := &fickle{}
		tr, err := New(v, nil, reflect.TypeFor[setting]())
		if err != nil {
			t.Fatal(err)
		}
		change(v)
		if _, err := tr.Save(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(v *fickle) { v.calls = append(v.calls, struct{ back func() }{func() {}}) }, "back is a function")
	f(func(v *fickle) { v.names = append(v.names, 1) }, "is an interface")
	f(func(v *fickle) { v.parts = append(v.parts, struct{ cfg setting }{setting{1}}) }, "cfg is a setting")

	forgotten := &struct{ rooms []room }{}
	tr, err := New(forgotten, nil)
	if err != nil {
		t.Fatal(err)
	}
	forgotten.rooms = []room{{hook: func() int { return 0 }}}
	if err := tr.Restore(save(t, tr)); err == nil || !strings.Contains(err.Error(), "no Rebuild made") {
		t.Errorf("%v", err)
	}

	torn := &struct{ a, b []uint64 }{}
	if tr, err = New(torn, nil); err != nil {
		t.Fatal(err)
	}
	all := make([]uint64, 9)
	torn.a, torn.b = all[:5], all[3:]
	img, err := tr.Save()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := img.Bytes(); err == nil || !strings.Contains(err.Error(), "share a part") {
		t.Errorf("%v", err)
	}
}

// A byte that is not as it was written gives an error or another state: no panic, no endless loop, no memory beyond
// some times the image.
func TestRestore_AnyByte(t *testing.T) {
	old := newWorld()
	tr := tree(t, old)
	old.live()
	b := save(t, tr)
	for i := 32; i < len(b); i++ {
		for _, x := range []byte{1, 0x80, 0xff} {
			bad := bytes.Clone(b)
			bad[i] ^= x
			w := newWorld()
			wt := tree(t, w)
			if wt.Restore(bad) == nil {
				save(t, wt)
			}
		}
		if err := tree(t, newWorld()).Restore(b[:i]); err == nil {
			t.Fatalf("the first %d of %d bytes were enough", i, len(b))
		}
	}
}

func FuzzRestore(f *testing.F) {
	old := newWorld()
	tr := tree(f, old)
	f.Add(save(f, tr)[32:])
	old.live()
	f.Add(save(f, tr)[32:])
	version := tr.Version()
	f.Fuzz(func(t *testing.T, body []byte) {
		w := newWorld()
		wt := tree(t, w)
		if wt.Restore(append(version[:], body...)) != nil {
			return
		}
		if _, err := wt.Save(); err != nil {
			t.Fatal(err)
		}
	})
}
