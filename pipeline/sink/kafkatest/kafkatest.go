// Package kafkatest runs one real Apache Kafka broker for a test: KRaft, broker and controller in one JVM, its
// jars fetched once by Maven into the user's cache. It needs Java 17 and, the first time, Maven and a network.
package kafkatest

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

//go:embed pom.xml
var pom []byte

// Broker is a running broker. It is stopped when its test ends.
type Broker struct {
	Addr string // host:port of its clients' listener

	t    testing.TB
	dir  string
	jars string
	cmd  *exec.Cmd
	// format is more arguments of the store's formatting: users.
	format []string
	done   chan error
}

// Option changes one line of the broker's configuration: "key=value".
type Option string

// Start starts a broker with an empty store and waits until it answers. Without Java or Maven the test is
// skipped, unless the environment says CI: there it fails.
func Start(t testing.TB, options ...Option) *Broker {
	t.Helper()
	b := prepare(t)
	b.begin(func(int) []Option { return options })
	return b
}

// prepare is a broker that has its jars, and nothing else.
func prepare(t testing.TB) *Broker {
	t.Helper()
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("kafkatest: %v", err)
			}
			t.Skipf("kafkatest: %v", err)
		}
	}
	b := &Broker{t: t, dir: t.TempDir()}
	var err error
	if b.jars, err = fetch(); err != nil {
		t.Fatalf("kafkatest: %v", err)
	}
	return b
}

// begin configures and starts the broker; options may depend on the controller's port.
func (b *Broker) begin(options func(controller int) []Option) {
	b.t.Helper()
	if err := b.configure(options); err != nil {
		b.t.Fatalf("kafkatest: %v", err)
	}
	b.t.Cleanup(b.Crash)
	b.Restart()
}

// Restart starts the broker again after Crash, on the same port and with the same store.
func (b *Broker) Restart() {
	b.t.Helper()
	log, err := os.Create(filepath.Join(b.dir, "broker.log"))
	if err != nil {
		b.t.Fatalf("kafkatest: %v", err)
	}
	b.cmd = b.java("-Xms64m", "-Xmx256m", "-Xss512k", "kafka.Kafka", filepath.Join(b.dir, "server.properties"))
	b.cmd.Stdout, b.cmd.Stderr = log, log
	err = b.cmd.Start()
	log.Close()
	if err != nil {
		b.t.Fatalf("kafkatest: %v", err)
	}
	b.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan<- error) { done <- cmd.Wait() }(b.cmd, b.done)
	b.wait(5 * time.Minute)
}

// Ensure starts the broker again if it is not running.
func (b *Broker) Ensure() {
	b.t.Helper()
	if b.cmd == nil {
		b.Restart()
	}
}

// Crash kills the broker at once, as a power cut would. It does nothing when the broker is not running.
func (b *Broker) Crash() {
	if b.cmd == nil || b.cmd.Process == nil {
		return
	}
	b.cmd.Process.Kill()
	<-b.done
	b.cmd = nil
}

func (b *Broker) wait(limit time.Duration) {
	b.t.Helper()
	log := filepath.Join(b.dir, "broker.log")
	for end := time.Now().Add(limit); time.Now().Before(end); {
		select {
		case err := <-b.done:
			b.done <- err
			text, _ := os.ReadFile(log)
			b.t.Fatalf("kafkatest: the broker ended: %v\n%s", err, tail(text))
		case <-time.After(100 * time.Millisecond):
		}
		if text, _ := os.ReadFile(log); !bytes.Contains(text, []byte("Kafka Server started")) {
			continue
		}
		if c, err := net.DialTimeout("tcp", b.Addr, time.Second); err == nil {
			c.Close()
			return
		}
	}
	text, _ := os.ReadFile(log)
	b.t.Fatalf("kafkatest: not ready after %v\n%s", limit, tail(text))
}

func (b *Broker) java(args ...string) *exec.Cmd {
	first := []string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true",
		"-Dlog4j2.configurationFile=" + filepath.Join(b.dir, "log4j2.properties"), "-cp", filepath.Join(b.jars, "*")}
	return exec.Command("java", append(first, args...)...)
}

const log4j = `status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1} %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
`

// configure writes the configuration and formats the store. Security stands in one line, the protocol map, and
// in what options add.
func (b *Broker) configure(options func(controller int) []Option) error {
	client, err := freePort()
	if err != nil {
		return err
	}
	controller, err := freePort()
	if err != nil {
		return err
	}
	b.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(client))
	var conf bytes.Buffer
	fmt.Fprintf(&conf, `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%d
listeners=CLIENT://%s,CONTROLLER://127.0.0.1:%d
advertised.listeners=CLIENT://%s
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
log.dirs=%s
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
background.threads=2
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=400
log.segment.bytes=16777216
log.cleaner.dedupe.buffer.size=16777216
`, controller, b.Addr, controller, b.Addr, filepath.ToSlash(filepath.Join(b.dir, "store")))
	for _, o := range options(controller) {
		fmt.Fprintln(&conf, o)
	}
	path := filepath.Join(b.dir, "server.properties")
	if err := os.WriteFile(path, conf.Bytes(), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.dir, "log4j2.properties"), []byte(log4j), 0o600); err != nil {
		return err
	}
	var id [16]byte
	rand.Read(id[:])
	id[0] &= 0x7f // else it may begin with "-" and be taken for an option
	args := []string{"-Xmx128m", "kafka.tools.StorageTool", "format", "-t", base64.RawURLEncoding.EncodeToString(id[:]), "-c", path}
	out, err := b.java(append(args, b.format...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("format the store: %w\n%s", err, tail(out))
	}
	return nil
}

// fetch is the folder that holds the jars, filled on first use. Two tests may race: each fills a folder of its
// own, and the first to rename it wins.
func fetch() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	jars := filepath.Join(cache, "auscult-kafkatest", "kafka-4.3.1")
	if _, err := os.Stat(jars); err == nil {
		return jars, nil
	}
	if err := os.MkdirAll(filepath.Dir(jars), 0o700); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(jars), "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	file := filepath.Join(tmp, "pom.xml")
	if err := os.WriteFile(file, pom, 0o600); err != nil {
		return "", err
	}
	cmd := exec.Command("mvn", "-B", "-q", "-ntp", "-f", file, "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies",
		"-DincludeScope=runtime", "-DoutputDirectory="+filepath.Join(tmp, "jars"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetch the jars: %w\n%s", err, tail(out))
	}
	err = os.Rename(filepath.Join(tmp, "jars"), jars)
	if _, other := os.Stat(jars); err != nil && errors.Is(other, fs.ErrNotExist) {
		return "", err
	}
	return jars, nil
}

// freePort is a port that nobody listens on, below those that systems give to clients: a broker that is away for a
// while finds it still free. It is drawn by chance, as other tests draw theirs at the same time.
func freePort() (port int, err error) {
	for range 100 {
		port = 15000 + mathrand.IntN(15000)
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}

func tail(b []byte) []byte { return b[max(0, len(b)-2000):] }
