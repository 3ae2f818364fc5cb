package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// auscult runs the program in this process.
func auscult(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return auscultWith(t, context.Background(), nil, "", args...)
}

func auscultWith(t *testing.T, ctx context.Context, environ []string, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(ctx, args, stdio{strings.NewReader(stdin), &out, &err, environ})
	return status, out.String(), err.String()
}

func TestConfigFiles(t *testing.T) {
	good, _ := filepath.Glob("testdata/config/*.good.yml")
	bad, _ := filepath.Glob("testdata/config/*.bad.yml")
	if len(good) < 2 || len(bad) < 5 {
		t.Fatal("the configuration files of the test are missing")
	}
	for _, path := range good {
		if status, _, stderr := auscult(t, "config", "-c", path); status != statusDone || stderr != "" {
			t.Errorf("%s: status %d, %s", path, status, stderr)
		}
	}
	for _, path := range bad {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		want := strings.TrimPrefix(first, "# want: ")
		status, stdout, stderr := auscult(t, "config", "-c", path)
		if status != statusUsage || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "auscult: ") || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want one line with %q", path, status, stdout, stderr, want)
		}
	}
}

func TestConfigIsReadBack(t *testing.T) {
	status, first, stderr := auscult(t, "config", "-c", "testdata/config/some.good.yml")
	if status != statusDone {
		t.Fatal(stderr)
	}
	path := filepath.Join(t.TempDir(), "auscult.yml")
	if err := os.WriteFile(path, []byte(first), 0o600); err != nil {
		t.Fatal(err)
	}
	a, _, _, err := load("testdata/config/some.good.yml", nil)
	if err != nil {
		t.Fatal(err)
	}
	b, _, _, err := load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) {
		t.Errorf("what auscult config printed is read as\n%+v\nwant\n%+v", b, a)
	}
	for _, k := range keys(nil, reflect.ValueOf(&a).Elem()) {
		if last := k.path[len(k.path)-1]; !strings.Contains(first, last+":") {
			t.Errorf("%s is not printed", k.name())
		}
	}
	if !strings.Contains(first, "# Sensor is the name of this sensor.") && !strings.Contains(first, "# sensor is the name of this sensor.") {
		t.Error("no comment above a key:\n" + first[:min(len(first), 600)])
	}
}

func TestConfigOrder(t *testing.T) {
	environ := []string{"AUSCULT_CONFIG=testdata/config/some.good.yml", "AUSCULT_SITE_SENSOR=ward-3", "AUSCULT_WORKERS=5", "AUSCULT_PORT=80"}
	var f replayFlags
	flags := pflag.NewFlagSet("replay", pflag.ContinueOnError)
	f.register(flags)
	if err := flags.Parse([]string{"--workers", "7"}); err != nil {
		t.Fatal(err)
	}
	s, err := f.settings(flags, environ)
	if err != nil {
		t.Fatal(err)
	}
	if s.Workers != 7 || s.Site.Sensor != "ward-3" || s.Kafka.Topic != "security.alerts" || s.Memory.GCPercent != defaults().Memory.GCPercent {
		t.Errorf("flag, environment, file, default: %d, %s, %s, %d", s.Workers, s.Site.Sensor, s.Kafka.Topic, s.Memory.GCPercent)
	}
	if len(s.unknownEnv) != 1 || s.unknownEnv[0] != "AUSCULT_PORT" {
		t.Error("unknown variables: ", s.unknownEnv)
	}
}
