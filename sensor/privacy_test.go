package main

import (
	"bytes"
	"context"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// outputFiles are the files that runs leave behind: where, below the root of a house, and what PRIVACY.md calls them. The
// first that fits is it. Add a new one here, a run that makes it to TestPrivacy, and its line to PRIVACY.md.
var outputFiles = []struct{ pattern, name string }{
	{"given/*", ""}, // of the test itself
	{"given/*/*", ""},
	{"given/*/*/*", ""},
	{"case*/alerts.jsonl", "alerts.jsonl"},
	{"case*/alerts.ecs.jsonl", "alerts.ecs.jsonl"},
	{"case*/alerts.cef", "alerts.cef"},
	{"case*/calls.jsonl", "calls.jsonl"},
	{"case*/calls/*/*/*.parquet", "calls"},
	{"case*/connections.jsonl", "connections.jsonl"},
	{"case*/stats.json", "stats.json"},
	{"case*/report.html", "report.html"},
	{"case*/inventory.json", "inventory.json"},
	{"case*/inventory.openapi.json", "inventory.openapi.json"},
	{"case*/manifest.json", "manifest.json"},
	{"case*/custody.log", "custody.log"},
	{"case*/audit.jsonl", "audit.jsonl"},
	{"case*/checkpoints.jsonl", "checkpoints.jsonl"},
	{"case*/evidence/index.jsonl", "evidence/index.jsonl"},
	{"case*/evidence/*.pcapng.age", "evidence/*.pcapng.age"},
	{"*/outbox/*", "outbox"},
	{"spool/*", "spool"},
	{"remembered/*", "state"},
	{"followed.jsonl", "file"},
	{"usual.baseline", "baseline"},
	{"*.prof", "profiles"},
	{"vault", "--vault"},
	{"keys/pseudonym.key", "pseudonym.key"},
	{"keys/second.key", "pseudonym.key"},
	{"keys/signing.key", "signing.key"},
}

// otherOutputs are the outputs that are no files.
var otherOutputs = []string{"standard output", "standard error", "Kafka", "syslog", "webhook", "/metrics", "/healthz", "/readyz", "/", "/events", "/incident",
	"/expect", "/login", "/logout"}

// untried are the flags that no run of this test needs, each with why. A flag that is in no run and not in here fails the test.
var untried = map[string]string{
	"evidence": "the packets as they are, for who asks for them; encrypted ones are tried",
	"write":    "the packets as they are, for who asks for them",
	"reveal":   "what all of this is about; TestPrivacyIsTested runs with it",
	"quiet":    "says less", "no-progress": "says less", "no-descriptions": "says less",
	"from": "takes fewer packets", "to": "takes fewer packets", "filter-file": "takes fewer packets", "checksums": "takes fewer packets",
	"workers": "changes speed, never what is written", "user": "whose process it is", "help": "says the same always",
	"force": "what was there before is gone", "no-input-hash": "writes less", "fail-on-alert": "the exit status",
	"interface": "live is tried by TestPrivacyLive", "listen": "live is tried by TestPrivacyLive", "listen-public": "who may ask",
	"listen-cert": "the login", "listen-key": "the login", "listen-tokens": "the login; what an operator writes is tried by TestExpect",
}

// quiet are the settings in words, or lists of them, that no run of this test needs, each with why.
var quietSettings = map[string]string{
	"extract.packet.fragment_overlap": "how packets are read", "extract.tcp.overlap": "how packets are read", "extract.tcp.urgent": "how packets are read",
	"cluster.keys": "where keys are", "call.hosts": "who is who", "call.session_cookies": "who is who", "call.api_key_headers": "who is who", "call.api_key_params": "who is who",
	"call.services": "who is who", "call.trusted_proxies": "who is who", "detectors.inside": "what is judged",
	"capture.timestamps": "of live", "capture.vanished": "of live", "state.dir": "of live, whose file is that of replay --state", "listen.address": "of live, tried by TestPrivacyLive",
	"kafka.sasl": "the login", "kafka.user": "the login", "kafka.password_file": "the login",
	"kafka.tls.ca_file": "the login", "kafka.tls.cert_file": "the login", "kafka.tls.key_file": "the login",
	"syslog.format": "those of --format", "syslog.tls.cert_file": "the login", "syslog.tls.key_file": "the login",
	"webhook.tls.cert_file": "the login", "webhook.tls.key_file": "the login",
	"listen.cert": "the login", "listen.key": "the login", "listen.tokens": "the login",
	"site.tenant": "the site's own word", "site.sensor": "the site's own word",
}

func outputOf(below string) (name string, known bool) {
	for _, o := range outputFiles {
		if ok, _ := path.Match(o.pattern, below); ok {
			return o.name, true
		}
	}
	return "", false
}

// everything runs the program in every way that puts something out.
func (h *house) everything(more ...string) {
	h.t.Helper()
	capture, secrets := scene(h.t)
	pcap, keys := h.give("scene.pcap", capture), h.give("tls.keys", secrets)
	api := h.give("api.yml", []byte("openapi: 3.0.3\ninfo: {title: EHR, version: '1'}\npaths:\n  /api/v1/patients:\n    get:\n      responses: {'200': {description: ok}}\n"))
	rules := "alert:\n  allow:\n    - {principal: '" + clinician + "', endpoint: '/api/v1/users/{id}/inbox', detector: '*', reason: on leave, until: 2027-01-01T00:00:00Z}\n" +
		"detectors:\n  rules:\n    - {name: deletes, when: call.method == \"DELETE\", severity: high, title: '{principal} deletes', reason: Nobody should.}\n"
	config := h.give("auscult.yml", []byte(rules))
	rotated := h.give("rotated.yml", []byte(rules+"pseudonym:\n  rotate:\n    - {from: 2026-03-02T08:02:00Z, key_file: '"+h.at("keys/second.key")+"'}\n"))
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		h.t.Fatal(err)
	}
	replay := func(status int, args ...string) {
		h.t.Helper()
		h.run(status, slices.Concat([]string{"replay", "-c", config, "--keylog", keys}, more, args)...)
	}
	h.env = append(h.env, "AUSCULT_CUSTODY_EVERY_ALERTS=10")
	h.collectors()
	var sealed []string
	if len(more) == 0 { // with --reveal there is nothing to turn back
		sealed = []string{"-c", rotated, "--vault", h.at("vault"), "--vault-recipient", identity.Recipient().String()}
	}
	replay(statusDone, append(sealed, "-l", h.at("case-ecs"), "--calls", "jsonl", "--format", "ecs", "--kafka", h.broker, "--topic", "alerts", "--create-topics", "--openapi", api,
		"--evidence-recipient", identity.Recipient().String(), "--save-baseline", h.at("usual.baseline"), "--cpuprofile", h.at("cpu.prof"), "--memprofile", h.at("mem.prof"), pcap)...)
	if len(more) == 0 {
		h.revealed(identity)
	}
	h.env = append(h.env, "AUSCULT_CLUSTER_TOPIC=calls", "AUSCULT_CLUSTER_STATE_TOPIC=memory", "AUSCULT_CLUSTER_GROUP=judges")
	replay(statusDone, "--publish-calls", "--kafka", h.broker, "--create-topics", "--topic", "alerts", "--outbox", h.at("sent/outbox"), pcap)
	for _, format := range []string{"ocsf", "cef"} {
		h.run(statusDone, "detect", "-c", config, "--until-end", "--kafka", h.broker, "--topic", "alerts", "--create-topics", "--outbox", h.at("judged/outbox"),
			"--key", h.at("keys/pseudonym.key"), "--openapi", api, "--format", format)
	}
	h.consume()
	h.env = slices.DeleteFunc(h.env, func(v string) bool {
		return strings.HasPrefix(v, "AUSCULT_SYSLOG_") || strings.HasPrefix(v, "AUSCULT_WEBHOOK_")
	})
	h.env = append(h.env, "AUSCULT_OUTBOX_DRAIN=100ms") // what nobody takes shall be left
	h.env = append(h.env, "AUSCULT_CLUSTER_SPOOL_DIR="+h.at("spool"))
	replay(statusFailed, "--publish-calls", "--kafka", "127.0.0.1:1", "--outbox", h.at("none/outbox"), pcap)
	replay(statusFailed, "-l", h.at("case-cef"), "--format", "cef", "--kafka", "127.0.0.1:1", "--outbox", h.at("state/outbox"), "--baseline", h.at("usual.baseline"),
		"--signing-key", h.at("keys/signing.key"), "--key", h.at("keys/pseudonym.key"), "--log-level", "debug", pcap)
	allowed := h.give("allow.yml", []byte("- {principal: '"+clinician+"', reason: a drill, from: 2026-01-01T00:00:00Z, until: 2027-01-01T00:00:00Z}\n"))
	replay(statusFailed, "-l", h.at("case-kept"), "--calls", "parquet", "--kafka", "127.0.0.1:1", "--allow", allowed, pcap)
	for _, format := range []string{"ocsf", "ecs", "cef"} {
		replay(statusDone, "--format", format, "--baseline", "self", pcap)
	}
	for _, form := range [][]string{nil, {"--json"}, {"--draft"}} {
		h.run(statusDone, slices.Concat([]string{"inventory", "-c", config}, form, more, []string{pcap})...)
	}
	h.inspected(slices.Concat([]string{"-c", config}, more, []string{pcap})...)
	if err := os.Mkdir(h.at("remembered"), 0o700); err != nil {
		h.t.Fatal(err)
	}
	for _, flag := range []string{"--state", "--resume"} {
		replay(statusDone, flag, h.at("remembered/detection.state"), "--key", h.at("keys/pseudonym.key"), pcap)
	}
	replay(statusDone, "--state", h.at("remembered/detection.state"), "--key", h.give("another.key", bytes.Repeat([]byte("5a"), 32)), pcap)
	half := h.give("cut.pcap", append(slices.Clone(capture[:len(capture)/3]), capture[len(capture)/2:]...))
	replay(statusDone, half, pcap)
	replay(statusInput, h.give("garbage.pcap", append([]byte("GET "+family), capture[100:]...)), pcap)
	h.run(statusDone, "verify", h.at("case-ecs"), "--key", h.verifier("case-ecs"), "--checkpoint", h.at("case-ecs/checkpoints.jsonl"))
	h.run(statusFailed, "verify", h.broken("case-ecs"))
	h.run(statusDone, "config", "--check", config, "--calls", h.at("case-ecs/calls.jsonl"))
	h.run(statusDone, "config")
	h.run(statusDone, "config", "-c", h.give("other.yml", []byte("kafka: {user: sensor, password_file: /run/secret}\nwebhook: {secret_file: /run/hook}\n")))
	h.run(statusDone, "version")
	h.run(statusDone, "man", h.at("given/man"))
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		h.run(statusDone, "completion", shell)
	}
	h.mistaken(config)
}

