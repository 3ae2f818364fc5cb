package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// envPrefix begins the environment variables that override the file: AUSCULT_KAFKA_TOPIC is kafka.topic.
const envPrefix = "AUSCULT_"

// key is one setting: where it stands in the file, its value, and the field of the struct that declares it.
type key struct {
	path  []string
	value reflect.Value
	owner reflect.Type
	field string
}

func (k key) name() string { return strings.Join(k.path, ".") }
func (k key) env() string  { return envPrefix + strings.ToUpper(strings.Join(k.path, "_")) }

// keys lists the settings below the struct v, in the order of its fields.
func keys(dst []key, v reflect.Value, path ...string) []key {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		below := path
		if option != "inline" {
			below = append(path[:len(path):len(path)], name)
		}
		if f.Type.Kind() == reflect.Struct {
			dst = keys(dst, v.Field(i), below...)
			continue
		}
		dst = append(dst, key{below, v.Field(i), v.Type(), f.Name})
	}
	return dst
}

// decode reads a YAML file over what dst, a pointer to a struct, holds. A key that dst does not have, or that
// stands twice, is an error; a key without a value (its lines commented out, say) keeps what it had. name stands
// in the message, with line and column.
func decode(dst any, name string, data []byte) error {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return located(dst, name, data, err)
	}
	if len(file.Docs) > 1 {
		return fmt.Errorf("%s: holds a second document after ---; put everything in one", name)
	}
	for _, doc := range file.Docs {
		if doc.Body = withoutNulls(doc.Body); doc.Body == nil {
			continue
		}
		if err := yaml.NodeToValue(doc.Body, dst, yaml.Strict()); err != nil {
			return located(dst, name, data, err)
		}
	}
	return nil
}

// withoutNulls is n without the keys that have no value; nil when nothing is left.
func withoutNulls(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
		return nil
	case *ast.MappingNode:
		n.Values = slices.DeleteFunc(n.Values, func(v *ast.MappingValueNode) bool {
			v.Value = withoutNulls(v.Value)
			return v.Value == nil
		})
		if len(n.Values) == 0 {
			return nil
		}
	}
	return n
}

// located puts line and column before err.
func located(dst any, name string, data []byte, err error) error {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		// A duration that is none comes without its place: it is where the value stands that the error quotes.
		for _, t := range lexer.Tokenize(string(data)) {
			if strings.Contains(err.Error(), strconv.Quote(t.Value)) {
				return fmt.Errorf("%s:%d:%d: %w", name, t.Position.Line, t.Position.Column, err)
			}
		}
		return fmt.Errorf("%s: %w", name, err)
	}
	text := at.GetMessage()
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) {
		text = fmt.Sprintf("unknown key %q; %s", at.GetToken().Value, suggest(dst, at.GetToken().Value))
	}
	pos := at.GetToken().Position
	return fmt.Errorf("%s:%d:%d: %s", name, pos.Line, pos.Column, text)
}

// suggest says what to write in place of an unknown key.
func suggest(dst any, word string) string {
	best, distance := "", 4
	for _, k := range keys(nil, reflect.ValueOf(dst).Elem()) {
		for i, part := range k.path {
			if d := editDistance(word, part); d < distance {
				best, distance = strings.Join(k.path[:i+1], "."), d
			}
		}
	}
	if best == "" {
		return "'auscult config' lists every key"
	}
	return fmt.Sprintf("did you mean %s? 'auscult config' lists every key", best)
}

// editDistance is the Levenshtein distance of a and b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := last
			if a[i] != b[j] {
				change++
			}
			last, row[j+1] = row[j+1], min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// override sets what the environment says of dst, a pointer to a struct. A list of words is separated by
// commas; anything else is written as in the file. It returns the variables it used, and those that begin with
// AUSCULT_ and name no setting.
func override(dst any, environ []string) (used, unknown []string, err error) {
	byEnv := map[string]key{}
	for _, k := range keys(nil, reflect.ValueOf(dst).Elem()) {
		byEnv[k.env()] = k
	}
	for _, pair := range environ {
		name, text, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, envPrefix) || name == envConfig {
			continue
		}
		k, ok := byEnv[name]
		if !ok {
			unknown = append(unknown, name)
			continue
		}
		if err := assign(k.value, text); err != nil {
			return used, unknown, fmt.Errorf("%s: %q does not fit %s (%s)", name, text, k.name(), k.value.Type())
		}
		used = append(used, name)
	}
	return used, unknown, nil
}

func assign(v reflect.Value, text string) error {
	switch {
	case v.Kind() == reflect.String:
		v.SetString(text)
		return nil
	case v.Type() == reflect.TypeFor[[]string]():
		v.Set(reflect.ValueOf(words(text)))
		return nil
	}
	return yaml.UnmarshalWithOptions([]byte(text), v.Addr().Interface(), yaml.Strict())
}

// words splits a list at its commas; nothing is an empty list.
func words(text string) []string {
	out := []string{}
	for w := range strings.SplitSeq(text, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}
