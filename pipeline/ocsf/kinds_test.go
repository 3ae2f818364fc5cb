package ocsf_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"auscult/internal/shared"
	"auscult/pipeline/ocsf"
)

// Whatever kind of finding a detector names has a mapping of its own: a name, and what to do about it.
func TestEveryKindIsMapped(t *testing.T) {
	word := regexp.MustCompile(`^[a-z]+(_[a-z]+)+$`)
	kinds := map[string]string{}
	files, err := filepath.Glob(filepath.Join(shared.Root(t), "detectors", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	take := func(e ast.Expr, where string) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if kind, _ := strconv.Unquote(l.Value); word.MatchString(kind) {
				kinds[kind] = where
			}
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "Name" && n.Recv != nil && len(n.Body.List) == 1 {
					if r, ok := n.Body.List[0].(*ast.ReturnStmt); ok && len(r.Results) == 1 {
						take(r.Results[0], name)
					}
				}
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Detector" {
					take(n.Value, name)
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "posture" || f.Sel.Name == "serverPosture") && len(n.Args) > 2 {
					take(n.Args[2], name)
				}
			}
			return true
		})
	}
	if len(kinds) < 30 {
		t.Fatalf("found only %d kinds", len(kinds))
	}
	for kind, where := range kinds {
		if name, _, _, _ := ocsf.Labels(kind); name == kind {
			t.Errorf("%s in %s has no mapping", kind, filepath.Base(where))
		}
	}
}
