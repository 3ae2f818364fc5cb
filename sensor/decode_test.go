package main

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

type sample struct {
	Inner `yaml:",inline"`
	Kafka struct {
		Brokers []string      `yaml:"brokers"`
		Wait    time.Duration `yaml:"wait"`
		Topic   string        `yaml:"topic"`
	} `yaml:"kafka"`
}

type Inner struct {
	Workers int `yaml:"workers"`
	Deep    struct {
		Ratio float64 `yaml:"ratio"`
		On    bool    `yaml:"on"`
	} `yaml:"deep"`
}

func TestDecodeOverDefaults(t *testing.T) {
	s := sample{}
	s.Workers, s.Kafka.Topic, s.Deep.Ratio = 3, "alerts", 0.5
	if err := decode(&s, "f.yml", []byte("kafka:\n  brokers: [a:1, b:2]\n  wait: 5s\ndeep: {on: true}\n")); err != nil {
		t.Fatal(err)
	}
	want := sample{}
	want.Workers, want.Kafka.Topic, want.Deep.Ratio, want.Deep.On = 3, "alerts", 0.5, true
	want.Kafka.Brokers, want.Kafka.Wait = []string{"a:1", "b:2"}, 5*time.Second
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

func TestDecodeErrors(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		err := decode(&sample{}, "f.yml", []byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	f("kafka:\n  topics: x\n", "f.yml:2:3: unknown key \"topics\"; did you mean kafka.topic? 'auscult config' lists every key")
	f("zzzzzzzzzz: 1\n", "f.yml:1:1: unknown key \"zzzzzzzzzz\"; 'auscult config' lists every key")
	f("workers: 1\n---\nworkers: 2\n", "f.yml: holds a second document after ---; put everything in one")
	for _, c := range []struct{ text, at string }{
		{"workers: many\n", "f.yml:1:10: "},
		{"workers: 1\nworkers: 2\n", "f.yml:2:1: "},
		{"kafka: [1, 2\n", "f.yml:1:"},
		{"kafka:\n  wait: soon\n", "f.yml:2:9: "},
	} {
		err := decode(&sample{}, "f.yml", []byte(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), c.at) {
			t.Errorf("%q: got %v, want it at %s", c.text, err, c.at)
		}
	}
	for _, empty := range []string{"", "\n", "# nothing\n", "---\n", "kafka:\n", "kafka:\n  # topic: x\n", "workers:\nkafka:\n  topic:\n"} {
		s := sample{}
		s.Workers, s.Kafka.Topic = 3, "alerts"
		if err := decode(&s, "f.yml", []byte(empty)); err != nil || s.Workers != 3 || s.Kafka.Topic != "alerts" {
			t.Errorf("%q: %v, %+v", empty, err, s)
		}
	}
}

func TestOverride(t *testing.T) {
	s := sample{}
	used, unknown, err := override(&s, []string{"HOME=/x", "AUSCULT_WORKERS=7", "AUSCULT_KAFKA_BROKERS=a:1, b:2,", "AUSCULT_KAFKA_WAIT=250ms",
		"AUSCULT_KAFKA_TOPIC=007", "AUSCULT_DEEP_ON=true", "AUSCULT_CONFIG=f.yml", "AUSCULT_PORT_80_TCP=x"})
	if err != nil {
		t.Fatal(err)
	}
	if len(used) != 5 {
		t.Error("used: ", used)
	}
	if !reflect.DeepEqual(unknown, []string{"AUSCULT_PORT_80_TCP"}) {
		t.Error("unknown: ", unknown)
	}
	want := sample{}
	want.Workers, want.Deep.On = 7, true
	want.Kafka.Brokers, want.Kafka.Wait, want.Kafka.Topic = []string{"a:1", "b:2"}, 250*time.Millisecond, "007"
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
	if _, _, err := override(&s, []string{"AUSCULT_WORKERS=many"}); err == nil ||
		err.Error() != `AUSCULT_WORKERS: "many" does not fit workers (int)` {
		t.Error(err)
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"topics", "topic", 1}, {"kitten", "sitting", 3}, {"same", "same", 0}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("%s to %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
