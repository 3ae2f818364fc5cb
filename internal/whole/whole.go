// Package whole runs the program as it ships, as a process of its own, for the commands that measure it.
package whole

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Program is a built program and a folder for what it writes.
type Program struct{ work string }

// Build builds the program of the checkout that is the working directory. Errors of the compiler go to log.
func Build(log io.Writer) (*Program, error) {
	work, err := os.MkdirTemp("", "auscult-whole")
	if err != nil {
		return nil, err
	}
	p := &Program{work}
	cmd := exec.Command("go", "build", "-trimpath", "-o", p.Path("auscult"), "./sensor")
	cmd.Stderr = log
	if err := cmd.Run(); err != nil {
		p.Remove()
		return nil, fmt.Errorf("go build ./sensor: %w", err)
	}
	return p, nil
}

// Path is that of a file in the program's folder.
func (p *Program) Path(name string) string { return filepath.Join(p.work, name) }

// Remove removes the program and all that lies beside it.
func (p *Program) Remove() { os.RemoveAll(p.work) }

// Run is what one replay took, and what its statistics say.
type Run struct {
	CPU                   time.Duration // user and system
	Memory                int64         // the most that was resident, in bytes; 0 where that is not known
	Packets, Bytes, Calls int64
}

// Replay replays a capture with one worker and every detector on, no call log, the capture not hashed, and further flags.
func (p *Program) Replay(capture string, flags ...string) (r Run, err error) {
	folder := p.Path("case")
	if err := os.RemoveAll(folder); err != nil {
		return r, err
	}
	args := append([]string{"replay", "--workers", "1", "--calls", "none", "--no-input-hash", "-l", folder}, flags...)
	cmd := exec.Command(p.Path("auscult"), append(args, capture)...)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, said.String())
	}
	r.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	r.Memory = resident(cmd.ProcessState)
	b, err := os.ReadFile(filepath.Join(folder, "stats.json"))
	if err != nil {
		return r, err
	}
	var stats struct{ Packets, Bytes, Calls int64 }
	if err := json.Unmarshal(b, &stats); err != nil {
		return r, fmt.Errorf("stats.json: %w", err)
	}
	r.Packets, r.Bytes, r.Calls = stats.Packets, stats.Bytes, stats.Calls
	return r, nil
}
