package phi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// show is a Report as one line.
func show(r *Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "form=%d classes=%v codes=%v people=%d records=%d entries=%d total=%d bytes=%d more=%d cut=%v", r.Form,
		r.Classes.Names(), r.Codes.Names(), r.People, r.Records, r.Entries, r.Total, r.Bytes, r.MoreIDs, r.Truncated)
	for _, id := range r.IDs {
		fmt.Fprintf(&b, " %d:%s=%q", id.Kind, id.Type, id.Value)
	}
	return b.String()
}

func scan(s *Scanner, form Form, pieces ...string) string {
	s.Reset(form)
	for _, p := range pieces {
		b := []byte(p)
		s.Scan(b)
		for i := range b {
			b[i] = '#' // a Scanner keeps no reference to a piece
		}
	}
	s.Close(true)
	return show(s.Report())
}

func TestCutAnywhere(t *testing.T) {
	cfg := Defaults()
	cfg.Depth = 24
	s, fresh := New(cfg), New(cfg)
	for _, body := range corpus() {
		want := scan(fresh, Unknown, body)
		for i := range len(body) + 1 {
			if got := scan(s, Unknown, body[:i], body[i:]); got != want {
				t.Fatalf("%.40q cut at %d:\n got %s\nwant %s", body, i, got, want)
			}
		}
		for _, step := range []int{1, 2, 3, 7, 64} {
			var pieces []string
			for i := 0; i < len(body); i += step {
				pieces = append(pieces, body[i:min(i+step, len(body))])
			}
			if got := scan(s, Unknown, pieces...); got != want {
				t.Fatalf("%.40q in pieces of %d:\n got %s\nwant %s", body, step, got, want)
			}
		}
	}
}

// A bound that cuts a body cuts it at the same byte whatever the pieces.
func TestCutAnywhere_ScanLimit(t *testing.T) {
	cfg := Defaults()
	cfg.ScanLimit, cfg.Token = 300, 64
	s := New(cfg)
	for _, body := range corpus() {
		want := scan(s, Unknown, body)
		for i := range len(body) + 1 {
			if got := scan(s, Unknown, body[:i], body[i:]); got != want {
				t.Fatalf("%.40q cut at %d:\n got %s\nwant %s", body, i, got, want)
			}
		}
	}
}

// A Scanner that has learned the order of other bodies' keys reports what a fresh one does.
func TestScan_Used(t *testing.T) {
	used := New(Defaults())
	bodies := append(corpus(), `[{"id":"p1","a\"b":"x","dob":"1980-01-02"},{"id":"p2","a\"b":"y","dob":"1980-01-03"}]`,
		`[{"id":"p3","a"b":"x","dob":"1980-01-02"},{"id":"p4","a\\":"y","dob":"1980-01-03"}]`,
		`[{"id":"p5","a\\":"x","dob":"1980-01-02"},{"id":"p6","a\\\\":"y","mrn":"M12"},{"id`,
		`{"name":"A","patient":"p7"}`, `{"name":"A","patient`, `{"name":"A","patientName":"B C","dob":"1990-10-10"}`)
	for range 3 {
		for _, body := range bodies {
			want := scan(New(Defaults()), JSON, body)
			if got := scan(used, JSON, body); got != want {
				t.Fatalf("%.60q:\n got %s\nwant %s", body, got, want)
			}
		}
		slices.Reverse(bodies)
	}
}

func FuzzScan(f *testing.F) {
	for i, body := range corpus() {
		f.Add([]byte(body), uint16(i*7), uint16(i*13), uint8(i%10))
	}
	f.Add([]byte(eventBody(3)), uint16(40), uint16(50), uint8(EventStream))
	f.Add([]byte(messageBody(3)), uint16(40), uint16(50), uint8(Messages))
	cfg := Defaults()
	cfg.ScanLimit, cfg.Token, cfg.Depth, cfg.IDs, cfg.Distinct = 1<<14, 64, 12, 8, 64
	f.Fuzz(func(t *testing.T, body []byte, a, b uint16, form uint8) {
		s := New(cfg)
		hint := Form(form % 12)
		want := scan(s, hint, string(body))
		if got := scan(s, hint, string(body)); got != want {
			t.Fatalf("the second time:\n got %s\nwant %s", got, want)
		}
		i := int(a) % (len(body) + 1)
		j := i + int(b)%(len(body)-i+1)
		if got := scan(s, hint, string(body[:i]), string(body[i:j]), string(body[j:])); got != want {
			t.Fatalf("cut at %d and %d:\n got %s\nwant %s", i, j, got, want)
		}
		if r := s.Report(); len(r.IDs) > cfg.IDs || r.People < 0 {
			t.Fatalf("bounds: %s", show(r))
		}
	})
}
