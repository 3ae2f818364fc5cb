package main

import (
	"context"
	"fmt"
	"io"

	"auscult/sensor/tls/keyfile"
)

// openKeyLog reads the key log that the settings name, if any, and gives its secrets to the extractors. Where packets
// come as they are captured, so may secrets: then the file is to be followed.
func openKeyLog(ctx context.Context, screen io.Writer, s *settings, follow bool) (*keyfile.File, error) {
	if s.TLS.KeyLog == "" {
		return nil, nil
	}
	f, err := keyfile.Open(s.TLS.KeyLog, s.TLS.MaxSecrets)
	if err != nil {
		return nil, &exit{statusUsage, err}
	}
	if follow {
		s.Extract.Follow = true
		go f.Follow(ctx)
	}
	switch stats := f.Stats(); {
	case f.Empty() && !follow:
		fmt.Fprintf(screen, "auscult: %s: no TLS secret in it; give a file as SSLKEYLOGFILE makes it (CLIENT_RANDOM …)\n", s.TLS.KeyLog)
	case stats.Dropped > 0:
		fmt.Fprintf(screen, "auscult: %s: its oldest %s were dropped; raise tls.max_secrets (%d)\n", s.TLS.KeyLog,
			counted(stats.Dropped, "secret"), s.TLS.MaxSecrets)
	}
	s.Extract.Secrets = f
	return f, nil
}
