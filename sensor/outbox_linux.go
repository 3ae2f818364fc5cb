package main

import (
	"os"
	"path/filepath"

	"auscult/pipeline/evidence"
	"auscult/pipeline/parquet"
	"auscult/sensor/capture"
)

// giveOutbox lets the user of --user go on writing to the outbox in dir, to the calls that wait, to the evidence, and to the
// folders of the call log. Who is not root stays who it is.
func (o *outputs) giveOutbox(dir, name string) error {
	dirs := []string{}
	if o.outbox != nil {
		dirs = append(dirs, dir)
	}
	if o.spool != nil {
		dirs = append(dirs, o.spoolDir)
	}
	if o.proof != nil {
		dirs = append(dirs, o.dir.path(evidence.Folder))
	}
	if o.dir != "" && parquet.Exists(string(o.dir)) {
		dirs = append(dirs, o.dir.path(parquet.Folder))
	}
	if len(dirs) == 0 || name == "" || os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := capture.Identity(name)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, uid, gid)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
