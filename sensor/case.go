package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"auscult/pipeline/custody"
	"auscult/pipeline/evidence"
	"auscult/pipeline/parquet"
)

// Files of a case folder. Each is written even when it is empty, so that an absent file, or an
// empty stats.json, always means a run that did not end.
const (
	alertsFile = "alerts.jsonl"
	ecsFile    = "alerts.ecs.jsonl" // only with --format ecs
	cefFile    = "alerts.cef"       // only with --format cef
	callsFile  = "calls.jsonl"
	linksFile  = "connections.jsonl"
	statsFile  = "stats.json"

	inventoryFile = "inventory.json"
	draftFile     = "inventory.openapi.json"
)

var caseFiles = append([]string{alertsFile, ecsFile, cefFile, callsFile, linksFile, statsFile, reportFile, inventoryFile, draftFile}, custody.Files[:]...)

// caseFolder is where a run's results are kept together. What is in it tells of patients: only its owner reads it.
type caseFolder string

// openCase makes the folder if it is missing. One that holds another case is refused, or with force emptied of
// that case, so that two runs never mix.
func openCase(dir string, force bool) (caseFolder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("case folder: %w", err)
	}
	c := caseFolder(dir)
	if evidence.Exists(dir) {
		if !force {
			return "", fmt.Errorf("%s holds another case (%s); give a new folder, or --force to write over it", dir, evidence.Folder)
		}
		if err := evidence.Remove(dir); err != nil {
			return "", fmt.Errorf("case folder: %w", err)
		}
	}
	if parquet.Exists(dir) {
		if !force {
			return "", fmt.Errorf("%s holds another case (%s); give a new folder, or --force to write over it", dir, parquet.Folder)
		}
		if err := parquet.Remove(dir); err != nil {
			return "", fmt.Errorf("case folder: %w", err)
		}
	}
	for _, name := range caseFiles {
		_, err := os.Lstat(c.path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && !force {
			return "", fmt.Errorf("%s holds another case (%s); give a new folder, or --force to write over it", dir, name)
		}
		if err == nil {
			err = os.Remove(c.path(name))
		}
		if err != nil {
			return "", fmt.Errorf("case folder: %w", err)
		}
	}
	return c, nil
}

func (c caseFolder) path(name string) string { return filepath.Join(string(c), name) }

// lateFiles are written when a run ends.
var lateFiles = [...]string{statsFile, inventoryFile, draftFile}

// openLate makes lateFiles, empty until fill, for a run that may not make files when it ends.
func (c caseFolder) openLate() (map[string]*os.File, error) {
	late := map[string]*os.File{}
	for _, name := range lateFiles {
		f, err := os.OpenFile(c.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return late, fmt.Errorf("case folder: %w", err)
		}
		late[name] = f
	}
	return late, nil
}

// fill writes text to a file that openLate made, and closes it.
func fill(f *os.File, name string, text []byte) error {
	_, err := f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// text is r as stats.json holds it.
func (r *report) text() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", statsFile, err)
	}
	return append(text, '\n'), nil
}

// remove takes away the files of a case that never began.
func (c caseFolder) remove() {
	for _, name := range caseFiles {
		os.Remove(c.path(name)) // one that is not there was not made
	}
	if parquet.Exists(string(c)) {
		parquet.Remove(string(c)) // it holds no file yet
	}
}

// write writes a file whole or not at all.
func (c caseFolder) write(name string, text []byte) error {
	next := c.path(name + ".new")
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return os.Rename(next, c.path(name))
}
