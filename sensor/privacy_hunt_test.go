package main

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

// hunter finds needles in bytes, in whatever clothes: as they are in any case, percent-encoded, in base64 and hex, or as an
// unsalted hash in any of these.
type hunter struct {
	lower, exact map[[grip]byte][]clothed // by the first bytes; lower: of text without capitals
}

// grip is how many bytes of a needle it is looked up by; a shorter one cannot be told from chance.
const grip = 8

type clothed struct{ needle, how, text string }

func newHunter(needles map[string]string) *hunter {
	h := &hunter{map[[grip]byte][]clothed{}, map[[grip]byte][]clothed{}}
	for _, name := range slices.Sorted(maps.Keys(needles)) {
		v := needles[name]
		h.forms(name, "", []byte(v))
		if lower := strings.ToLower(v); lower != v {
			h.forms(name, "in lower case, ", []byte(lower))
		}
		h.forms(name, "in upper case, ", []byte(strings.ToUpper(v)))
		for _, text := range []string{v, strings.ToLower(v), strings.ToUpper(v)} {
			five, one, two := md5.Sum([]byte(text)), sha1.Sum([]byte(text)), sha256.Sum256([]byte(text))
			for how, sum := range map[string][]byte{"MD5": five[:], "SHA-1": one[:], "SHA-256": two[:]} {
				h.add(h.lower, name, "its "+how, hex.EncodeToString(sum[:8])) // the first half, of one that is cut short
				h.add(h.exact, name, "its "+how+" in base64", base64.RawStdEncoding.EncodeToString(sum[:12]))
				h.add(h.exact, name, "its "+how+" in base64", base64.RawURLEncoding.EncodeToString(sum[:12]))
				h.add(h.exact, name, "its "+how+" in bytes", string(sum[:12]))
			}
		}
	}
	return h
}

func (h *hunter) forms(name, how string, v []byte) {
	h.add(h.lower, name, how+"as it is", strings.ToLower(string(v)))
	h.add(h.lower, name, how+"in hex", hex.EncodeToString(v))
	h.add(h.lower, name, how+"percent-encoded", strings.ToLower(url.QueryEscape(string(v))))
	h.add(h.lower, name, how+"percent-encoded", strings.ToLower(url.PathEscape(string(v))))
	all := ""
	for _, b := range v {
		all += fmt.Sprintf("%%%02x", b)
	}
	h.add(h.lower, name, how+"percent-encoded", all)
	for shift := range 3 { // of a longer text in base64
		before := make([]byte, shift)
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := e.EncodeToString(append(before, v...))
			text = text[(shift*8+5)/6:]
			if rest := (len(v) + shift) % 3; rest > 0 {
				text = text[:len(text)-1] // its last digit is also of what follows
			}
			h.add(h.exact, name, how+"in base64", text)
		}
	}
}

func (h *hunter) add(to map[[grip]byte][]clothed, name, how, text string) {
	if len(text) < grip {
		return
	}
	k := [grip]byte([]byte(text[:grip]))
	if !slices.ContainsFunc(to[k], func(c clothed) bool { return c.text == text }) {
		to[k] = append(to[k], clothed{name, how, text})
	}
}

// find is what of the needles is in b, each once, with where: at most so many.
func (h *hunter) find(b []byte, most int) (found []string) {
	lower := bytes.ToLower(b)
	told := map[string]bool{}
	for i := 0; i+grip <= len(lower); i++ {
		for _, t := range []struct {
			in []byte
			of map[[grip]byte][]clothed
		}{{lower, h.lower}, {b, h.exact}} {
			if len(t.in) < i+grip {
				continue
			}
			for _, c := range t.of[[grip]byte(t.in[i:i+grip])] {
				if told[c.needle] || !bytes.HasPrefix(t.in[i:], []byte(c.text)) || isNumber(c.text) && partOf(t.in, i, len(c.text)) {
					continue
				}
				told[c.needle] = true
				found = append(found, fmt.Sprintf("%s %s: …%q…", c.needle, c.how, b[max(0, i-100):min(len(b), i+len(c.text)+30)]))
				if len(found) == most {
					return found
				}
			}
		}
	}
	return found
}

// isNumber is whether s is one: then it is looked for where it is whole, for by chance many are part of another.
func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }

func partOf(b []byte, at, n int) bool {
	digit := func(i int) bool { return i >= 0 && i < len(b) && '0' <= b[i] && b[i] <= '9' }
	return digit(at-1) || digit(at+n)
}

// unpacked is b and, where it is compressed, what is in it.
func unpacked(b []byte) []byte {
	if rows, err := parquet.Read[any](bytes.NewReader(b), int64(len(b))); err == nil {
		return fmt.Append(b, rows...)
	}
	if r, err := gzip.NewReader(bytes.NewReader(b)); err == nil {
		if text, err := io.ReadAll(r); err == nil {
			return append(text, b...)
		}
	}
	if r, err := zstd.NewReader(bytes.NewReader(b)); err == nil {
		defer r.Close()
		if text, err := io.ReadAll(r); err == nil {
			return append(text, b...)
		}
	}
	return b
}

func TestHunter(t *testing.T) {
	const v = "Meerabai K. Rao/7" // 17 bytes: base64 ends inside
	h := newHunter(map[string]string{"name": v})
	sum := sha256.Sum256([]byte(strings.ToLower(v)))
	short := md5.Sum([]byte(v))
	for _, text := range []string{v, "x" + strings.ToUpper(v) + "y", strings.ToLower(v), url.QueryEscape(v), url.PathEscape(v), hex.EncodeToString([]byte(v)),
		strings.ToUpper(hex.EncodeToString([]byte(v))), base64.StdEncoding.EncodeToString([]byte(v)), base64.StdEncoding.EncodeToString([]byte("a" + v + "b")),
		base64.URLEncoding.EncodeToString([]byte("ab" + v + "??")), base64.StdEncoding.EncodeToString([]byte("abc" + v + "d")), hex.EncodeToString(sum[:]),
		hex.EncodeToString(short[:12]), base64.StdEncoding.EncodeToString(sum[:]), string(sum[:])} {
		if found := h.find([]byte("before "+text+" behind"), 1); len(found) != 1 || !strings.HasPrefix(found[0], "name ") {
			t.Errorf("%q: found %q", text, found)
		}
	}
	if found := h.find([]byte("Meerabai K. Ra, Meerabai, 7"), 9); len(found) > 0 {
		t.Errorf("what is not there was found: %q", found)
	}
	numbers := newHunter(map[string]string{"number": "1234567890"})
	if len(numbers.find([]byte("a 91234567890 12345678901 b"), 9)) != 0 || len(numbers.find([]byte(`"1234567890"`), 9)) == 0 {
		t.Error("a number is taken for its part, or not for itself")
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, v)
	z.Close()
	if len(h.find(unpacked(packed.Bytes()), 1)) != 1 {
		t.Error("what is compressed is not looked into")
	}
}
