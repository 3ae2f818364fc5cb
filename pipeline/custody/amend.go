package custody

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Amend adds an entry about what was done to a case after it was sealed, as a reveal of a pseudonym, and signs a
// checkpoint over it. A case that is not whole is refused: a signature would cover what was changed. leaves is the file
// whose lines are leaves.
func Amend(dir, leaves string, key *Key, now func() time.Time, e Entry) (c Checkpoint, err error) {
	v, err := Verify(dir, Asked{Leaves: leaves, Verifier: key.Verifier()})
	if err != nil {
		return c, fmt.Errorf("custody: %w", err)
	}
	if len(v.Faults) > 0 {
		return c, fmt.Errorf("custody: the case is not whole: %s", v.Faults[0])
	}
	r := &Record{opt: Options{Key: key, Case: v.Case, Now: now}, dir: dir, tree: v.tree, signed: v.tree.Size(), last: v.last}
	defer r.Abandon()
	for name, f := range r.files() {
		if name == ManifestFile {
			continue
		}
		if *f, err = os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_APPEND, 0); err != nil {
			return c, fmt.Errorf("custody: %w", err)
		}
	}
	r.entry(e)
	r.checkpoint()
	if r.err != nil {
		return c, errors.Join(errors.New("custody: the entry may be written in part"), r.err)
	}
	return r.last, nil
}
