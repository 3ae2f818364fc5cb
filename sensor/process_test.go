package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// patience is how long a test waits for what must come, on a machine that has next to no time for it.
const patience = 3 * time.Minute

// TestMain is the program itself when a test starts it as one.
func TestMain(m *testing.M) {
	if i := slices.Index(os.Args, "--as-auscult"); i > 0 {
		os.Args = append(os.Args[:1], os.Args[i+1:]...)
		main()
		return
	}
	os.Exit(m.Run())
}

// A reader that goes away (head, less) ends the program as it ends other tools: without a word.
func TestBrokenPipe(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	var stderr bytes.Buffer
	cmd := exec.Command(os.Args[0], "--as-auscult", "replay", "-q", "--key", key, walk)
	cmd.Stdout, cmd.Stderr = write, &stderr
	err = cmd.Run()
	write.Close()
	if err == nil || stderr.Len() > 0 {
		t.Errorf("ended with %v and said %q", err, stderr.String())
	}
}
