package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"auscult/sensor/bpf"
	"auscult/sensor/packet"
)

// filter sets the filter that the command line or --filter-file gives, and returns the arguments before it.
func (f *replayFlags) filter(s *settings, args []string) ([]string, error) {
	cfg := s.Filter
	last := len(args) - 1
	given := last > 0 && isFilter(cfg, args[last])
	text := ""
	switch {
	case given && f.filterFile != "":
		return nil, fmt.Errorf("%q is a filter, and --filter-file gives another: keep one", args[last])
	case given:
		text, args = args[last], args[:last]
	case f.filterFile != "":
		var err error
		if text, err = f.readFilter(cfg); err != nil {
			return nil, err
		}
	default:
		return args, nil
	}
	filter, err := bpf.Parse(cfg, text)
	if err != nil {
		return nil, err
	}
	// Most captures are of Ethernet: what cannot be asked there is better said now than when the file is read.
	if _, err := filter.Compile(packet.LinkEthernet, bpf.InFrame); err != nil {
		return nil, err
	}
	s.Replay.Filter = filter
	return args, nil
}

// readFilter is the expression in the file that --filter-file names.
func (f *runFlags) readFilter(cfg bpf.Config) (string, error) {
	file, err := os.Open(f.filterFile)
	if err != nil {
		return "", fmt.Errorf("--filter-file: %w", err)
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, int64(cfg.MaxLength)+1))
	if err != nil {
		return "", fmt.Errorf("--filter-file: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// isFilter tells a filter from a path: nothing has that name, and it is understood, or no one would name a file so.
func isFilter(cfg bpf.Config, arg string) bool {
	if arg == "-" || arg == "" {
		return false
	}
	if _, err := os.Lstat(arg); err == nil {
		return false
	}
	_, err := bpf.Parse(cfg, arg)
	return err == nil || strings.ContainsAny(arg, " \t\n()[]=<>!&|")
}
