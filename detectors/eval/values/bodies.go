package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"auscult/sensor/phi"
)

// labelled is a body with what is in it: a line of what sensor/phi/testdata/values.py makes.
type labelled struct {
	Form   string   `json:"form"`
	Source string   `json:"source"`
	Values int      `json:"values"` // scalars in it
	Truth  []string `json:"truth"`  // classes that are in it
	May    []string `json:"may"`    // classes that are neither right nor wrong to report
	People int      `json:"people"` // -1 when nobody says
	Half   int      `json:"half"`   // 1 is held out
	Body   string   `json:"body"`
}

var forms = map[string]phi.Form{"json": phi.JSON, "ndjson": phi.NDJSON, "csv": phi.CSV, "xml": phi.XML, "form": phi.URLEncoded, "hl7": phi.HL7v2, "log": phi.Text}

// bodyTally is what was found in the bodies of a source.
type bodyTally struct {
	source                                               string
	bodies, values, right, missed, wrong, counted, exact int
}

// bodies measures the classes of health data that are found in bodies.
func (r *report) bodies(folder string, h half, notes *bufio.Writer) error {
	s := phi.New(phi.Defaults())
	paths, err := filepath.Glob(filepath.Join(folder, "*.ndjson"))
	if err != nil {
		return fmt.Errorf("bodies: %w", err)
	}
	slices.Sort(paths)
	for _, path := range paths {
		sources := map[string]int{}
		set := strings.TrimSuffix(filepath.Base(path), ".ndjson")
		r.found = append(r.found, bodyTally{source: "**" + set + "**"})
		sum := len(r.found) - 1
		if err := open(path, func(f *bufio.Reader) error {
			return eachLine(f, func(line []byte) error {
				var b labelled
				if err := json.Unmarshal(line, &b); err != nil {
					return err
				}
				if h != all && half(b.Half) != h {
					return nil
				}
				s.Reset(forms[b.Form])
				s.Scan([]byte(b.Body))
				s.Close(true)
				at, ok := sources[b.Source]
				if !ok {
					at = len(r.found)
					sources[b.Source] = at
					r.found = append(r.found, bodyTally{source: b.Source})
				}
				r.found[sum].body(&b, s.Report(), nil)
				r.found[at].body(&b, s.Report(), notes)
				return nil
			})
		}); err != nil {
			return err
		}
	}
	return nil
}

// body counts one body.
func (t *bodyTally) body(b *labelled, r *phi.Report, notes *bufio.Writer) {
	t.bodies++
	t.values += b.Values
	got := r.Classes.Names()
	for _, c := range got {
		switch {
		case slices.Contains(b.Truth, c):
			t.right++
		case !slices.Contains(b.May, c):
			t.wrong++
			if notes != nil {
				fmt.Fprintf(notes, "wrong %s in %s: %.2000s\n", c, b.Source, b.Body)
			}
		}
	}
	for _, c := range b.Truth {
		if !slices.Contains(got, c) {
			t.missed++
			if notes != nil {
				fmt.Fprintf(notes, "missed %s in %s: %.2000s\n", c, b.Source, b.Body)
			}
		}
	}
	if b.People >= 0 {
		t.counted++
		if r.People == b.People {
			t.exact++
		}
	}
}

func bodyTable(b *strings.Builder, of []bodyTally) {
	if len(of) == 0 {
		return
	}
	b.WriteString("\n## Classes of health data in bodies\nA false class is one reported of a body that does not hold it.\n\n| bodies | of | values | classes found, % | false classes | in a million values | people exact, % |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for _, t := range of {
		recall, people := "", ""
		if t.right+t.missed > 0 {
			recall = percent(t.right, t.right+t.missed)
		}
		if t.counted > 0 {
			people = percent(t.exact, t.counted)
		}
		fmt.Fprintf(b, "| %s | %d | %d | %s | %d | %s | %s |\n", t.source, t.bodies, t.values, recall, t.wrong, million(t.wrong, t.values), people)
	}
}
