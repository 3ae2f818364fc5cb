package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func replay(program, folder, capture string) (m measure, err error) {
	if err := os.RemoveAll(folder); err != nil {
		return m, err
	}
	cmd := exec.Command(program, "replay", "--workers", "1", "--calls", "none", "-l", folder, capture)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return m, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, said.String())
	}
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	m.memory = resident(cmd.ProcessState)
	b, err := os.ReadFile(filepath.Join(folder, "stats.json"))
	if err != nil {
		return m, err
	}
	var stats struct{ Calls int64 }
	if err := json.Unmarshal(b, &stats); err != nil {
		return m, fmt.Errorf("stats.json: %w", err)
	}
	m.calls = stats.Calls
	return m, nil
}
