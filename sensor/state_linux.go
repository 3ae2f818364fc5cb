package main

import (
	"os"
	"path/filepath"

	"auscult/sensor/capture"
)

// giveFolder makes dir, with what is in it, the user's of --user. Who is not root stays who it is.
func giveFolder(dir, name string) error {
	if name == "" || os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := capture.Identity(name)
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	})
}
