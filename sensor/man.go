package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manDate stands in the pages, so that the same program makes the same ones.
var manDate = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// manCommand writes the manual, out of what --help says: for who packages the program.
func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the manual pages into a folder",
		Long:    "Write a manual page for each command (auscult.1, auscult-replay.1, …) into a folder, which is made\nif it is missing.",
		Example: "  auscult man /usr/local/share/man/man1",
		Hidden:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("man needs one folder (see auscult man --help)")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return &exit{statusFailed, fmt.Errorf("man: %w", err)}
			}
			head := &doc.GenManHeader{Section: "1", Source: "auscult " + version(), Manual: "Auscult", Date: &manDate}
			if err := doc.GenManTree(c.Root(), head, args[0]); err != nil {
				return &exit{statusFailed, fmt.Errorf("man: %w", err)}
			}
			return nil
		},
	}
}
