package extract

import (
	"fmt"

	"github.com/dgraph-io/ristretto/v2"

	"auscult/sensor/call"
)

// Memo remembers two pure functions: token to claims and path to template. Ristretto drops Sets under load and
// admits by sampling, so it may forget anything at any time: that costs time and changes no result. It is shared
// by all workers; a nil *Memo remembers nothing.
type Memo struct {
	claims *ristretto.Cache[[]byte, *call.Claims]
	routes *ristretto.Cache[[]byte, *call.Route]
}

// Rough sizes of a remembered answer, in bytes, for the cost that ristretto weighs.
const (
	claimsSize = 1024
	routeSize  = 768
)

// NewMemo returns a memo of about size bytes, half of it for each function; nil when size is 0.
func NewMemo(size int64) (*Memo, error) {
	if size == 0 {
		return nil, nil
	}
	claims, err := newCache[*call.Claims](size/2, claimsSize)
	if err != nil {
		return nil, err
	}
	routes, err := newCache[*call.Route](size/2, routeSize)
	if err != nil {
		claims.Close()
		return nil, err
	}
	return &Memo{claims, routes}, nil
}

func newCache[V any](size, each int64) (*ristretto.Cache[[]byte, V], error) {
	c, err := ristretto.NewCache(&ristretto.Config[[]byte, V]{
		NumCounters: max(10*size/each, 16),
		MaxCost:     max(size, 1),
		BufferItems: 64,
	})
	if err != nil {
		return nil, fmt.Errorf("memo: %w", err)
	}
	return c, nil
}

// Close frees the memo.
func (m *Memo) Close() {
	if m != nil {
		m.claims.Close()
		m.routes.Close()
	}
}

// lookup is one worker's use of a Memo, as call.Memo. An answer is computed in memory that is used again, and
// only one that is asked for a second time is worth a copy: most paths are asked for once.
type lookup struct {
	memo   *Memo
	direct call.Direct
	asked  [asked]uint64 // hashes of what was computed lately
}

// asked is how many questions a lookup remembers having answered, a power of two.
const asked = 4096

func newLookup(memo *Memo) *lookup { return &lookup{memo: memo} }

// again is whether key was asked for lately. It steers memory only: two keys with one hash cost a copy.
func (l *lookup) again(key []byte) bool {
	h := call.TokenHash(key)
	slot := &l.asked[h%asked]
	if *slot == h {
		*slot = 0
		return true
	}
	*slot = h
	return false
}

// noClaims is the remembered answer for a token that is no JWT.
var noClaims = new(call.Claims)

// Claims is what a token says; nil when it is no JWT.
func (l *lookup) Claims(token []byte) *call.Claims {
	if l.memo == nil {
		return l.direct.Claims(token)
	}
	if c, ok := l.memo.claims.Get(token); ok {
		if c == noClaims {
			return nil
		}
		return c
	}
	if !l.again(token) {
		return l.direct.Claims(token)
	}
	c := new(call.Claims)
	if !c.Parse(token) {
		l.memo.claims.Set(token, noClaims, claimsSize)
		return nil
	}
	l.memo.claims.Set(token, c, claimsSize)
	return c
}

// Route is a path's template.
func (l *lookup) Route(path []byte) *call.Route {
	if l.memo == nil {
		return l.direct.Route(path)
	}
	if r, ok := l.memo.routes.Get(path); ok {
		return r
	}
	if !l.again(path) {
		return l.direct.Route(path)
	}
	r := new(call.Route)
	r.Parse(path)
	l.memo.routes.Set(path, r, routeSize)
	return r
}
