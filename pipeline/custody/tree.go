package custody

import (
	"crypto/sha256"
	"hash"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree is the Merkle tree of RFC 6962 section 2.1 while it grows: of its nodes only those are kept that later ones are
// made of, one for each bit of the size. The zero value is the empty tree.
type Tree struct {
	size  int64
	edge  []tlog.Hash // roots of the whole subtrees, from the left: the largest first
	count []int64     // their leaves
}

// Append adds the leaf whose hash is h.
func (t *Tree) Append(h tlog.Hash) {
	t.size++
	n := int64(1)
	for k := len(t.edge); k > 0 && t.count[k-1] == n; k = len(t.edge) {
		h = tlog.NodeHash(t.edge[k-1], h)
		n *= 2
		t.edge, t.count = t.edge[:k-1], t.count[:k-1]
	}
	t.edge, t.count = append(t.edge, h), append(t.count, n)
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Root is the tree's hash; that of the empty tree is the hash of nothing.
func (t *Tree) Root() tlog.Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	root := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.edge[i], root)
	}
	return root
}

// leaf hashes the bytes of a leaf as they come (RFC 6962 section 2.1), so that a line may have any length.
type leaf struct {
	sum   hash.Hash
	begun bool
}

func newLeaf() *leaf { return &leaf{sum: sha256.New()} }

func (l *leaf) write(b []byte) {
	if !l.begun {
		l.sum.Reset()
		l.sum.Write([]byte{0})
		l.begun = true
	}
	l.sum.Write(b)
}

// end is the hash of the leaf, and makes ready for the next.
func (l *leaf) end() (h tlog.Hash) {
	l.write(nil)
	l.sum.Sum(h[:0])
	l.begun = false
	return h
}
