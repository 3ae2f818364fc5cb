package sink_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"auscult/pipeline/sink"
	"auscult/pipeline/sink/kafkatest"
)

// A broker that asks for TLS and a login takes alerts by every mechanism; what is wrong with either is one line.
func TestKafkaSecure(t *testing.T) {
	b, login := kafkatest.StartSecure(t)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(login.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(change func(*sink.KafkaConfig)) sink.KafkaConfig {
		c := config(b.Addr)
		c.CreateTopics, c.Secure, c.TLS.CAFile = true, true, login.CAFile
		c.SASL, c.User, c.PasswordFile = "scram-sha-512", login.User, password
		c.StateTopic = "auscult.hosp-a.alert-state.ocsf.v1"
		if change != nil {
			change(&c)
		}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	k := open(t, with(nil))
	if err := k.Write(t.Context(), alerts(25)); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if _, s := k.Stats(); s[0].Sent != 25 || s[1].Sent != 25 || s[1].Name != "kafka-state" {
		t.Errorf("%+v", s)
	}
	for _, how := range []string{"plain", "scram-sha-256"} {
		if err := send(t, with(func(c *sink.KafkaConfig) { c.SASL = how })); err != nil {
			t.Errorf("%s: %v", how, err)
		}
	}
	at := "kafka " + b.Addr + ": "
	oneLine(t, send(t, with(func(c *sink.KafkaConfig) { c.Topic, c.CreateTopics = "missing", false })), at+`topic "missing" does not exist`)
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("guess"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		oneLine(t, send(t, with(func(c *sink.KafkaConfig) { c.SASL, c.PasswordFile = how, wrong })), at+`user "sensor" or its password is wrong`)
	}
	oneLine(t, send(t, with(func(c *sink.KafkaConfig) { c.TLS.CAFile = "" })), at+"no broker can be trusted: its certificate is from an unknown authority")
	oneLine(t, send(t, with(func(c *sink.KafkaConfig) { c.Secure, c.TLS, c.SASL = false, sink.TLSConfig{}, "scram-sha-512" })), at+"no broker can be reached (")
	login.Certify(t, time.Now().Add(-time.Hour))
	b.Crash()
	b.Restart()
	oneLine(t, send(t, with(nil)), at+"no broker can be trusted: its certificate has expired")
}
