package spare_test

import (
	"testing"

	"auscult/sensor/spare"
)

type thing struct{ _ int }

func TestList(t *testing.T) {
	var l spare.List[*thing]
	if v, ok := l.Pop(); ok || v != nil {
		t.Errorf("an empty list has %v", v)
	}
	a, b := spare.Take(&l), spare.Take(&l)
	if a == nil || b == nil || a == b {
		t.Errorf("new ones are %p and %p", a, b)
	}
	if !l.Push(a, 2) || !l.Push(b, 2) || l.Push(new(thing), 2) || len(l) != 2 {
		t.Errorf("a list for two has %d", len(l))
	}
	if got := spare.Take(&l); got != b {
		t.Errorf("the latest is %p, want %p", got, b)
	}
	if got, ok := l.Pop(); !ok || got != a {
		t.Errorf("the other is %p, want %p", got, a)
	}
	if l.Push(a, 0) || len(l) != 0 {
		t.Error("a list for none has one")
	}
}

func TestAllocations(t *testing.T) {
	var l spare.List[*thing]
	l.Push(new(thing), 1)
	if n := testing.AllocsPerRun(100, func() { l.Push(spare.Take(&l), 1) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