// inspected prints every table of auscult inspect.
func (h *house) inspected(args ...string) {
	h.t.Helper()
	alerts := contents(h.t, h.at("case-cef/alerts.jsonl"))
	uid := regexp.MustCompile(`"finding_info":{"uid":"([^"]+)"`).FindStringSubmatch(alerts)
	id := regexp.MustCompile(`"user":{"uid":"([^"]+)"`).FindStringSubmatch(alerts)
	if uid == nil || id == nil {
		h.t.Fatalf("no incident %q of anybody %q", uid, id)
	}
	for _, of := range [][]string{{"calls"}, {"flows"}, {"principals"}, {"incidents"}, {"principal", id[1]}, {"incident", uid[1]}} {
		for _, form := range [][]string{{"--json"}, {"--limit", "100"}} {
			h.run(statusDone, slices.Concat([]string{"inspect"}, of, form, args)...)
		}
	}
}

// revealed turns one pseudonym back: who that is goes to whoever asked on standard output, and nowhere else.
func (h *house) revealed(officer *age.X25519Identity) {
	h.t.Helper()
	file := h.give("officer.txt", []byte(officer.String()+"\n"))
	who := regexp.MustCompile(`usr:[a-z2-7]{6}:[a-z2-7]{20}`).FindAllString(contents(h.t, h.at("case-ecs/alerts.jsonl")), -1)
	for _, p := range who {
		args := []string{"reveal", "-l", h.at("case-ecs"), "--vault", h.at("vault"), "--identity", file, "--reason", "case 7", "-c", h.at("given/rotated.yml"),
			"--signing-key", h.at("keys/signing.key"), p}
		status, stdout, stderr := auscultWith(h.t, context.Background(), h.env, "", args...)
		h.hear("standard error", []byte(stderr))
		if status == statusDone && strings.TrimSpace(stdout) == clinician {
			h.runs = append(h.runs, args)
			return
		}
	}
	h.t.Errorf("of %d pseudonyms none is that of %s", len(who), clinician)
}

