package sink_test

import (
	"bytes"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"auscult/pipeline/alert"
	"auscult/pipeline/outbox"
	"auscult/pipeline/sink"
	"auscult/pipeline/sink/kafkatest"
	"auscult/sensor/pseudonym"
)

const topic = "auscult.hosp-a.alert.ocsf.v1"

// patience is how long a test waits for what must come, on a machine that has next to no time for it.
const patience = 3 * time.Minute

func config(broker string) sink.KafkaConfig {
	c := sink.KafkaDefaults()
	c.Brokers, c.Topic, c.Timeout = []string{broker}, topic, patience
	return c
}

// received reads n messages of the topic from its first offset, over all partitions.
func received(t *testing.T, broker string, partitions, n int) []kafka.Message {
	t.Helper()
	out := everything(t, broker, partitions)
	if len(out) != n {
		t.Fatalf("the topic holds %d messages, want %d", len(out), n)
	}
	return out
}

// open is an outbox in a new folder with the Kafka targets of cfg. What it says goes to the log of the test.
func open(t *testing.T, cfg sink.KafkaConfig, change ...func(*outbox.Config)) *sink.Outbox {
	t.Helper()
	return openAs(t, cfg, names(t, false), change...)
}

func openAs(t *testing.T, cfg sink.KafkaConfig, as *pseudonym.Names, change ...func(*outbox.Config)) *sink.Outbox {
	t.Helper()
	targets, err := sink.NewKafka(cfg, meta)
	if err != nil {
		t.Fatal(err)
	}
	oc := outbox.Defaults()
	oc.Dir, oc.Drain = t.TempDir(), patience
	for _, c := range change {
		c(&oc)
	}
	o, err := sink.OpenOutbox(oc, as, meta, false, func(line string) { t.Log(line) }, targets...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// send has the first target of cfg send one alert, and is what it says.
func send(t *testing.T, cfg sink.KafkaConfig) error {
	t.Helper()
	targets, err := sink.NewKafka(cfg, meta)
	if err != nil {
		t.Fatal(err)
	}
	defer targets[0].Close()
	n, err := targets[0].Send(t.Context(), []outbox.Record{{Number: 1, UID: "auscult-x", Sequence: 1, Activity: alert.Create, Body: []byte("{}")}})
	if (err == nil) != (n == 1) {
		t.Errorf("%d taken, %v", n, err)
	}
	return err
}

func oneLine(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error is more than one line: %q", err)
	}
}

// check writes 25 alerts to a file and to the broker, and finds the same bytes in both, with key and headers.
func check(t *testing.T, broker string) {
	t.Helper()
	batch := alerts(25)
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	f, err := sink.OpenFile(path, names(t, false), meta)
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(broker)
	oneLine(t, send(t, cfg), "kafka "+broker+": ", `topic "`+topic+`" does not exist; create it or give --create-topics`)
	cfg.CreateTopics = true
	k := open(t, cfg)
	for i := 0; i < len(batch); i += 10 {
		part := batch[i:min(i+10, len(batch))]
		if err := f.Write(t.Context(), part); err != nil {
			t.Fatal(err)
		}
		if err := k.Write(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{}
	for i, line := range bytes.Split(bytes.TrimSpace(read(t, path)), []byte("\n")) {
		want[batch[i].UID] = line
	}
	for _, m := range received(t, broker, cfg.Partitions, len(batch)) {
		uid := string(m.Key)
		if !bytes.Equal(m.Value, want[uid]) {
			t.Errorf("%s: the broker holds\n%s\nthe file\n%s", uid, m.Value, want[uid])
		}
		delete(want, uid)
		headers := map[string]string{}
		for _, h := range m.Headers {
			headers[h.Key] = string(h.Value)
		}
		for k, v := range map[string]string{"content-type": "application/json", "ce_specversion": "1.0", "ce_id": uid + "-1",
			"ce_source": "urn:auscult:hosp-a:sensor-01", "ce_type": "auscult.finding.create.v1", "ce_subject": uid, "ce_partitionkey": uid,
			"ce_dataschema": "https://schema.ocsf.io/1.8.0/classes/detection_finding"} {
			if headers[k] != v {
				t.Errorf("%s: header %s is %q, want %q", uid, k, headers[k], v)
			}
		}
		if _, err := time.Parse(time.RFC3339Nano, headers["ce_time"]); err != nil {
			t.Error(err)
		}
	}
	for uid := range want {
		t.Errorf("%s never came", uid)
	}
}

func TestKafkaBroker(t *testing.T) {
	b := kafkatest.Start(t)
	check(t, b.Addr)

	// A broker that dies between two writes gets both once it is back.
	cfg := config(b.Addr)
	k := open(t, cfg)
	b.Crash()
	if err := k.Write(t.Context(), alerts(2)[1:]); err != nil {
		t.Fatalf("a broker that is away is no error yet: %v", err)
	}
	b.Restart()
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	received(t, b.Addr, cfg.Partitions, 26)
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never came to be")
		}
	}
}

func TestKafkaFake(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	check(t, c.ListenAddrs()[0])
}

func TestKafkaUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cfg := config(addr)
	begun := time.Now()
	oneLine(t, send(t, cfg), "kafka "+addr+": no broker can be reached (", "start it or correct its address")
	if d := time.Since(begun); d >= cfg.Timeout {
		t.Errorf("it took %v to say so: it waited for an answer", d)
	}
}

