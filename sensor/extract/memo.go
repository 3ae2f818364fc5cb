package extract

import (
	"fmt"

	"github.com/dgraph-io/ristretto/v2"

	"auscult/sensor/call"
)

// Memo remembers what tokens claim, a pure function of them. Ristretto drops Sets under load and admits by
// sampling, so it may forget anything at any time: that costs time and changes no result. It is shared by all
// workers; a nil *Memo remembers nothing.
type Memo struct {
	claims *ristretto.Cache[[]byte, *call.Claims]
}

// claimsSize is the rough size of a remembered answer, in bytes, for the cost that ristretto weighs.
const claimsSize = 1024

// NewMemo returns a memo of about size bytes; nil when size is 0.
func NewMemo(size int64) (*Memo, error) {
	if size == 0 {
		return nil, nil
	}
	claims, err := ristretto.NewCache(&ristretto.Config[[]byte, *call.Claims]{
		NumCounters: max(10*size/claimsSize, 16),
		MaxCost:     size,
		BufferItems: 64,
	})
	if err != nil {
		return nil, fmt.Errorf("memo: %w", err)
	}
	return &Memo{claims}, nil
}

// Close frees the memo.
func (m *Memo) Close() {
	if m != nil {
		m.claims.Close()
	}
}

// lookup is one worker's use of a Memo, as call.Memo. An answer is computed in memory that is used again, and
// only a token that comes a second time is worth a copy.
//
// What a path says is remembered by the worker itself, in a small table: reading a path takes no longer than asking
// ristretto.
type lookup struct {
	memo   *Memo
	direct call.Direct
	asked  [asked]uint64 // hashes of the tokens that were read lately
	routes call.Routes
}

// asked is how many tokens a lookup remembers having read, a power of two.
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
	return l.routes.Route(path)
}