// verifier is who signed a case.
func (h *house) verifier(folder string) string {
	h.t.Helper()
	m := regexp.MustCompile(`"key": ?"([^"]+)"`).FindStringSubmatch(contents(h.t, h.at(folder+"/manifest.json")))
	if m == nil {
		h.t.Fatal("the manifest names no key")
	}
	return m[1]
}

// broken is a copy of a case whose lines are not as they were: what they say now is of patients.
func (h *house) broken(folder string) string {
	h.t.Helper()
	dir := h.at("given/case")
	if err := os.CopyFS(dir, os.DirFS(h.at(folder))); err != nil {
		h.t.Fatal(err)
	}
	for _, name := range []string{alertsFile, "audit.jsonl", "manifest.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"`+family+`":"`+mrn+`"}`+"\n"), 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
	return dir
}

// mistaken gives files that hold secrets, and captures, where others are wanted.
func (h *house) mistaken(config string) {
	h.t.Helper()
	pcap := h.at("given/scene.pcap")
	text := h.give("secret.txt", []byte(tokenOf+"\n"+family+": "+mrn+"\n"+opaque+" "+password+"\n"))
	for _, wrong := range []string{pcap, text} {
		for _, flag := range []string{"--key", "--signing-key", "--baseline", "--keylog", "--evidence-recipient", "--openapi", "--allow"} {
			want := statusUsage
			if flag == "--keylog" {
				want = statusDone // lines that are no secrets are counted
			}
			h.run(want, "replay", "-l", h.at("tmp/none"), "--force", flag, wrong, "-c", config, "--calls", "jsonl", h.at("given/scene.pcap"))
		}
		h.run(statusFailed, "verify", h.at("case-ecs"), "--checkpoint", wrong)
		h.run(statusDone, "replay", "--resume", wrong, "-c", config, pcap) // what is no state is said
		h.run(statusUsage, "verify", wrong)
		h.run(statusUsage, "verify", h.at("case-ecs"), "--key", "x")
		h.run(statusInput, "config", "--check", config, "--calls", wrong)
		h.run(statusInput, "replay", text)
	}
}

// TestPrivacy plays traffic full of known names, numbers and secrets with every output on: none of them is in any byte that
// was written, said or sent. It fails, too, where there is an output, a flag or a setting that it does not try.
func TestPrivacy(t *testing.T) {
	h := newHouse(t)
	h.everything()
	hunter := newHunter(needles())
	seen := map[string]int{}
	h.each(func(name, where string, b []byte) {
		seen[name] += len(b)
		if strings.HasSuffix(name, ".age") {
			return // cannot be read
		}
		for _, leak := range hunter.find(unpacked(b), 5) {
			t.Errorf("%s: %s", where, leak)
		}
	})
	for _, name := range allOutputs() {
		if !strings.HasPrefix(name, "/") && seen[name] == 0 {
			t.Errorf("no run of this test writes %s", name)
		}
	}
	h.covers()
}

// allOutputs are the outputs by the names that PRIVACY.md has for them.
func allOutputs() (out []string) {
	for _, o := range outputFiles {
		if o.name != "" && !slices.Contains(out, o.name) {
			out = append(out, o.name)
		}
	}
	return append(out, otherOutputs...)
}

// pages are those that --listen serves, as the source has them.
func pages(t *testing.T) (found []string) {
	t.Helper()
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) == 0 {
		t.Fatal("no source of the program: ", err)
	}
	sources = append(sources, "page/routes.go")
	served := regexp.MustCompile(`\.Handle(?:Func)?\("(?:[A-Z]+ )?([^"]+)"`)
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, m := range served.FindAllStringSubmatch(contents(t, name), -1) {
			if page := strings.TrimSuffix(m[1], "{$}"); !slices.Contains(found, page) {
				found = append(found, page)
			}
		}
	}
	return found
}

