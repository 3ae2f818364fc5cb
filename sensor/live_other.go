//go:build !linux

package main

import (
	"context"

	"golang.org/x/net/bpf"
)

// runLive tells that this system cannot capture.
func runLive(context.Context, stdio, settings, *liveFlags, string, []bpf.RawInstruction) error {
	return usagef("live capture needs Linux; record with tcpdump -w and replay the file")
}
