package sink_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"auscult/pipeline/outbox"
	"auscult/pipeline/sink"
)

// bodies has the alerts of a batch as the file has them, one each.
func bodies(t *testing.T, n int) [][]byte {
	t.Helper()
	var b bytes.Buffer
	if err := sink.NewLines(&b, "b", names(t, false), meta).Write(t.Context(), alerts(n)); err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(b.Bytes()), []byte("\n"))
}

// through writes n alerts through an outbox to one target, and is what was said meanwhile.
func through(t *testing.T, n int, target sink.Target) (said []string, s sink.SinkStats) {
	t.Helper()
	cfg := outbox.Defaults()
	cfg.Dir, cfg.Drain = t.TempDir(), patience
	var mu sync.Mutex
	say := func(line string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, line)
	}
	o, err := sink.OpenOutbox(cfg, names(t, false), meta, false, say, target)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Write(t.Context(), alerts(n)); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool {
		_, all := o.Stats()
		s = all[0]
		return s.Lag.Alerts == 0 && s.Sent+s.Refused == uint64(n)
	})
	o.Close()
	return said, s
}

func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A receiver sees each alert once it takes it, in order, signed; what it refuses for itself is passed over.
func TestWebhook(t *testing.T) {
	want := bodies(t, 6)
	var got [][]byte
	answers := []int{503, 429, 500, 200, 400, 200} // and then 200
	calls := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id, at := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
		h := hmac.New(sha256.New, []byte("key"))
		fmt.Fprintf(h, "%s.%s.%s", id, at, body)
		if r.Header.Get("Webhook-Signature") != "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil)) {
			t.Error("the signature is wrong")
		}
		if r.Header.Get("Ce-Id") != id || !strings.HasSuffix(id, "-1") || r.Header.Get("Ce-Type") != "auscult.finding.create.v1" || r.Method != "POST" {
			t.Errorf("%s %v", r.Method, r.Header)
		}
		if _, err := strconv.ParseInt(at, 10, 64); err != nil {
			t.Error(err)
		}
		code := 200
		if calls < len(answers) {
			code = answers[calls]
		}
		calls++
		if code == 200 {
			got = append(got, body)
		}
		w.WriteHeader(code)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer server.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	cfg := sink.WebhookDefaults()
	cfg.Timeout = patience
	cfg.URL, cfg.SecretFile, cfg.TLS.CAFile = server.URL+"/hook?token=hidden", secretFile(t, "key\n"), secretFile(t, string(ca))
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	w, err := sink.NewWebhook(cfg, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	said, s := through(t, 6, w)
	if s.Sent != 5 || s.Refused != 1 || s.Retried != 3 || s.Errors[sink.Overloaded] != 2 || s.Errors[sink.Refused] != 1 {
		t.Errorf("%+v", s)
	}
	if len(got) != 5 || !bytes.Equal(got[0], want[0]) || !bytes.Equal(got[1], want[2]) || !bytes.Equal(got[4], want[5]) {
		t.Errorf("%d alerts came", len(got))
	}
	if all := strings.Join(said, "\n"); strings.Contains(all, "hidden") || !strings.Contains(all, "is refused: 400") || !strings.Contains(all, "taken again") {
		t.Errorf("it said %q", said)
	}

	cfg.TLS.CAFile = ""
	if w, err = sink.NewWebhook(cfg, "a", "b"); err != nil {
		t.Fatal(err)
	}
	_, err = w.Send(t.Context(), []outbox.Record{{UID: "u", Activity: 1, Body: []byte("{}")}})
	oneLine(t, err, "webhook "+server.URL+": the receiver cannot be trusted: its certificate is from an unknown authority")
	bad := func(want string, change func(*sink.WebhookConfig)) {
		t.Helper()
		c := cfg
		change(&c)
		oneLine(t, c.Validate(), want)
	}
	bad("url: ", func(c *sink.WebhookConfig) { c.URL = "http://example.org/x" })
	bad("url: holds a password", func(c *sink.WebhookConfig) { c.URL = "https://a:b@example.org/x" })
	bad("secret_file: missing", func(c *sink.WebhookConfig) { c.SecretFile = "" })
}

// header is that of RFC 5424.
var header = regexp.MustCompile(`^<10[4-9]>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z sensor-01 auscult - create - `)