// TestPrivacyPages: every page that is served is known, and is one that TestPrivacyLive asks for.
func TestPrivacyPages(t *testing.T) {
	found := pages(t)
	for _, page := range found {
		if !slices.Contains(otherOutputs, page) {
			t.Errorf("--listen serves %s: add it to otherOutputs, and to the table of PRIVACY.md", page)
		}
	}
	for _, o := range otherOutputs {
		if strings.HasPrefix(o, "/") && !slices.Contains(found, o) {
			t.Errorf("nobody serves %s", o)
		}
	}
}

// TestPrivacyIsWritten: the table of PRIVACY.md names the outputs that are tried, and no others.
func TestPrivacyIsWritten(t *testing.T) {
	var rows []string
	_, table, found := strings.Cut(contents(t, "../PRIVACY.md"), "| output |")
	table, _, ended := strings.Cut(table, "\n\n")
	if !found || !ended {
		t.Fatal("PRIVACY.md has no table of outputs")
	}
	for line := range strings.Lines(table) {
		if m := regexp.MustCompile("^\\| `([^`]+)`").FindStringSubmatch(line); m != nil {
			rows = append(rows, m[1])
		}
	}
	for _, name := range allOutputs() {
		if !slices.Contains(rows, name) {
			t.Errorf("the table of PRIVACY.md says nothing of %s", name)
		}
	}
	for _, name := range rows {
		if !slices.Contains(allOutputs(), name) {
			t.Errorf("the table of PRIVACY.md has %s, which no test of privacy tries", name)
		}
	}
}

