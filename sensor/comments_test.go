package main

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"auscult/internal/shared"
)

var update = flag.Bool("update", false, "rewrite keys.txt from the comments on the fields")

// TestKeyTexts holds keys.txt to the comments in the source: every setting has one, and it is the one printed.
func TestKeyTexts(t *testing.T) {
	s := defaults()
	packages := map[string]map[string]string{}
	var out strings.Builder
	seen := map[string]string{}
	for _, k := range keys(nil, reflect.ValueOf(&s).Elem()) {
		if first, ok := seen[k.env()]; ok {
			t.Errorf("%s and %s are both %s", first, k.name(), k.env())
		}
		seen[k.env()] = k.name()
		pkg := k.owner.PkgPath()
		if packages[pkg] == nil {
			packages[pkg] = fieldComments(t, filepath.Join(shared.Root(t), strings.TrimPrefix(strings.Replace(pkg, "main", "sensor", 1), "auscult/")))
		}
		text := packages[pkg][k.owner.Name()+"."+k.field]
		switch text {
		case "":
			t.Errorf("%s.%s.%s has no comment to print above %s", pkg, k.owner.Name(), k.field, k.name())
		case asAbove:
			continue
		}
		last := k.path[len(k.path)-1]
		if rest, ok := strings.CutPrefix(text, k.field+" "); ok {
			text = last + " " + rest
		}
		out.WriteString(k.name() + "\t" + text + "\n")
	}
	if *update {
		if err := os.WriteFile("keys.txt", []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if out.String() != keyTexts {
		t.Error("keys.txt is not what the comments say; run go test ./sensor -run TestKeyTexts -update, and read it")
	}
}

// asAbove stands for the comment of a field that has none and follows another on the next line: one comment is
// for both, and is printed once.
const asAbove = "-"

// fieldComments is the comment of every field of every struct of the package in dir, by Type.Field, in one line.
func fieldComments(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no package in %s: %v", dir, err)
	}
	for _, name := range files {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if st, ok := spec.Type.(*ast.StructType); ok {
				last := -1
				for _, f := range st.Fields.List {
					text := strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
					if text == "" && set.Position(f.Pos()).Line == last+1 {
						text = asAbove
					}
					last = set.Position(f.End()).Line
					for _, id := range f.Names {
						out[spec.Name.Name+"."+id.Name] = text
					}
				}
			}
			return true
		})
	}
	return out
}

func TestWrap(t *testing.T) {
	got := wrap("one two three four", 10)
	if want := []string{" one two", " three", " four"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := wrap("", 10); len(got) != 1 {
		t.Errorf("%q", got)
	}
}
