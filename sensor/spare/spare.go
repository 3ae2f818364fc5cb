// Package spare keeps things at rest for their next use: in go those that are done with, out come the latest of them.
// A list belongs to the goroutine of its owner, who has emptied what lies in it.
package spare

// MaxBuffer is the capacity in bytes of the largest buffer that is worth keeping.
const MaxBuffer = 16 << 10

// List is a pile of things at rest. The zero value is empty.
type List[T any] []T

// Pop is the latest of them; not ok when there is none.
func (l *List[T]) Pop() (v T, ok bool) {
	n := len(*l)
	if n == 0 {
		return v, false
	}
	v = (*l)[n-1]
	*l = (*l)[:n-1]
	return v, true
}

// Push lays v to rest unless that many are there; then it is false, and v is left to the garbage collector.
func (l *List[T]) Push(v T, most int) bool {
	if len(*l) >= most {
		return false
	}
	*l = append(*l, v)
	return true
}

// Take is the latest of l, or a new one.
func Take[T any](l *List[*T]) *T {
	if v, ok := l.Pop(); ok {
		return v
	}
	return new(T)
}