// A collector that goes away mid-way gets all messages, framed by their length, in order.
func TestSyslog(t *testing.T) {
	server := httptest.NewTLSServer(nil) // for its certificate
	defer server.Close()
	for _, format := range []string{"ocsf", "cef"} {
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: server.TLS.Certificates})
		if err != nil {
			t.Fatal(err)
		}
		messages := make(chan []byte, 100)
		go func() {
			for n := 0; ; n++ {
				c, err := l.Accept()
				if err != nil {
					return
				}
				if n == 0 { // it dies before it has read a thing
					c.Close()
					continue
				}
				go collect(c, messages)
			}
		}()
		cfg := sink.SyslogDefaults()
		cfg.Address, cfg.Format, cfg.Settle, cfg.Timeout = l.Addr().String(), format, 50*time.Millisecond, patience
		cfg.TLS.CAFile = secretFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		s, err := sink.NewSyslog(cfg, "sensor-01")
		if err != nil {
			t.Fatal(err)
		}
		_, stats := through(t, 5, s)
		if stats.Sent != 5 || stats.Retried == 0 {
			t.Errorf("%+v", stats)
		}
		for _, want := range bodies(t, 5) {
			m := <-messages
			at := header.FindIndex(m)
			switch {
			case format == "cef" && bytes.Contains(m, []byte("CEF:0|")):
			case format == "ocsf" && at != nil && bytes.Equal(m[at[1]:], want):
			default:
				t.Fatalf("%s: got %.200q, want %.80q", format, m, want)
			}
		}
		l.Close()
		_, err = s.Send(t.Context(), []outbox.Record{{UID: "u", Activity: 1, Body: bodies(t, 1)[0]}})
		oneLine(t, err, "syslog "+cfg.Address+": the collector cannot be reached (connect: ")
	}
}

// collect reads messages by their length, as RFC 5425 frames them.
func collect(c net.Conn, out chan<- []byte) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		n, err := r.ReadString(' ')
		if err != nil {
			return
		}
		size, _ := strconv.Atoi(strings.TrimSpace(n))
		b := make([]byte, size)
		if _, err := io.ReadFull(r, b); err != nil {
			return
		}
		out <- b
	}
}

// A followed file is added to over runs; a line that was torn does no harm, nor does a file that was moved away.
func TestFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	want := bodies(t, 2)
	if err := os.WriteFile(path, []byte(`{"torn":`), 0o600); err != nil {
		t.Fatal(err)
	}
	through(t, 2, sink.NewFollow(sink.FollowConfig{Path: path}))
	text := fmt.Sprintf("{\"torn\":\n%s\n%s\n", want[0], want[1])
	if got := string(read(t, path)); got != text {
		t.Errorf("got %q", got)
	}
	w := sink.NewFollow(sink.FollowConfig{Path: path})
	defer w.Close()
	write := func(body string) {
		t.Helper()
		if n, err := w.Send(context.Background(), []outbox.Record{{Body: []byte(body)}}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	write("one")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write("two")
	if got := string(read(t, path)); got != "two\n" {
		t.Errorf("the new file holds %q", got)
	}
	if got := string(read(t, path+".1")); got != text+"one\n" {
		t.Errorf("the old file holds %q", got)
	}
	_, err := sink.NewFollow(sink.FollowConfig{Path: filepath.Join(path, "no")}).Send(t.Context(), []outbox.Record{{}})
	oneLine(t, err, "file "+path)
}

// However little fits, what is left of an alert is valid, names its incident, and says that it was cut.
func TestCut(t *testing.T) {
	body := bodies(t, 1)[0]
	smallest := 0
	for limit := len(body); limit > 100; limit -= 37 {
		b, ok := sink.Cut(body, limit)
		if !ok {
			continue
		}
		smallest = limit
		var f struct {
			Metadata struct {
				UID       string `json:"uid"`
				Truncated bool   `json:"is_truncated"`
				Size      int    `json:"untruncated_size"`
			} `json:"metadata"`
			Info struct {
				UID string `json:"uid"`
			} `json:"finding_info"`
		}
		if err := json.Unmarshal(b, &f); err != nil || len(b) > limit {
			t.Fatalf("limit %d: %d bytes, %v", limit, len(b), err)
		}
		if f.Info.UID == "" || f.Metadata.UID == "" || f.Metadata.Truncated != (limit < len(body)) || f.Metadata.Truncated && f.Metadata.Size != len(body) {
			t.Fatalf("limit %d: %+v", limit, f)
		}
	}
	if smallest == 0 || smallest > 2048 {
		t.Errorf("it fits in %d bytes at least", smallest)
	}
	for _, bad := range []string{"", "[]", "{", `{"a":1`, strings.Repeat("x", 500)} {
		if b, ok := sink.Cut([]byte(bad), 0); ok && len(b) > 0 {
			t.Errorf("%q became %q", bad, b)
		}
	}
}