// TestPrivacyIsTested is the test of the test: with --reveal the hunter finds people in everything that shows them.
func TestPrivacyIsTested(t *testing.T) {
	if testing.Short() {
		return // the race detector has nothing to find here that TestPrivacy does not show it
	}
	h := newHouse(t)
	h.everything("--reveal")
	people := newHunter(map[string]string{"clinician": clinician, "record": walked()[9], "MRN": mrn})
	found := map[string]bool{}
	h.each(func(name, _ string, b []byte) { found[name] = found[name] || len(people.find(unpacked(b), 1)) > 0 })
	for _, name := range []string{"alerts.jsonl", "alerts.ecs.jsonl", "alerts.cef", "calls.jsonl", "report.html", "outbox", "file", "Kafka", "syslog", "webhook", "standard output"} {
		if !found[name] {
			t.Errorf("%s names nobody with --reveal: what this test would find there is not known", name)
		}
	}
}

// covers fails the test where a command, a flag or a setting is neither tried nor known to put nothing out.
func (h *house) covers() {
	t := h.t
	t.Helper()
	tried := map[string]bool{}
	for _, args := range h.runs {
		c, rest, err := rootCommand(stdio{}).Find(args)
		if err != nil {
			t.Fatal(err)
		}
		tried[c.Name()] = true
		if err := c.ParseFlags(rest); err != nil {
			t.Fatal(err)
		}
		c.Flags().Visit(func(f *pflag.Flag) { tried[c.Name()+" --"+f.Name] = true })
	}
	used := map[string]bool{}
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			look(sub)
		}
		if !c.HasSubCommands() && !tried[c.Name()] && c.Name() != "live" {
			t.Errorf("auscult %s is not tried by TestPrivacy", c.Name())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if _, ok := untried[f.Name]; ok {
				used[f.Name] = true
			} else if !tried[c.Name()+" --"+f.Name] && !tried["replay --"+f.Name] { // replay's are those of all
				t.Errorf("auscult %s --%s is in no run of TestPrivacy: add it to everything, or to untried with why", c.Name(), f.Name)
			}
		})
	}
	look(rootCommand(stdio{}))
	for name := range untried { // in any order: each is told for itself
		if !used[name] && name != "help" && name != "no-descriptions" {
			t.Errorf("untried has --%s, and no command does", name)
		}
	}
	s := defaults()
	for _, k := range keys(nil, reflect.ValueOf(&s).Elem()) {
		kind := k.value.Type()
		if kind.Kind() != reflect.String && (kind.Kind() != reflect.Slice || kind.Elem().Kind() == reflect.Uint8) {
			continue
		}
		_, quiet := quietSettings[k.name()]
		if !quiet && !slices.ContainsFunc(h.settings(), func(name string) bool { return name == k.name() || name == k.env() }) {
			t.Errorf("the setting %s is in no run of TestPrivacy: add it to everything, or to quietSettings with why", k.name())
		}
	}
}

