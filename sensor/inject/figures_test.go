package inject_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auscult/sensor/inject"
)

// own are payloads of our own, by the file in which lists of the same family are looked for.
var own = map[string]inject.Family{
	"sql": inject.SQL, "xss": inject.XSS, "command": inject.Command, "path": inject.Path, "ldap": inject.LDAP, "nosql": inject.NoSQL,
	"template": inject.Template, "xml": inject.XXE, "jndi": inject.JNDI, "xpath": inject.XPath, "serial": inject.Deserialising, "lines": inject.Lines,
}

// TestFigures has every payload of the lists in testdata found, and no honest value of them taken for one. Figures on the
// lists of others are made by detectors/eval/values.
func TestFigures(t *testing.T) {
	const folder = "testdata"
	var missed strings.Builder
	r := inject.New()
	for _, name := range [...]string{"sql", "xss", "command", "path", "ldap", "nosql", "template", "xml", "jndi", "xpath", "serial", "lines"} {
		n, found, any, sure := 0, 0, 0, 0
		values(t, filepath.Join(folder, name+".txt"), func(v string) {
			l := r.Look([]byte(v))
			n++
			if l.Families&own[name] != 0 {
				found++
			} else {
				missed.WriteString(name + " " + v + "\n")
			}
			if l.Families != 0 {
				any++
			}
			if l.Sure != 0 {
				sure++
			}
		})
		if n == 0 {
			continue
		}
		t.Logf("%-9s %6d payloads: %5.1f %% as such, %5.1f %% as any family, %5.1f %% in a sure form", name, n, share(found, n), share(any, n), share(sure, n))
		if found < n {
			t.Errorf("%s: missed\n%s", name, missed.String())
		}
	}
	n, any, sure, inner := 0, 0, 0, 0
	values(t, filepath.Join(folder, "honest.txt"), func(v string) {
		l := r.Look([]byte(v))
		n++
		if l.Families != 0 {
			any++
			missed.WriteString("honest " + v + "\n")
		}
		if l.Sure != 0 {
			sure++
			missed.WriteString("SURE " + v + "\n")
		}
		if l.Target > inject.Outside && !l.Bare {
			inner++
			missed.WriteString("inner " + v + "\n")
		}
	})
	t.Logf("honest    %6d values: %.1f in a million with a family, %.1f in a sure form, %d with an inner target", n, 1e4*share(any, n), 1e4*share(sure, n), inner)
	if any+inner > 0 {
		t.Errorf("honest values: %d with a family, %d with an inner target\n%s", any, inner, missed.String())
	}
}

func share(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }

// values calls f for each line of a file, with its \n and \r made line ends; a file that is not there has none.
func values(t *testing.T, path string, f func(string)) {
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	ends := strings.NewReplacer(`\r`, "\r", `\n`, "\n")
	for lines.Scan() {
		if v := ends.Replace(lines.Text()); v != "" {
			f(v)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
