package rewrap

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"time"
)

// TLS sends what every connection carries through crypto/tls, each packet's bytes as one record at the packet's
// own time, and gives the key log (NSS SSLKEYLOGFILE) that opens it. version is tls.VersionTLS12 or
// tls.VersionTLS13. The handshake takes place when that of TCP ends.
func TLS(c Capture, version uint16) (Capture, []byte, error) {
	cert, err := certificate()
	if err != nil {
		return nil, nil, err
	}
	var keys bytes.Buffer
	out, err := rewrite(c, func(t *stream) ([]step, error) { return t.seal(cert, version, &keys) })
	return out, keys.Bytes(), err
}

// seal is the steps of t in TLS.
func (t *stream) seal(cert tls.Certificate, version uint16, keys io.Writer) ([]step, error) {
	protocol := "http/1.1"
	if b, _, _ := t.bytes(up); bytes.HasPrefix(b, []byte("PRI * HTTP/2.0")) {
		protocol = "h2"
	}
	w := newWire()
	client := tls.Client(w.side(up), &tls.Config{
		MinVersion: version, MaxVersion: version, KeyLogWriter: keys, NextProtos: []string{protocol},
		ServerName: "ehr.hospital.test", InsecureSkipVerify: true, DynamicRecordSizingDisabled: true,
	})
	server := tls.Server(w.side(down), &tls.Config{
		MinVersion: version, MaxVersion: version, Certificates: []tls.Certificate{cert}, NextProtos: []string{protocol},
		DynamicRecordSizingDisabled: true,
	})
	shaken := make(chan error, 1)
	go func() {
		err := server.Handshake()
		if err != nil {
			w.Close()
		}
		shaken <- err
	}()
	err := client.Handshake()
	if err != nil {
		w.Close()
	}
	if err := errors.Join(err, <-shaken); err != nil {
		return nil, err
	}
	ends := [2]*tls.Conn{client, server}
	steps := w.since(t.opening[len(t.opening)-1].Time)
	for _, s := range t.steps {
		var err error
		if len(s.bytes) > 0 {
			_, err = ends[s.dir].Write(s.bytes)
		}
		if s.flags&fin != 0 && err == nil {
			err = ends[s.dir].CloseWrite()
		}
		if err != nil {
			return nil, err
		}
		steps = append(steps, w.since(s.time)...)
		if s.flags != 0 {
			steps = append(steps, step{time: s.time, dir: s.dir, flags: s.flags})
		}
	}
	return steps, nil
}

func certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"ehr.hospital.test"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// wire is a connection between two ends in memory that never blocks a writer and remembers what was written, in
// order.
type wire struct {
	mu      sync.Mutex
	written *sync.Cond
	bytes   [2]bytes.Buffer // not read yet, by direction
	log     []step
	closed  bool
}

func newWire() *wire {
	w := &wire{}
	w.written = sync.NewCond(&w.mu)
	return w
}

// since is what was written since it was asked last, dated time.
func (w *wire) since(time int64) []step {
	w.mu.Lock()
	defer w.mu.Unlock()
	log := w.log
	w.log = nil
	for i := range log {
		log[i].time = time
	}
	return log
}

func (w *wire) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.written.Broadcast()
	return nil
}

// wireEnd is one end of a wire.
type wireEnd struct {
	*wire
	dir int // in which it writes
}

func (w *wire) side(dir int) net.Conn { return wireEnd{w, dir} }

func (e wireEnd) Read(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	from := &e.bytes[1-e.dir]
	for from.Len() == 0 && !e.closed {
		e.written.Wait()
	}
	return from.Read(b)
}

func (e wireEnd) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.bytes[e.dir].Write(b)
	e.log = append(e.log, step{dir: e.dir, bytes: bytes.Clone(b)})
	e.written.Broadcast()
	return len(b), nil
}

func (e wireEnd) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (e wireEnd) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (e wireEnd) SetDeadline(time.Time) error      { return nil }
func (e wireEnd) SetReadDeadline(time.Time) error  { return nil }
func (e wireEnd) SetWriteDeadline(time.Time) error { return nil }