// A broker that accepts and never answers must not hold a run up.
func TestKafkaHung(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := config(l.Addr().String())
	cfg.Timeout = time.Second
	begun := time.Now()
	oneLine(t, send(t, cfg), "no broker can be reached")
	if d := time.Since(begun); d >= patience {
		t.Errorf("it took %v to say so", d)
	}
}

func TestKafkaDies(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(c.ListenAddrs()[0])
	k := open(t, cfg, func(c *outbox.Config) { c.Drain = time.Second })
	if err := k.Write(t.Context(), alerts(1)); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { _, s := k.Stats(); return s[0].Sent == 1 })
	c.Close()
	if err := k.Write(t.Context(), alerts(5)); err != nil {
		t.Fatalf("a broker that is away is no error yet: %v", err)
	}
	oneLine(t, k.Close(), "kafka: 5 alerts were not delivered (", "holds them")
}

func TestKafkaLargeAlert(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cfg := config(c.ListenAddrs()[0])
	cfg.MaxBytes = 16 << 10
	k := openAs(t, cfg, names(t, true))
	a := alerts(1)
	for i := range a[0].Signal.Evidence {
		a[0].Signal.Evidence[i].Call.Target = "/" + strings.Repeat("x", 10_000)
		a[0].Signal.Evidence[i].Call.Path = a[0].Signal.Evidence[i].Call.Target
	}
	if err := k.Write(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	m := received(t, cfg.Brokers[0], 1, 1)[0]
	if len(m.Value) > cfg.MaxBytes || !bytes.Contains(m.Value, []byte(a[0].UID)) ||
		!bytes.Contains(m.Value, []byte(`"is_truncated":true,"untruncated_size":`)) || !json.Valid(m.Value) {
		t.Errorf("%d bytes came: %.80s", len(m.Value), m.Value)
	}
	if len(a[0].Signal.Evidence) != 3 {
		t.Error("the alert itself was cut")
	}
}

func TestKafkaConfig(t *testing.T) {
	good := config("h:1")
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	bad := func(want string, change func(*sink.KafkaConfig)) {
		t.Helper()
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	bad(`brokers: "h"`, func(c *sink.KafkaConfig) { c.Brokers = []string{"h"} })
	bad(`topic: "a b"`, func(c *sink.KafkaConfig) { c.Topic = "a b" })
	bad("partitions: 0", func(c *sink.KafkaConfig) { c.Partitions = 0 })
	bad("replication: 0", func(c *sink.KafkaConfig) { c.Replication = 0 })
	bad("timeout: 0s", func(c *sink.KafkaConfig) { c.Timeout = 0 })
	bad("max_bytes: 1", func(c *sink.KafkaConfig) { c.MaxBytes = 1 })
	bad(`sasl: "ntlm"`, func(c *sink.KafkaConfig) { c.SASL = "ntlm" })
	bad("sasl: needs user", func(c *sink.KafkaConfig) { c.SASL = "plain" })
	bad("sasl: plain would send", func(c *sink.KafkaConfig) { c.SASL, c.User, c.PasswordFile = "plain", "u", "f" })
	bad(`user: "u"`, func(c *sink.KafkaConfig) { c.User = "u" })
	bad("tls: is of no use", func(c *sink.KafkaConfig) { c.TLS.CAFile = "f" })
	bad("tls.cert_file", func(c *sink.KafkaConfig) { c.Secure, c.TLS.CertFile = true, "f" })
	bad("state_topic", func(c *sink.KafkaConfig) { c.StateTopic = c.Topic })
}
