package browser

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Print is the page as it goes to paper (PDF), on the size of paper that its style asks for.
func Print(t *testing.T, ctx context.Context) []byte {
	t.Helper()
	yes := true
	pdf, err := chromedp.Run(ctx, chromedp.Action[[]byte](func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
		r, err := cdp.Call(ctx, target, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes})
		return r.Data, err
	}))
	if err != nil {
		t.Fatal("browser: ", err)
	}
	return pdf
}
