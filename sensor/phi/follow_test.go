package phi

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// plainly is a Scanner that learns no patterns.
func plainly(cfg Config) *Scanner {
	s := New(cfg)
	s.patterns.study = -1 << 60
	return s
}

// tells is all that a body says.
func tells(s *Scanner, form Form, pieces ...string) string {
	out := scan(s, form, pieces...)
	for _, p := range s.Report().Props() {
		out += fmt.Sprintf(" %s/%d/%q/%t", p.Name, p.Class, p.Value, p.Value == nil)
	}
	return out + fmt.Sprint(s.Stats())
}

// variant is body with some of its values, or a few of its bytes, changed.
func variant(r *rand.Rand, body string) string {
	b := []byte(body)
	for range r.IntN(4) {
		if len(b) == 0 {
			break
		}
		i := r.IntN(len(b))
		switch r.IntN(8) {
		case 0:
			b[i] = `"{}[]:,\ $@-/`[r.IntN(13)]
		case 1:
			b = slices.Insert(b, i, `"{}[]:,\ $@-/a0`[r.IntN(15)])
		case 2:
			b = slices.Delete(b, i, min(i+r.IntN(9), len(b)))
		case 3:
			values := [...]string{"", "0", "Patient/9", "urn:uuid:5", "Group/1", "a@sbx", "ABCPE1234F", "234123412346", "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgc",
				"F20.0", "B20", "1980-01-02", "123-45-6780", "x y", `a\"b`, "caf\\u00e9", strings.Repeat("9", 130), "p@x.org", "+15550001234", "1.5", "Patient"}
			v := values[r.IntN(len(values))]
			if q := strings.IndexByte(string(b[i:]), '"'); q >= 0 {
				from := i + q + 1
				if to := strings.IndexByte(string(b[from:]), '"'); to >= 0 {
					b = slices.Replace(b, from, from+to, []byte(v)...)
				}
			}
		default:
			for ; i < len(b); i++ {
				if c := b[i]; isDigit(c) {
					b[i] = '0' + byte(r.IntN(10))
					break
				} else if isLetter(c) && c > 'a' && r.IntN(9) == 0 {
					b[i] = 'a' + byte(r.IntN(26))
					break
				}
			}
		}
	}
	return string(b)
}

// lists are bodies whose records are alike.
func lists() []string {
	r := rand.New(rand.NewPCG(3, 4))
	var entries []string
	for i := range 4 {
		entries = append(entries, observationBody(i, i/2))
	}
	rows := func(rec string) string { return "[" + strings.Join([]string{rec, rec, rec, rec}, ",") + "]" }
	return append(corpus(), string(serviceBundle(r, 4, 4000)), bundleBody(3), rows(patientBody(1)), strings.Join(entries, "\n"),
		rows(`{"id":5,"name":"Ann Lee","gender":"F","dob":"1980-01-02","mrn":"M-77","status":"open","total":5,"role":{"status":1}}`),
		rows(`{"patient":{"id":"p1","name":"X Y"},"patientId":"p1","orderId":"o-1","diagnosis":"E11.9","code":"x","type":"a"}`),
		rows(`{"x":{"mrn":"M123","patientId":"P77777"},"resourceType":"Observation","subject":{"identifier":{"system":"s","value":"V1"}}}`),
		rows(`{"resourceType":"Condition","id":"c","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"E11"}]},"meta":{"security":[{"code":"N"}]},"text":{"div":"y"}}`),
		rows(`{"type":{"coding":[{"code":"MR"}]},"value":"1","identifier":[{"type":{"coding":[{"code":"MR","system":"v2"}]},"value":"77"}]}`),
		`{"data":`+rows(`{"user":{"id":1,"email":"a@b.org"},"ok":true,"n":null,"accountNumber":"12"}`)+`,"total":4}`)
}

// follows scans bodies like one of lists one after another with a Scanner that learns, in cuts, and with one that does not.
func follows(t *testing.T, cfg Config, r *rand.Rand, body string) (followed bool) {
	t.Helper()
	learns := New(cfg)
	plain := plainly(cfg)
	for range 12 {
		next := variant(r, body)
		i := r.IntN(len(next) + 1)
		j := i + r.IntN(len(next)-i+1)
		form := [...]Form{JSON, JSON, NDJSON, Unknown}[r.IntN(4)]
		pieces := []string{next[:i], next[i:j], next[j:]}
		if r.IntN(3) == 0 {
			pieces = []string{next}
		}
		want := tells(plain, form, pieces...)
		if got := tells(learns, form, pieces...); got != want {
			t.Fatalf("%q:\n got %s\nwant %s", pieces, got, want)
		}
		for k := range learns.patterns.n {
			followed = followed || learns.patterns.list[k].used
		}
	}
	return followed
}

// What a Scanner says does not depend on the patterns that it knows.
func TestFollow(t *testing.T) {
	small := Defaults()
	small.Token, small.Depth, small.IDs, small.Distinct, small.Props = 64, 8, 4, 64, 6
	n := 0
	bodies := lists()
	for seed := range uint64(60) {
		for _, body := range bodies {
			cfg := Defaults()
			if seed%4 == 3 {
				cfg = small
			}
			if follows(t, cfg, rand.New(rand.NewPCG(seed, 1)), body) {
				n++
			}
		}
	}
	if n < 60*len(bodies)/3 {
		t.Errorf("patterns were followed in %d of %d", n, 60*len(bodies))
	}
}

func FuzzFollow(f *testing.F) {
	for i, body := range lists() {
		f.Add(body, uint64(i))
	}
	cfg := Defaults()
	cfg.ScanLimit, cfg.Token, cfg.Depth, cfg.IDs, cfg.Distinct = 1<<14, 64, 12, 8, 64
	f.Fuzz(func(t *testing.T, body string, seed uint64) {
		if len(body) < 1<<13 {
			follows(t, cfg, rand.New(rand.NewPCG(seed, 1)), body)
		}
	})
}
