package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
)

// house is a machine of its own for whoever runs the program. What it writes, says and sends is kept by what that is.
type house struct {
	t      *testing.T
	root   string
	env    []string
	broker string
	runs   [][]string // the arguments of each run

	mu    sync.Mutex
	heard map[string][]byte // of outputs that are no files, by name
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, root: t.TempDir(), heard: map[string][]byte{}}
	for _, dir := range []string{"given", "keys", "tmp", "home", "state", "work"} {
		if err := os.Mkdir(h.at(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// What is written where nobody said is to be found too.
	for _, v := range []string{"HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "AppData", "LocalAppData"} {
		t.Setenv(v, h.at("home"))
	}
	for _, v := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(v, h.at("tmp"))
	}
	t.Chdir(h.at("work"))
	h.env = []string{"HOME=" + h.at("home"), "XDG_STATE_HOME=" + h.at("state"), "AUSCULT_LOG_LEVEL=debug",
		"AUSCULT_PSEUDONYM_KEY_FILE=" + h.at("keys/pseudonym.key"), "AUSCULT_CUSTODY_SIGNING_KEY=" + h.at("keys/signing.key")}
	return h
}

func (h *house) at(name string) string { return filepath.Join(h.root, filepath.FromSlash(name)) }

// give puts a file of the test into the house, and is its path.
func (h *house) give(name string, text []byte) string {
	h.t.Helper()
	path := h.at("given/" + name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// hear adds to an output that is no file.
func (h *house) hear(output string, b []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard[output] = append(h.heard[output], b...)
}

// run runs the program, whose status is to be want.
func (h *house) run(want int, args ...string) {
	h.t.Helper()
	h.runs = append(h.runs, args)

	status, stdout, stderr := auscultWith(h.t, context.Background(), h.env, "", args...)
	h.hear("standard output", []byte(stdout))
	h.hear("standard error", []byte(stderr))
	if status != want {
		h.t.Errorf("auscult %q: status %d, want %d: %s", args, status, want, stderr)
	}
}

// collectors begins everything that alerts can be sent to, and sends them there from now on.
func (h *house) collectors() {
	h.t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(cluster.Close)
	h.broker = cluster.ListenAddrs()[0]
	hook := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what was cut off is not what this is about
		h.hear("webhook", append(fmt.Appendf(nil, "%s %s\n%v\n", r.Method, r.URL, r.Header), body...))
	}))
	h.t.Cleanup(hook.Close)
	ca := h.give("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: hook.Certificate().Raw}))
	collector, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: hook.TLS.Certificates})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { collector.Close() })
	go func() {
		for {
			c, err := collector.Accept()
			if err != nil {
				return
			}
			go h.listen("syslog", c)
		}
	}()
	secret := h.give("hook.secret", []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"))
	h.env = append(h.env, "AUSCULT_KAFKA_STATE_TOPIC=states", "AUSCULT_SYSLOG_ADDRESS="+collector.Addr().String(), "AUSCULT_SYSLOG_TLS_CA_FILE="+ca,
		"AUSCULT_WEBHOOK_URL="+hook.URL+"/x", "AUSCULT_WEBHOOK_TLS_CA_FILE="+ca, "AUSCULT_WEBHOOK_SECRET_FILE="+secret, "AUSCULT_FILE_PATH="+h.at("followed.jsonl"))
}

// listen keeps what comes by a connection.
func (h *house) listen(output string, c net.Conn) {
	defer c.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := c.Read(b)
		h.hear(output, b[:n])
		if err != nil {
			return
		}
	}
}

// consume keeps what is in the broker, as consumers see it.
func (h *house) consume() {
	h.t.Helper()
	c, err := kafka.DialContext(h.t.Context(), "tcp", h.broker)
	if err != nil {
		h.t.Fatal(err)
	}
	defer c.Close()
	parts, err := c.ReadPartitions()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, p := range parts {
		last, err := lastOf(h.t.Context(), h.broker, p)
		if err != nil {
			h.t.Fatal(err)
		}
		r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{h.broker}, Topic: p.Topic, Partition: p.ID, MaxBytes: 8 << 20, MaxWait: 100 * time.Millisecond})
		for at := int64(0); at < last; {
			m, err := r.ReadMessage(h.t.Context())
			if err != nil {
				h.t.Fatal(err)
			}
			h.hear("Kafka", fmt.Appendf(nil, "%s %s\n", m.Key, m.Value))
			for _, header := range m.Headers {
				h.hear("Kafka", fmt.Appendf(nil, "%s: %s\n", header.Key, header.Value))
			}
			at = m.Offset + 1
		}
		r.Close()
	}
}

func lastOf(ctx context.Context, broker string, p kafka.Partition) (int64, error) {
	c, err := kafka.DialLeader(ctx, "tcp", broker, p.Topic, p.ID)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	return c.ReadLastOffset()
}

// each calls f with every output: its name in PRIVACY.md and its bytes. A file that nobody knows fails the test.
func (h *house) each(f func(name, where string, b []byte)) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, b := range h.heard {
		f(name, name, bytes.Clone(b))
	}
	err := filepath.WalkDir(h.root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		below, err := filepath.Rel(h.root, path)
		if err != nil {
			return err
		}
		below = filepath.ToSlash(below)
		name, known := outputOf(below)
		if !known {
			h.t.Errorf("%s was written, and is no output that this test knows: add it to outputFiles, and to the table of PRIVACY.md", below)
		}
		b, err := os.ReadFile(path)
		if name != "" || !known {
			f(name, below, b)
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}
