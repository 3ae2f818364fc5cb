package keyfile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"auscult/sensor/tls"
	"auscult/sensor/tls/keyfile"
)

func line(n int) string { return fmt.Sprintf("CLIENT_RANDOM %064x %096x\n", n, n) }

func has(f *keyfile.File, n int) bool {
	var s tls.Secret
	tls.ParseKeyLog(&s, []byte(line(n)))
	return string(f.Lookup(s.Label, &s.Random)) == string(s.Value())
}

func write(t *testing.T, path, text string, flags int) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flags, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	if _, err := keyfile.Open(path, 10); err == nil || !strings.Contains(err.Error(), path) {
		t.Error("a missing file:", err)
	}
	if _, err := keyfile.Open(t.TempDir(), 10); err == nil {
		t.Error("a folder was opened")
	}
	write(t, path, "# nothing\nrubbish\n", 0)
	f, err := keyfile.Open(path, 10)
	if err != nil || !f.Empty() || f.Stats().Bad != 1 {
		t.Error(err, f.Stats())
	}
	f.Close()
	write(t, path, line(1)+strings.TrimSpace(line(2)), os.O_TRUNC)
	f, err = keyfile.Open(path, 10)
	if err != nil || f.Empty() || !has(f, 1) || !has(f, 2) || has(f, 3) {
		t.Error(err, f.Stats())
	}
	f.Close()
}

// TestRefresh has a file that grows in the middle of lines, is cut short, is replaced and is away for a while.
func TestRefresh(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	write(t, path, line(1), 0)
	f, err := keyfile.Open(path, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	before := f.Version()
	write(t, path, line(2)+line(3)[:50], os.O_APPEND)
	if f.Refresh(); !has(f, 2) || f.Version() != before+1 {
		t.Error("the first line written later", f.Stats())
	}
	write(t, path, line(3)[50:]+strings.Repeat("x", 10_000)+"\n", os.O_APPEND)
	if f.Refresh(); !has(f, 3) || f.Stats().Bad != 1 {
		t.Error("a line in two parts, and one too long", f.Stats())
	}
	write(t, path, line(4), os.O_TRUNC)
	if f.Refresh(); !has(f, 4) || !has(f, 1) || f.Stats().Rotated != 1 {
		t.Error("cut short", f.Stats())
	}
	os.Rename(path, path+".1")
	if f.Refresh(); f.Stats().Failed != 1 {
		t.Error("away", f.Stats())
	}
	write(t, path, line(5), 0)
	if f.Refresh(); !has(f, 5) || f.Stats().Rotated != 2 {
		t.Error("replaced", f.Stats())
	}
	if has(f, 1) || !has(f, 2) || f.Stats().Dropped != 1 {
		t.Error("the oldest was not dropped", f.Stats())
	}
}

func TestFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	write(t, path, "", 0)
	f, err := keyfile.Open(path, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { f.Follow(ctx) })
	write(t, path, line(7), os.O_APPEND)
	deadline := time.Now().Add(2 * time.Minute)
	for !has(f, 7) && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	done.Wait()
	if !has(f, 7) {
		t.Error("a line was not followed")
	}
}
