package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"auscult/internal/browser"
	"auscult/replay/report"
)

// TestInBrowser opens reports in Chromium at the sizes of a desktop and a laptop, light and dark: the policy lets the style in,
// nothing is wider than the window, axe-core finds no serious fault, and it goes to paper. With SHOTS=DIR pictures of it stay.
func TestInBrowser(t *testing.T) {
	if testing.Short() {
		return // the race detector has nothing to find in a browser
	}
	shots := os.Getenv("SHOTS")
	if shots == "" {
		shots = t.TempDir()
	}
	for _, name := range []string{"sequential-walk", "oversized-export", "ward-day"} {
		file := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(file, []byte(page(t, name, 1, report.Defaults())), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx := browser.Open(t)
		for _, size := range []struct {
			width, height int64
			dark          bool
			what          string
		}{{1920, 1080, false, "desktop"}, {1366, 768, true, "laptop-dark"}} {
			browser.Do(t, ctx, browser.Size(size.width, size.height, size.dark), chromedp.Navigate("file://"+filepath.ToSlash(file)))
			if wide := browser.Text(t, ctx, "document.documentElement.scrollWidth - innerWidth"); wide != "0" {
				t.Errorf("%s on a %s is %s pixels wider than the window", name, size.what, wide)
			}
			if margin := browser.Text(t, ctx, "getComputedStyle(document.body).margin"); margin != "0px" {
				t.Errorf("%s: the style is not let in: a margin of %s", name, margin)
			}
			if stroke := browser.Text(t, ctx, "getComputedStyle(document.querySelector('path.c1')).stroke"); stroke != map[bool]string{false: "rgb(11, 92, 173)", true: "rgb(108, 182, 255)"}[size.dark] {
				t.Errorf("%s on a %s: lines are drawn in %s", name, size.what, stroke)
			}
			browser.Readable(t, ctx, name+" on a "+size.what)
			browser.Shoot(t, ctx, filepath.Join(shots, name+"-"+size.what+".png"))
		}
		pdf := browser.Print(t, ctx)
		if pages := bytes.Count(pdf, []byte("/Type /Page\n")); !bytes.HasPrefix(pdf, []byte("%PDF-")) || pages < 2 || !bytes.Contains(pdf, []byte("/MediaBox [0 0 594")) {
			t.Errorf("%s on paper: %d bytes, %d pages, not A4", name, len(pdf), pages)
		}
		if err := os.WriteFile(filepath.Join(shots, name+".pdf"), pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
