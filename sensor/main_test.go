package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

func TestUsageErrors(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"replay"}, "needs a capture file"},
		{[]string{"replay", "--nope", "x"}, "unknown flag: --nope (see auscult replay --help)"},
		{[]string{"nope"}, `unknown command "nope" (see auscult --help)`},
		{[]string{"replya", "x"}, `unknown command "replya"; did you mean replay? (see auscult --help)`},
		{[]string{"replay", "--workers", "x", "f"}, `invalid argument "x" for "--workers"`},
		{[]string{"replay", "--workers", "-1", "f"}, "workers: -1 is not between 1 and 64"},
		{[]string{"replay", "--calls", "csv", "f"}, `--calls: "csv" is none of jsonl, parquet, none`},
		{[]string{"replay", "--calls", "jsonl", "f"}, "--calls jsonl needs a case folder"},
		{[]string{"replay", "--format", "leef", "f"}, `--format: "leef" is none of ocsf, ecs, cef`},
		{[]string{"replay", "--force", "f"}, "--force is about a case folder"},
		{[]string{"replay", "--topic", "t", "f"}, "--topic is about Kafka"},
		{[]string{"replay", "--from", "noon", "f"}, `--from: "noon" is not a time like 2026-03-02T08:00:00Z`},
		{[]string{"replay", "--from", "2026-03-02T08:00:00Z", "--to", "2026-03-02T07:00:00Z", "f"}, "is not before --to"},
		{[]string{"replay", "-c", "no/such.yml", "f"}, "configuration: open no/such.yml"},
		{[]string{"replay", "--log-level", "loud", "f"}, `log.level: "loud" is none of`},
		{[]string{"live"}, "live needs an interface: add -i INTERFACE"},
		{[]string{"live", "-i", "none0", "tcp prot 80"}, `filter: "prot" (column 5): unknown word`},
		{[]string{"live", "-i", "none0", "-F", "no/such", "tcp port 80"}, `"tcp port 80" is a filter, and --filter-file gives another: keep one`},
		{[]string{"live", "-i", "none0", "-F", "no/such"}, "--filter-file: open no/such"},
		{[]string{"live", "-i", "none0", "--baseline", "self"}, "--baseline self reads a capture twice, which a line does not allow"},
		{[]string{"live", "-i", "none0", "--calls", "jsonl"}, "--calls jsonl needs a case folder"},
		{[]string{"live", "-i", "none0", "--listen", "0.0.0.0:9477"}, "listen.address: other machines reach 0.0.0.0, and nobody is asked who he is; take 127.0.0.1, or say --listen-public"},
		{[]string{"live", "-i", "none0", "--listen", "localhost"}, `listen.address: "localhost" is not an address and a port, like 127.0.0.1:9477`},
		{[]string{"config", "extra"}, "unknown command"},
		{[]string{"version", "extra"}, "unknown command"},
	} {
		status, stdout, stderr := auscult(t, append(c.args, keyFlag(c.args[0], key)...)...)
		if status != statusUsage || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "auscult: ") ||
			!strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, stdout %q, stderr %q; want one line with %q", c.args, status, stdout, stderr, c.want)
		}
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("a key was made although nothing was run")
	}
}

func keyFlag(command, path string) []string {
	if command != "replay" {
		return nil
	}
	return []string{"--key", path}
}

func TestBadEnvironment(t *testing.T) {
	status, _, stderr := auscultWith(t, context.Background(), []string{"AUSCULT_WORKERS=many"}, "", "config")
	if want := "auscult: AUSCULT_WORKERS: \"many\" does not fit workers (int)\n"; status != statusUsage || stderr != want {
		t.Errorf("status %d, %q; want %q", status, stderr, want)
	}
}

func TestHelp(t *testing.T) {
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		if c.Name() == "completion" || c.Name() == "help" {
			return
		}
		if c.Short == "" || !strings.Contains(c.Example, c.CommandPath()) && c.HasParent() {
			t.Errorf("%s has no description or no example", c.CommandPath())
		}
		status, stdout, stderr := auscult(t, append(strings.Fields(c.CommandPath())[1:], "--help")...)
		if status != statusDone || stderr != "" || !strings.Contains(stdout, "Usage:") {
			t.Errorf("%s --help: status %d, stderr %q", c.CommandPath(), status, stderr)
		}
		for i, line := range strings.Split(c.Long, "\n") {
			if len(line) > 100 {
				t.Errorf("%s: line %d of the help is %d long", c.CommandPath(), i+1, len(line))
			}
		}
		for _, sub := range c.Commands() {
			check(sub)
		}
	}
	check(rootCommand(stdio{}))
	if status, stdout, _ := auscult(t, "completion", "bash"); status != statusDone || !strings.Contains(stdout, "auscult") {
		t.Error("no shell completion")
	}
}

func TestVersion(t *testing.T) {
	status, stdout, _ := auscult(t, "version")
	if status != statusDone || !strings.HasPrefix(stdout, "auscult ") || !strings.Contains(stdout, runtime.Version()) {
		t.Errorf("status %d, %q", status, stdout)
	}
}

func TestOneLine(t *testing.T) {
	err := errors.Join(errors.New("disk full"), errors.New("broker gone"))
	if got := oneLine(err); got != "disk full; broker gone" {
		t.Errorf("%q", got)
	}
}

func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("a process cannot send itself these signals here; the rest of the test would end it")
		return
	}
	ended := make(chan int, 1)
	ctx := onSignals(context.Background(), os.Stderr, func(status int) { ended <- status })
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	self.Signal(syscall.SIGTERM)
	<-ctx.Done()
	var e *exit
	if !errors.As(context.Cause(ctx), &e) || e.status != 143 {
		t.Errorf("after SIGTERM: %v", context.Cause(ctx))
	}
	self.Signal(os.Interrupt)
	select {
	case status := <-ended:
		if status != 130 {
			t.Errorf("a second signal ended with %d", status)
		}
	case <-time.After(patience):
		t.Error("a second signal did not end the program")
	}
}
