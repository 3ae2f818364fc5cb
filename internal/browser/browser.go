// Package browser looks at pages with a real Chromium, for tests: what they show, what keys do, and whether everybody can
// read them. Only tests import it.
package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// patience is how long a test may look at a page: a crowded machine takes its time.
const patience = 2 * time.Minute

// Open starts a Chromium with one empty page, which ends with the test. Whatever the page throws, logs as an error or is
// refused by its policy fails the test. Where there is no Chromium the test is skipped, and fails where CI is set.
func Open(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		missing(t, "no Chromium: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-dev-shm-usage", true))
	ctx, over := context.WithTimeout(context.Background(), patience)
	t.Cleanup(over)
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx)
	t.Cleanup(end)
	heard, stop := context.WithCancel(ctx)
	messages := chromedp.Console(heard)
	var listening sync.WaitGroup
	listening.Go(func() {
		for m, err := range messages {
			if err == nil && (m.IsException() || m.Type == chromedp.ConsoleError) {
				t.Errorf("the page says: %s %s", m, m.URL)
			}
		}
	})
	t.Cleanup(func() {
		stop()
		listening.Wait()
	})
	return ctx
}

// missing skips a test whose tool is not there, or fails it in CI.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// Act is what a user does.
type Act = chromedp.Action[chromedp.Void]

// Do does what a user would, one after another.
func Do(t *testing.T, ctx context.Context, actions ...Act) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal("browser: ", err)
	}
}

// Size makes the page so large, in a light or a dark theme.
func Size(width, height int64, dark bool) Act {
	theme := "light"
	if dark {
		theme = "dark"
	}
	return chromedp.Steps(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia,
			emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
		return err
	}))
}

// Text is what an expression of JavaScript gives.
func Text(t *testing.T, ctx context.Context, expression string) string {
	t.Helper()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		t.Fatal("browser: ", err)
	}
	return text
}

// Until waits for an expression of JavaScript to be true.
func Until(t *testing.T, ctx context.Context, what, expression string) {
	t.Helper()
	ask := chromedp.Evaluate[bool]("Boolean(" + expression + ")")
	for {
		ok, err := chromedp.Run(ctx, ask) // it fails on the way from one page to the next
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("browser: waited in vain until %s: %v", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Shoot writes a picture of what is seen to a file (PNG).
func Shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(name, png, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// AxeFile names the variable that says where axe.min.js of axe-core is.
const AxeFile = "AXE_CORE"

// Readable fails the test for every serious or critical fault that axe-core finds in the page (WCAG 2.2, A and AA, and good
// practice), by the name of what was looked at.
func Readable(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	name := os.Getenv(AxeFile)
	if name == "" {
		missing(t, AxeFile+" does not name axe.min.js of axe-core")
	}
	script, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	Do(t, ctx, chromedp.Evaluate[chromedp.Void](string(script)))
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`axe.run().then((r) => JSON.stringify(r.violations.map((v) =>
		({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map((n) => n.html + ": " + n.failureSummary)}))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal("axe-core: ", err)
	}
	var faults []struct {
		ID, Impact, Help string
		Nodes            []string
	}
	if err := json.Unmarshal([]byte(text), &faults); err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		told := fmt.Sprintf("%s: %s (%s): %s %q", what, f.ID, f.Impact, f.Help, f.Nodes)
		if f.Impact == "serious" || f.Impact == "critical" {
			t.Error(told)
		} else {
			t.Log(told)
		}
	}
}
