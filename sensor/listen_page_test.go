package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auscult/pipeline"
	"auscult/sensor/page"
	"auscult/sensor/pseudonym"
)

// certified is a certificate of 127.0.0.1 and its key, in files, and who trusts it.
func certified(t *testing.T) (cert, key string, trust *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	put(t, cert, text)
	put(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	trust = x509.NewCertPool()
	trust.AppendCertsFromPEM([]byte(text))
	return cert, key, trust
}

// TestListenTLS: through TLS the page asks for a token, its cookie is for TLS alone, and the other pages ask for nothing.
func TestListenTLS(t *testing.T) {
	cert, key, trust := certified(t)
	tokens := filepath.Join(t.TempDir(), "tokens")
	put(t, tokens, "analyst analyst-token-of-the-test-0123456789\n")
	l := listening{Address: "127.0.0.1:0", Requests: 4, Cert: cert, Key: key, Tokens: tokens}
	if err := l.Validate(); err != nil {
		t.Fatal(err)
	}
	s, err := openServer(l, page.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := pseudonym.LoadOrCreate(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	cfg := pipeline.Defaults()
	w := &watch{src: &counts{}, lanes: &metered{}, cfg: &cfg}
	w.page = page.New(page.Options{Config: page.Defaults(), Names: &pseudonym.Names{Keys: keys}, Tokens: s.tokens, State: w.state})
	s.serve(l, w)
	defer s.Close()
	at := "https://" + s.listener.Addr().String()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	is := func(path string, status int, says string) {
		t.Helper()
		answer, err := client.Get(at + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != status || !strings.Contains(string(text), says) {
			t.Errorf("%s: status %d, %v, %.200q; want %d, %q", path, answer.StatusCode, err, text, status, says)
		}
	}
	is("/metrics", 200, "auscult_page_clients 0")
	is("/healthz", 200, "alive")
	is("/readyz", 503, "starting")
	is("/", 303, "")
	is("/events", 401, "Log in")
	answer, err := client.PostForm(at+"/login", url.Values{"token": {"analyst-token-of-the-test-0123456789"}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	cookie := answer.Header.Get("Set-Cookie")
	if answer.StatusCode != 303 || answer.ProtoMajor != 2 || !strings.HasPrefix(cookie, "__Host-auscult=") || !strings.Contains(cookie, "; Path=/; ") ||
		!strings.HasSuffix(cookie, "; HttpOnly; Secure; SameSite=Strict") {
		t.Errorf("logged in with status %d, HTTP/%d, cookie %q", answer.StatusCode, answer.ProtoMajor, cookie)
	}
	plain, err := http.Get("http://" + s.listener.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	plain.Body.Close()
	if plain.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS: status %d", plain.StatusCode)
	}
}

// TestListenRefuses: what would let strangers in, or send tokens in the clear, is told before anything is served.
func TestListenRefuses(t *testing.T) {
	cert, key, _ := certified(t)
	open := filepath.Join(t.TempDir(), "open")
	put(t, open, "analyst short\n")
	for _, c := range []struct {
		l    listening
		want string
	}{
		{listening{Address: "127.0.0.1:0", Cert: cert}, "a certificate and its key go together"},
		{listening{Address: "127.0.0.1:0", Key: key}, "a certificate and its key go together"},
		{listening{Address: "0.0.0.0:0", Public: true, Tokens: open}, "in the clear"},
		{listening{Address: "127.0.0.1:0", Cert: key, Key: key}, "--listen-cert: "},
		{listening{Address: "127.0.0.1:0", Tokens: open}, "--listen-tokens " + open + ": line 1: a token has at least 32"},
		{listening{Address: "127.0.0.1:0", Tokens: open + "x"}, "--listen-tokens: open "},
	} {
		c.l.Requests = 4
		err := c.l.Validate()
		if err == nil {
			var s *server
			if s, err = openServer(c.l, page.Defaults()); err == nil {
				s.Close()
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.l, err, c.want)
		}
	}
}

// TestNoPage: what other machines reach without TLS and tokens says so, and serves what it always did.
func TestNoPage(t *testing.T) {
	w, _, _, _ := watching(t)
	for _, l := range []listening{{Address: "0.0.0.0:9477", Public: true, Requests: 2}, {Address: "0.0.0.0:9477", Public: true, Requests: 2, Cert: "c", Key: "k"}} {
		h := handler(l, w)
		for path, want := range map[string]int{"/": 403, "/events": 404, "/login": 404, "/metrics": 200, "/healthz": 200} {
			out := httptest.NewRecorder()
			h.ServeHTTP(out, httptest.NewRequest("GET", path, nil))
			if out.Code != want || path == "/" && !strings.Contains(out.Body.String(), "needs TLS and tokens") {
				t.Errorf("%s: status %d, %.100q; want %d", path, out.Code, out.Body.String(), want)
			}
		}
	}
}
