package custody_test

import (
	"encoding/hex"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"auscult/pipeline/custody"
)

// TestTree holds the tree to that of golang.org/x/mod/sumdb/tlog, whose proofs its roots must satisfy.
func TestTree(t *testing.T) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		list := make([]tlog.Hash, len(at))
		for i, n := range at {
			list[i] = stored[n]
		}
		return list, nil
	})
	var tree custody.Tree
	roots := []tlog.Hash{tree.Root()}
	if got := hex.EncodeToString(roots[0][:]); got != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" { // RFC 6962 section 2.1
		t.Errorf("the empty tree: %s", got)
	}
	for n := range int64(70) {
		leaf := []byte{byte(n)}
		more, err := tlog.StoredHashes(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
		tree.Append(tlog.RecordHash(leaf))
		want, err := tlog.TreeHash(n+1, reader)
		if err != nil || tree.Root() != want || tree.Size() != n+1 {
			t.Fatalf("%d leaves: got %v, want %v, %v", n+1, tree.Root(), want, err)
		}
		roots = append(roots, want)
		for old := int64(1); old <= n+1; old++ {
			proof, err := tlog.ProveTree(n+1, old, reader)
			if err == nil {
				err = tlog.CheckTree(proof, n+1, roots[n+1], old, roots[old])
			}
			if err != nil {
				t.Errorf("from %d to %d leaves: %v", old, n+1, err)
			}
		}
	}
}
