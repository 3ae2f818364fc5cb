package ocsf

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzJSONString(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\c", "\x00\x1f\x7f", "\xff\xfe", "naïve 患者", "\u2028\u2029", "<&>", "\b\f\n\r\t", "a\xc3", "\ufffd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(s); err != nil {
			t.Fatal(err)
		}
		w := bytes.TrimSuffix(want.Bytes(), []byte("\n"))
		if got := AppendString(nil, s); !bytes.Equal(got, w) {
			t.Errorf("%q: got %s, want %s", s, got, w)
		}
		if got := AppendString([]byte("x"), []byte(s)); string(got) != "x"+string(w) {
			t.Errorf("%q after x: got %s, want x%s", s, got, w)
		}
	})
}
