package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"

	"auscult/sensor/page"
	"auscult/sensor/secret"
)

// listening is where live serves its page, /metrics, /healthz and /readyz.
type listening struct {
	// Address is host:port, by number; empty serves nothing. One that is not of this machine alone needs Public.
	Address string `yaml:"address"`
	// Public lets other machines ask too. The page then needs Cert, Key and Tokens; of /metrics, /healthz and /readyz, whose answers
	// are not secret, nobody is asked who he is.
	Public bool `yaml:"public"`
	// Requests is how many are answered at a time; more are refused with status 503.
	Requests int `yaml:"requests"`
	// Cert is a file with the certificate to serve TLS with, in PEM, and those that lead to its issuer; empty serves without TLS.
	Cert string `yaml:"cert"`
	// Key is the file with its private key, in PEM.
	Key string `yaml:"key"`
	// Tokens is a file with a line for each token that the page takes: analyst or operator, the token, and a name.
	Tokens string `yaml:"tokens"`
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
	case (l.Cert == "") != (l.Key == ""):
		return errors.New("cert: a certificate and its key go together: give --listen-cert and --listen-key")
	case !l.local() && l.Tokens != "" && l.Cert == "":
		return fmt.Errorf("tokens: they would reach %s in the clear; give --listen-cert and --listen-key too", at.Addr())
	}
	return nil
}

// local is whether only this machine can ask.
func (l listening) local() bool {
	at, err := netip.ParseAddrPort(l.Address)
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// pageless is why there is no page; empty when there is.
func (l listening) pageless() string {
	if !l.local() && (l.Cert == "" || l.Tokens == "") {
		return "Other machines reach this address: the live page needs TLS and tokens here (--listen-cert, --listen-key, --listen-tokens)."
	}
	return ""
}

// Bounds of what a client may make the server wait for or hold.
const (
	listenRead  = 5 * time.Second
	listenWrite = 10 * time.Second
	listenIdle  = time.Minute
	listenHead  = 16 << 10
	mostTokens  = 16 << 10 // bytes of their file
)

// server answers how a live run is doing.
type server struct {
	http.Server // of no handler until serve
	listener    net.Listener
	tokens      page.Tokens
	ended       chan error
}

// connections is how many are open at a time beside those of requests and of browsers that follow; more wait to be accepted.
const connections = 256

// openServer takes the address, so that what is wrong with it is known before privileges are given up. It answers once
// serve was called.
func openServer(l listening, c page.Config) (*server, error) {
	if l.Address == "" {
		return nil, nil
	}
	s := &server{ended: make(chan error, 1)}
	if l.Cert != "" {
		pair, err := tls.LoadX509KeyPair(l.Cert, l.Key)
		if err != nil {
			return nil, &exit{statusUsage, fmt.Errorf("--listen-cert: %w", err)}
		}
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if l.Tokens != "" {
		text, err := secret.Read("--listen-tokens", l.Tokens, mostTokens)
		if err != nil {
			return nil, &exit{statusUsage, err}
		}
		if s.tokens, err = page.ParseTokens(text); err != nil {
			return nil, &exit{statusUsage, fmt.Errorf("--listen-tokens %s: %w", l.Tokens, err)}
		}
	}
	listener, err := net.Listen("tcp", l.Address)
	if err != nil {
		return nil, &exit{statusFailed, fmt.Errorf("--listen: %w", err)}
	}
	s.listener = netutil.LimitListener(listener, connections+l.Requests+c.Clients)
	return s, nil
}

// serve begins to answer from what w knows.
func (s *server) serve(l listening, w *watch) {
	s.Server = http.Server{Handler: handler(l, w), TLSConfig: s.TLSConfig, ReadHeaderTimeout: listenRead, ReadTimeout: listenRead,
		WriteTimeout: listenWrite, IdleTimeout: listenIdle, MaxHeaderBytes: listenHead, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		if s.TLSConfig != nil {
			s.ended <- s.Server.ServeTLS(s.listener, "", "")
			return
		}
		s.ended <- s.Server.Serve(s.listener)
	}()
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

// handler is the pages: the live page, /metrics for Prometheus, /healthz for whoever restarts what is dead, /readyz for
// whoever wants to know whether traffic is being watched.
func handler(l listening, w *watch) http.Handler {
	mux := http.NewServeMux()
	if w.page != nil {
		mux.Handle("/", w.page.Handler(l.Requests))
	} else if why := l.pageless(); why != "" {
		mux.HandleFunc("/{$}", func(out http.ResponseWriter, _ *http.Request) { http.Error(out, why, http.StatusForbidden) })
	}
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
