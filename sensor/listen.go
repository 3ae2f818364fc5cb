package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// listening is where live serves /metrics, /healthz and /readyz.
type listening struct {
	// Address is host:port, by number; empty serves nothing. One that is not of this machine alone needs Public.
	Address string `yaml:"address"`
	// Public lets other machines ask too. What they are told is not secret, but nobody is asked who he is.
	Public bool `yaml:"public"`
	// Requests is how many are answered at a time; more are refused with status 503.
	Requests int `yaml:"requests"`
}

// Validate names the first field that cannot be worked with.
func (l listening) Validate() error {
	if l.Requests < 1 || l.Requests > 1000 {
		return fmt.Errorf("requests: %d is not between 1 and 1000", l.Requests)
	}
	if l.Address == "" {
		return nil
	}
	at, err := netip.ParseAddrPort(l.Address)
	switch {
	case err != nil:
		return fmt.Errorf("address: %q is not an address and a port, like 127.0.0.1:9477", l.Address)
	case !at.Addr().Unmap().IsLoopback() && !l.Public:
		return fmt.Errorf("address: other machines reach %s, and nobody is asked who he is; take 127.0.0.1, or say --listen-public (listen.public)", at.Addr())
	}
	return nil
}

// Bounds of what a client may make the server wait for or hold.
const (
	listenRead  = 5 * time.Second
	listenWrite = 10 * time.Second
	listenIdle  = time.Minute
	listenHead  = 16 << 10
)

// server answers how a live run is doing.
type server struct {
	http.Server // of no handler until serve
	listener    net.Listener
	ended       chan error
}

// openServer takes the address, so that what is wrong with it is known before privileges are given up. It answers once
// serve was called.
func openServer(l listening) (*server, error) {
	if l.Address == "" {
		return nil, nil
	}
	listener, err := net.Listen("tcp", l.Address)
	if err != nil {
		return nil, &exit{statusFailed, fmt.Errorf("--listen: %w", err)}
	}
	return &server{listener: listener, ended: make(chan error, 1)}, nil
}

// serve begins to answer from what w knows.
func (s *server) serve(l listening, w *watch) {
	s.Server = http.Server{Handler: handler(l, w), ReadHeaderTimeout: listenRead, ReadTimeout: listenRead,
		WriteTimeout: listenWrite, IdleTimeout: listenIdle, MaxHeaderBytes: listenHead}
	go func() { s.ended <- s.Server.Serve(s.listener) }()
}

// Close ends it, answered or not.
func (s *server) Close() error {
	if s.Handler == nil {
		return s.listener.Close()
	}
	err := s.Server.Close()
	if end := <-s.ended; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

// handler is the pages: /metrics for Prometheus, /healthz for whoever restarts what is dead, /readyz for whoever wants
// to know whether traffic is being watched.
func handler(l listening, w *watch) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics(w), promhttp.HandlerOpts{MaxRequestsInFlight: l.Requests}))
	mux.HandleFunc("GET /healthz", func(out http.ResponseWriter, _ *http.Request) {
		if !w.alive() {
			http.Error(out, fmt.Sprintf("the pipeline has not moved for %v", stalled), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(out, "alive")
	})
	mux.HandleFunc("GET /readyz", func(out http.ResponseWriter, _ *http.Request) {
		if why := w.unready(); why != "" {
			http.Error(out, why, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(out, "ready")
	})
	return mux
}
