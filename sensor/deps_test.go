package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"auscult/internal/shared"
)

// source is one Go file: its path from the root, with slashes.
type source struct {
	path string
	file *ast.File
}

func (s source) pkg() string  { return path.Dir(s.path) }
func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

func TestDependencies(t *testing.T) {
	root := shared.Root(t)
	var sources []source
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, ".go"):
			return nil
		}
		file, err := parser.ParseFile(set, p, nil, parser.SkipObjectResolution)
		rel, _ := filepath.Rel(root, p)
		sources = append(sources, source{filepath.ToSlash(rel), file})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) < 20 {
		t.Fatalf("found only %d Go files under the root", len(sources))
	}
	met := map[string]bool{}
	for _, s := range sources {
		for _, v := range breaches(s) {
			if met[v] = true; exceptions[v] == "" {
				t.Error(v)
			}
		}
	}
	for v := range exceptions {
		if !met[v] {
			t.Errorf("an exception that nothing needs: %s", v)
		}
	}
}

func TestDependenciesAreSeen(t *testing.T) {
	for _, c := range []struct{ path, code, want string }{
		{"sensor/tcp/x.go", `import "auscult/sensor/call"`, "sensor/tcp imports auscult/sensor/call, which comes after it"},
		{"sensor/tcp/x.go", `import "auscult/sensor/packet"`, ""},
		{"detectors/x.go", `import "auscult/sensor/tcp"`, "detectors imports auscult/sensor/tcp, which it must not see"},
		{"sensor/nowhere/x.go", `import "fmt"`, "sensor/nowhere stands in no layer: give it one"},
		{"sensor/call/x.go", `import "github.com/spf13/cobra"`, "sensor/call imports github.com/spf13/cobra, which is at home in [sensor]"},
		{"sensor/call/x_test.go", `import "github.com/gopacket/gopacket/pcapgo"`, ""},
		{"sensor/call/x.go", `import "example.com/new"`, "sensor/call imports example.com/new, which has no home"},
		{"sensor/call/x.go", `import "sync"`, "sensor/call imports sync on the hot path"},
		{"sensor/call/x.go", `import "time"; var x = time.Now`, "sensor/call uses time.Now on the hot path"},
		{"sensor/call/x.go", `import "time"; const x = time.Second`, ""},
		{"sensor/call/x.go", `func f() { go f() }`, "sensor/call starts a goroutine on the hot path"},
		{"sensor/call/x.go", `func f(c chan int) {}`, "sensor/call has a channel on the hot path"},
		{"pipeline/x.go", `import "sync"; func f(c chan int) { go f(c) }`, ""},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), c.path, "package x;"+c.code, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(breaches(source{c.path, file}), "; "); got != c.want {
			t.Errorf("%s in %s: got %q, want %q", c.code, c.path, got, c.want)
		}
	}
}

// breaches says how s breaks the rules, one sentence each.
func breaches(s source) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, s.pkg()+" "+fmt.Sprintf(format, args...)) }
	own := layerOf(s.pkg())
	if own < 0 {
		add("stands in no layer: give it one")
	}
	for _, spec := range s.file.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		inner, ours := strings.CutPrefix(name, "auscult/")
		switch {
		case ours && !s.isTest() && inner != s.pkg() && layerOf(inner) >= own:
			add("imports %s, which comes after it", name)
		case ours && !s.isTest() && slices.Contains(unseen[s.pkg()], inner):
			add("imports %s, which it must not see", name)
		case !ours && strings.Contains(strings.Split(name, "/")[0], "."):
			if why := homeless(s, name); why != "" {
				add("imports %s, which %s", name, why)
			}
		}
		if !s.isTest() && slices.Contains(hot, s.pkg()) && slices.Contains(coldImports, name) {
			add("imports %s on the hot path", name)
		}
	}
	if s.isTest() || !slices.Contains(hot, s.pkg()) {
		return out
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			add("starts a goroutine on the hot path")
		case *ast.ChanType, *ast.SendStmt, *ast.SelectStmt:
			add("has a channel on the hot path")
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(wallClock, n.Sel.Name) {
				add("uses time.%s on the hot path", n.Sel.Name)
			}
		}
		return true
	})
	return out
}

func layerOf(pkg string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, pkg) })
}

// homeless says why the file may not import an outside package, or nothing if it may.
func homeless(s source, name string) string {
	for module, where := range homes {
		if !strings.HasPrefix(name, module) {
			continue
		}
		allowed := testHomes[module]
		if slices.Contains(where, s.pkg()) || s.isTest() && (allowed == "*" || slices.Contains(strings.Fields(allowed), s.pkg())) {
			return ""
		}
		return fmt.Sprintf("is at home in %v", where)
	}
	return "has no home"
}