// settings are those that the runs set: by the environment, by a file, or by a flag that says so in its help.
func (h *house) settings() []string {
	set := []string{"alert.allow", "pseudonym.rotate", "detectors.rules", "AUSCULT_SYSLOG_ADDRESS", "AUSCULT_SYSLOG_TLS_CA_FILE", "AUSCULT_WEBHOOK_URL", "AUSCULT_WEBHOOK_TLS_CA_FILE",
		"AUSCULT_WEBHOOK_SECRET_FILE"}
	for _, v := range h.env {
		name, _, _ := strings.Cut(v, "=")
		set = append(set, name)
	}
	of := regexp.MustCompile(`setting ([a-z_.]+)`)
	c, _, _ := rootCommand(stdio{}).Find([]string{"replay"})
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if m := of.FindStringSubmatch(strings.ReplaceAll(f.Usage, "\n", " ")); m != nil {
			set = append(set, strings.TrimRight(m[1], "."))
		}
	})
	return set
}

// TestPrivacyOfCases: who and what --reveal names in the call logs of the captures that ship is in no line without it.
func TestPrivacyOfCases(t *testing.T) {
	if testing.Short() {
		return // the race detector sees these captures elsewhere
	}
	cases, err := filepath.Glob("../pcaps/*/traffic.pcap")
	if err != nil || len(cases) < 40 {
		t.Fatal("the captures are missing: ", err)
	}
	dir := t.TempDir()
	named := regexp.MustCompile(`"auscult\.principal\.id":"([^"]{8,})"|"id":"([^"]{8,})","where"`)
	whole := 0
	for _, capture := range cases {
		run := func(more ...string) (said string) {
			t.Helper()
			args := append([]string{"replay", "--key", filepath.Join(dir, "key"), "-l", filepath.Join(dir, "case"), "--force", "--no-input-hash", "--workers", "1", "--calls", "jsonl", "--format", "cef"}, more...)
			if status, out, err := auscult(t, append(args, capture)...); status != statusDone {
				t.Fatalf("%s: status %d: %s", capture, status, err)
			} else {
				return out + err
			}
			return ""
		}
		run("--reveal")
		people := map[string]string{}
		for _, m := range named.FindAllStringSubmatch(contents(t, filepath.Join(dir, "case", callsFile)), -1) {
			if id := m[1] + m[2]; !strings.ContainsAny(id, ".:") || strings.Contains(id, "@") { // not an address
				people["who or what"+id] = id
			}
		}
		whole += len(people)
		hunter := newHunter(people)
		said := run()
		for _, name := range []string{alertsFile, cefFile, callsFile, linksFile, statsFile} {
			for _, leak := range hunter.find([]byte(contents(t, filepath.Join(dir, "case", name))), 3) {
				t.Errorf("%s: %s: %s", capture, name, leak)
			}
		}
		if leaks := hunter.find([]byte(said), 3); len(leaks) > 0 {
			t.Errorf("%s: said %q", capture, leaks)
		}
	}
	if whole < 1000 {
		t.Errorf("only %d names are known of the captures", whole)
	}
}
