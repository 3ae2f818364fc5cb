package call

import "testing"

// TestArenaReset holds that what was carved stays as it is until Reset, whatever comes after, and that the same chunks
// are filled again then.
func TestArenaReset(t *testing.T) {
	var a Arena
	fill := func(mark byte) (texts []string, keys [][]uint64) {
		for i := range 100 {
			texts = append(texts, a.bytes([]byte{mark, byte(i)}))
			keys = append(keys, a.copyKeys([]uint64{uint64(mark), uint64(i)}))
		}
		return texts, keys
	}
	texts, keys := fill('a')
	fill('b')
	for i := range texts {
		if texts[i] != string([]byte{'a', byte(i)}) || keys[i][0] != 'a' || keys[i][1] != uint64(i) {
			t.Fatalf("%d: %q %v", i, texts[i], keys[i])
		}
	}
	again := testing.AllocsPerRun(10, func() {
		a.Reset()
		for i := range 100 {
			a.bytes([]byte{'c', byte(i)})
			a.copyKeys([]uint64{'c', uint64(i)})
		}
	})
	if again != 0 {
		t.Errorf("%v allocations to fill an arena again", again)
	}
	if keys[0][0] != 'c' {
		t.Error("the chunk of keys was not used again")
	}
}
