package wire

import (
	"strings"

	"auscult/sensor/http"
)

// Body keeps the content it is shown, to be compared.
type Body struct {
	Text   strings.Builder
	Closed int // times
	Whole  bool
}

// Scan is http.Scanner.
func (b *Body) Scan(p []byte) { b.Text.Write(p) }

// Close is http.Scanner.
func (b *Body) Close(complete bool) {
	b.Closed++
	b.Whole = complete
}

// Keep is a http.Handler that gives each body a Body.
type Keep struct{ Bodies []*Body }

// Body is http.Handler.
func (k *Keep) Body(x *http.Exchange, s http.Side) http.Scanner {
	b := &Body{}
	k.Bodies = append(k.Bodies, b)
	both, _ := x.App.(*[2]*Body)
	if both == nil {
		both = new([2]*Body)
		x.App = both
	}
	both[s] = b
	return b
}

// Of are the bodies of x, nil where it has none.
func Of(x *http.Exchange) (both [2]*Body) {
	if kept, _ := x.App.(*[2]*Body); kept != nil {
		both = *kept
	}
	return both
}

var markNames = []string{"te+cl", "dup-cl", "bare-lf", "fold", "bad-chunk", "absolute", "bad-header", "bad-coding", "over-head", "unknown-te", "space",
	"ambiguous", "conflict", "header-state", "rapid-reset", "pushed", "ambiguous-response", "SMUGGLED", "two-hosts"}
var lossNames = []string{"gap", "truncated", "one-sided", "decode-limit", "midstream"}

// Flags writes the marks and losses of x, each after a space.
func Flags(x *http.Exchange) string {
	var out strings.Builder
	for i, name := range markNames {
		if x.Marks>>i&1 != 0 {
			out.WriteString(" " + name)
		}
	}
	for i, name := range lossNames {
		if x.Loss>>i&1 != 0 {
			out.WriteString(" LOSS:" + name)
		}
	}
	return out.String()
}
