// Package shared gives tests the data beside the project, in ../shared: its files, and its captures as frames with
// the calls that are expected of them. Only tests import it.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// Root is the folder that holds go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// Find is the path of a shared file or folder, and whether it is there.
func Find(t testing.TB, elem ...string) (string, bool) {
	t.Helper()
	path := filepath.Join(Root(t), "..", "shared", filepath.Join(elem...))
	_, err := os.Stat(path)
	return path, err == nil
}

// Path is the path of a shared file or folder. Without it the test is skipped, but fails in CI.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	path, ok := Find(t, elem...)
	switch {
	case ok:
	case os.Getenv("CI") == "":
		t.Skip("there is no ", path)
	default:
		t.Fatal("there is no ", path)
	}
	return path
}

// Bytes is what a shared file holds; see Path.
func Bytes(t testing.TB, elem ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(Path(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
