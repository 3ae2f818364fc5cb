package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"auscult/internal/browser"
)

const (
	analystToken  = "analyst-token-of-the-test-0123456789"
	operatorToken = "operator-token-of-the-test-0123456789"
)

// shots names a folder for pictures of the page, to be looked at.
const shots = "PAGE_SHOTS"

// TestLivePage looks at the page with a Chromium while an attack goes by: it appears, grows, is opened and marked as
// expected by keys alone, and what comes after is silent, in a replay of the recording too.
func TestLivePage(t *testing.T) {
	if testing.Short() {
		return // the race detector does not see into another process
	}
	if !elsewhere(t) {
		return
	}
	cable(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	command(t, "go", "build", "-o", at("auscult"), ".")
	put(t, at("tokens"), "# of the test\nanalyst "+analystToken+"\noperator "+operatorToken+" Asha\n")
	live := exec.Command(at("auscult"), "live", "-i", "rx0", "-l", at("live"), "-w", at("live.pcapng"), "--key", at("key"), "--listen", served,
		"--listen-tokens", at("tokens"), "--allow", at("allow.yml"), "--log-level", "info", "--user", "")
	var stderr said
	live.Stderr = &stderr
	start(t, live, &stderr)
	until(t, "it listens", func() bool { return strings.Contains(stderr.String(), "listening") })

	ctx := browser.Open(t)
	browser.Do(t, ctx, browser.Size(1366, 768, false), chromedp.Navigate("http://"+served+"/"))
	browser.Until(t, ctx, "it watches", `document.getElementById('ready').textContent === 'watching'`)
	browser.Readable(t, ctx, "nothing found yet")
	picture(t, ctx, "empty")
	const half = 1400 // packets: the walk goes on behind them
	packets := transmitSome(t, walk, "tx0", 0, half)
	browser.Until(t, ctx, "the incident is there", `document.querySelectorAll('.incident:not([hidden])').length > 0`)
	browser.Until(t, ctx, "it has grown", `document.querySelector('.incident:not([hidden]) .growth path.line')?.getAttribute('d').split('H').length > 2`)
	until(t, "all packets are read", func() bool { return scraped(t, "auscult_packets_total") >= packets })
	picture(t, ctx, "found")

	// Whoever has no token may look, and not act.
	browser.Do(t, ctx, chromedp.KeyEvent("j"), chromedp.KeyEvent(kb.Enter))
	browser.Until(t, ctx, "the incident is open", `document.querySelector('.incident:not([hidden]) .detail table')`)
	if text := browser.Text(t, ctx, `document.querySelector('.detail:not([hidden])').textContent`); !strings.Contains(text, "An operator may mark it") || !strings.Contains(text, "What to do") {
		t.Errorf("opened, it says %q", text)
	}
	browser.Readable(t, ctx, "an incident that is open")
	for _, size := range [][2]int64{{1366, 768}, {1920, 1080}} {
		for _, dark := range []bool{false, true} {
			browser.Do(t, ctx, browser.Size(size[0], size[1], dark))
			if dark {
				browser.Readable(t, ctx, "an incident that is open, in the dark")
			}
			picture(t, ctx, "open-"+strconv.FormatInt(size[0], 10)+map[bool]string{true: "-dark"}[dark])
		}
	}

	// An operator logs in and marks it, without a mouse.
	browser.Do(t, ctx, browser.Size(1366, 768, false), chromedp.Navigate("http://"+served+"/login"))
	browser.Until(t, ctx, "the token is asked for", `document.activeElement.name === 'token'`)
	browser.Readable(t, ctx, "the login")
	picture(t, ctx, "login")
	browser.Do(t, ctx, chromedp.KeyEvent(operatorToken))
	if text := browser.Text(t, ctx, `document.activeElement.value`); text != operatorToken {
		t.Fatalf("typed %q", text)
	}
	browser.Do(t, ctx, chromedp.KeyEvent(kb.Enter))
	browser.Until(t, ctx, "the operator is in", `document.getElementById('account')?.textContent === 'Asha, operator'`)
	browser.Until(t, ctx, "the incident is there", `document.querySelectorAll('.incident:not([hidden])').length > 0`)
	browser.Do(t, ctx, chromedp.KeyEvent("j"), chromedp.KeyEvent("e"))
	browser.Until(t, ctx, "the dialog is open", `document.querySelector('dialog[open]') && document.activeElement.name === 'reason'`)
	browser.Readable(t, ctx, "the dialog")
	picture(t, ctx, "expect")
	browser.Do(t, ctx, chromedp.KeyEvent("a drill of the security team"))
	for range 10 { // the day has parts of its own
		browser.Do(t, ctx, chromedp.KeyEvent(kb.Tab))
		if browser.Text(t, ctx, `document.activeElement.type`) == "submit" {
			break
		}
	}
	browser.Do(t, ctx, chromedp.KeyEvent(kb.Enter))
	browser.Until(t, ctx, "it is marked", `document.querySelector('.incident:not([hidden]) .badge')?.textContent.startsWith('expected until')`)
	browser.Until(t, ctx, "the focus is back", `document.activeElement.classList.contains('open')`)
	if said := browser.Text(t, ctx, `document.getElementById('say').textContent`); !strings.HasPrefix(said, "Marked as expected: ") {
		t.Errorf("to whoever hears the page it says %q", said)
	}
	picture(t, ctx, "expected")
	for file, want := range map[string]string{"allow.yml": `"reason":"a drill of the security team"`, "live/audit.jsonl": "Asha (operator) marked incident auscult-"} {
		if text := contents(t, at(file)); !strings.Contains(text, want) {
			t.Errorf("%s has no %q:\n%s", file, want, text)
		}
	}
	rules, err := readRules(at("allow.yml"))
	if err != nil || len(rules) != 1 {
		t.Fatalf("%+v, %v", rules, err)
	}
	until(t, "the rule begins", func() bool { return time.Now().After(rules[0].From) })
	before := scraped(t, "auscult_silenced_signals_total")
	packets += transmitSome(t, walk, "tx0", half, 1<<31)
	until(t, "all packets are read", func() bool { return scraped(t, "auscult_packets_total") >= packets })
	until(t, "it is silenced", func() bool { return scraped(t, "auscult_silenced_signals_total") > before })
	browser.Do(t, ctx, chromedp.Navigate("about:blank")) // or it would say that the sensor is gone
	live.Process.Signal(os.Interrupt)
	live.Wait()

	command(t, at("auscult"), "verify", at("live"))
	command(t, at("auscult"), "replay", "-q", "-l", at("again"), "--key", at("key"), "--allow", at("allow.yml"), at("live.pcapng"))
	if one, two := contents(t, at("live/"+alertsFile)), contents(t, at("again/"+alertsFile)); one != two || one == "" {
		t.Errorf("live and replay differ, %d and %d bytes", len(one), len(two))
	}
}

// picture keeps what is seen, where it is asked for.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if dir := os.Getenv(shots); dir != "" {
		browser.Shoot(t, ctx, filepath.Join(dir, name+".png"))
	}
}
