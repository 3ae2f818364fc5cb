package shared

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Conf reads a configuration file of Splunk: the settings of each stanza.
func Conf(t testing.TB, text []byte) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	var stanza map[string]string
	for line := range bytes.Lines(text) {
		s := strings.TrimSpace(string(line))
		if s == "" || s[0] == '#' {
			continue
		}
		if name, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(name, "]") {
			name = strings.TrimSuffix(name, "]")
			if out[name] != nil {
				t.Errorf("a second stanza [%s]", name)
			}
			stanza = map[string]string{}
			out[name] = stanza
			continue
		}
		k, v, ok := strings.Cut(s, " = ")
		if !ok || stanza == nil {
			t.Fatalf("no setting: %q", s)
		}
		if _, twice := stanza[k]; twice {
			t.Errorf("%s stands twice", k)
		}
		stanza[k] = v
	}
	return out
}

// Tagged fails unless the files in dir give the events of a source type one event type with one tag.
func Tagged(t testing.TB, dir, source, tag string) {
	t.Helper()
	read := func(name string) map[string]map[string]string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return Conf(t, text)
	}
	types, tags := read("eventtypes.conf"), read("tags.conf")
	if len(types) != 1 || len(tags) != 1 {
		t.Errorf("%v %v", types, tags)
	}
	for name, s := range types {
		if s["search"] != `sourcetype="`+source+`"` || tags["eventtype="+name][tag] != "enabled" {
			t.Errorf("%s: %v, %v", name, s, tags)
		}
	}
}
