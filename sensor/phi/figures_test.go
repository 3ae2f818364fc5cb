package phi_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auscult/sensor/phi"
)

// labelled is a body with what is in it: a line of what testdata/values.py makes.
type labelled struct {
	Form   string   `json:"form"`
	Source string   `json:"source"`
	Values int      `json:"values"` // scalars in it
	Truth  []string `json:"truth"`  // classes that are in it
	May    []string `json:"may"`    // classes that are neither right nor wrong to report
	People int      `json:"people"` // -1 when nobody says
	Half   int      `json:"half"`   // 0 is for tuning, 1 for the figures
	Body   string   `json:"body"`
}

// tally is what was found of a class, or of the bodies of a source.
type tally struct{ right, missed, wrong, bodies, values, counted, exact int }

func (t tally) line(name string) string {
	s := fmt.Sprintf("%-26s %6d bodies %8d values  recall %6.2f %%  precision %6.2f %%  %d wrong", name, t.bodies, t.values,
		share(t.right, t.right+t.missed), share(t.right, t.right+t.wrong), t.wrong)
	if t.counted > 0 {
		s += fmt.Sprintf("  people exact %6.2f %% of %d", share(t.exact, t.counted), t.counted)
	}
	return s
}

func share(n, of int) float64 {
	if of == 0 {
		return 100
	}
	return 100 * float64(n) / float64(of)
}

var forms = map[string]phi.Form{"json": phi.JSON, "ndjson": phi.NDJSON, "csv": phi.CSV, "xml": phi.XML, "form": phi.URLEncoded,
	"hl7": phi.HL7v2, "log": phi.Text}

// TestFigures measures the classes on labelled bodies: those in testdata, where none may be missed or wrong, or, when
// AUSCULT_VALUES names a folder, those that testdata/values.py made there: then the half that nothing was tuned on,
// unless AUSCULT_HALF says 0. AUSCULT_MISSES names a file for what went wrong.
func TestFigures(t *testing.T) {
	folder, half := os.Getenv("AUSCULT_VALUES"), 1
	given := folder != ""
	if !given {
		folder = "testdata"
	}
	if os.Getenv("AUSCULT_HALF") == "0" {
		half = 0
	}
	var misses strings.Builder
	for _, name := range [...]string{"plain", "health"} {
		all, classes, sources := tally{}, map[string]*tally{}, map[string]*tally{}
		s := phi.New(phi.Defaults())
		eachBody(t, filepath.Join(folder, name+".ndjson"), func(b labelled) {
			if given && b.Half != half {
				return
			}
			s.Reset(forms[b.Form])
			s.Scan([]byte(b.Body))
			s.Close(true)
			r := s.Report()
			at := entry(sources, b.Source)
			for _, of := range []*tally{&all, at} {
				of.bodies++
				of.values += b.Values
			}
			got := r.Classes.Names()
			for _, c := range got {
				switch {
				case slices.Contains(b.Truth, c):
					all.right, at.right, entry(classes, c).right = all.right+1, at.right+1, entry(classes, c).right+1
				case !slices.Contains(b.May, c):
					all.wrong, at.wrong, entry(classes, c).wrong = all.wrong+1, at.wrong+1, entry(classes, c).wrong+1
					fmt.Fprintf(&misses, "wrong %s %s: %.3000s\n", c, b.Source, b.Body)
				}
			}
			for _, c := range b.Truth {
				if !slices.Contains(got, c) {
					all.missed, at.missed, entry(classes, c).missed = all.missed+1, at.missed+1, entry(classes, c).missed+1
					fmt.Fprintf(&misses, "missed %s %s: %.3000s\n", c, b.Source, b.Body)
				}
			}
			if b.People >= 0 {
				for _, of := range []*tally{&all, at} {
					of.counted++
					if r.People == b.People {
						of.exact++
					}
				}
				if r.People != b.People {
					fmt.Fprintf(&misses, "people %d not %d %s: %.3000s\n", r.People, b.People, b.Source, b.Body)
				}
			}
		})
		t.Logf("%s, %.2f wrong classes in a million values", all.line(name), 1e6*float64(all.wrong)/float64(max(all.values, 1)))
		for _, n := range slices.Sorted(maps.Keys(classes)) {
			c := classes[n]
			t.Logf("  %-14s recall %6.2f %% of %d, precision %6.2f %%, %d wrong", n, share(c.right, c.right+c.missed), c.right+c.missed, share(c.right, c.right+c.wrong), c.wrong)
		}
		for _, n := range slices.Sorted(maps.Keys(sources)) {
			t.Log("  " + sources[n].line(n))
		}
		if !given && all.bodies == 0 {
			t.Errorf("no bodies in %s", name)
		}
	}
	if !given && misses.Len() > 0 {
		t.Error(misses.String())
	}
	if path := os.Getenv("AUSCULT_MISSES"); path != "" {
		if err := os.WriteFile(path, []byte(misses.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func entry(m map[string]*tally, key string) *tally {
	if m[key] == nil {
		m[key] = new(tally)
	}
	return m[key]
}

// eachBody calls f for each body of a file.
func eachBody(t *testing.T, path string, f func(labelled)) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var b labelled
		if err := json.Unmarshal(lines.Bytes(), &b); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		f(b)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
