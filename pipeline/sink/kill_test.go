package sink_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"auscult/pipeline/alert"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/outbox"
	"auscult/pipeline/sink"
	"auscult/pipeline/sink/kafkatest"
)

// The whole figure: go test ./pipeline/sink -run TestKilled -timeout 20m -alerts 100000 -kills 20 -crashes 20
var (
	manyAlerts = flag.Int("alerts", 6_000, "alerts of TestKilled")
	kills      = flag.Int("kills", 8, "times that TestKilled kills the sensor")
	crashes    = flag.Int("crashes", 2, "times that TestKilled kills the broker")
)

const childVariable = "AUSCULT_TEST_CHILD" // "FROM TO BROKER DIR": the process is a sensor to be killed

func TestMain(m *testing.M) {
	if job := os.Getenv(childVariable); job != "" {
		if err := sensor(strings.Fields(job)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// sequence is the n-th alert of a run: ten of each incident, one after the other.
func sequence(template alert.Alert, n int) alert.Alert {
	a := template
	a.UID, a.Sequence, a.Activity = fmt.Sprintf("auscult-%06d", n/10), n%10+1, alert.Update
	switch a.Sequence {
	case 1:
		a.Activity = alert.Create
	case 10:
		a.Activity = alert.Close
	}
	return a
}

// sensor writes alerts FROM to TO, twenty at a time, and says on standard output which are acknowledged. It ends when
// the broker has them all.
func sensor(job []string) error {
	from, _ := strconv.Atoi(job[0])
	to, _ := strconv.Atoi(job[1])
	cfg := config(job[2])
	targets, err := sink.NewKafka(cfg, meta)
	if err != nil {
		return err
	}
	oc := outbox.Defaults()
	oc.Dir, oc.Drain, oc.SegmentBytes = job[3], patience, 256<<10
	o, err := sink.OpenOutbox(oc, names(new(testing.T), false), meta, false, func(line string) { fmt.Fprintln(os.Stderr, line) }, targets...)
	if err != nil {
		return err
	}
	template := oneAlert(0)
	for from < to {
		var batch []alert.Alert
		for ; len(batch) < 20 && from < to; from++ {
			batch = append(batch, sequence(template, from))
		}
		if err := o.Write(context.Background(), batch); err != nil {
			return err
		}
		fmt.Println(from)
	}
	return o.Close()
}

// Sensor and broker are killed at any instant. Every alert that was acknowledged reaches the topic, those of an incident
// in their order; repeats have the uid and sequence of the first.
func TestKilled(t *testing.T) {
	b := kafkatest.Start(t)
	cfg := config(b.Addr)
	cfg.CreateTopics = true
	// A broker may name a leader of a new topic before that one knows.
	until(t, func() bool { return send(t, cfg) == nil })
	n, dir, acked := *manyAlerts, t.TempDir(), 0
	for kill := 0; acked < n || kill <= *kills; kill++ {
		// Each life is to write its share before it is killed, and the last one the rest.
		to := n
		if kill < *kills {
			to = n * (kill + 1) / *kills
		}
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %s %s", childVariable, acked, to, b.Addr, dir))
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if kill < *kills {
			time.AfterFunc(time.Duration(rand.IntN(400))*time.Millisecond, func() { c.Process.Kill() })
			if kill**crashes / *kills != (kill+1)**crashes / *kills {
				time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
				b.Crash()
			}
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if acked, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatalf("the sensor says %q", lines.Text())
			}
		}
		err = c.Wait()
		if kill >= *kills && err != nil {
			t.Fatalf("the last sensor: %v", err)
		}
		b.Ensure()
		if kill > *kills+1 {
			t.Fatalf("%d of %d after %d lives", acked, n, kill)
		}
	}
	seen := map[string]int{}
	repeats := 0
	for _, m := range everything(t, b.Addr, cfg.Partitions) {
		uid := string(m.Key)
		if uid == "auscult-x" {
			continue
		}
		f, err := ocsf.Read(m.Value)
		if err != nil {
			t.Fatalf("%s is corrupt: %v", uid, err)
		}
		sequence, err := strconv.Atoi(strings.TrimPrefix(f.Metadata.UID, uid+"-"))
		switch {
		case err != nil:
			t.Fatalf("%s holds %s", uid, f.Metadata.UID)
		case sequence <= seen[uid]:
			repeats++
		case sequence != seen[uid]+1:
			t.Fatalf("%s: %d follows %d", uid, sequence, seen[uid])
		default:
			seen[uid] = sequence
		}
	}
	for i := range n / 10 {
		if uid := fmt.Sprintf("auscult-%06d", i); seen[uid] != 10 {
			t.Fatalf("%s: %d of 10 came", uid, seen[uid])
		}
	}
	t.Logf("%d alerts through %d kills of the sensor and %d of the broker: all there, in order, and %d of them twice or more", n, *kills, *crashes, repeats)
}

// everything is all messages of the topic, each partition's in order.
func everything(t *testing.T, broker string, partitions int) (out []kafka.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for p := range partitions {
		conn, err := kafka.DialLeader(ctx, "tcp", broker, topic, p)
		if err != nil {
			t.Fatal(err)
		}
		_, last, err := conn.ReadOffsets()
		conn.Close()
		if err != nil {
			t.Fatal(err)
		}
		r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{broker}, Topic: topic, Partition: p, MaxWait: 100 * time.Millisecond, MaxBytes: 8 << 20})
		for range last {
			m, err := r.ReadMessage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, m)
		}
		r.Close()
	}
	return out
}
