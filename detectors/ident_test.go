package detectors

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"testing"
)

func TestParseIdent(t *testing.T) {
	near := func(a, b string, in alphabet, gap uint64) {
		t.Helper()
		x, y := parseIdent(a, in), parseIdent(b, in)
		if !x.ok || !y.ok || x.family != y.family || y.value-x.value != gap {
			t.Errorf("%s and %s: %+v and %+v, want %d apart", a, b, x, y, gap)
		}
	}
	second := func(a, b string, gap uint64) {
		t.Helper()
		x, y := parseIdent(a, inDigits), parseIdent(b, inDigits)
		if !x.two || !y.two || x.family != y.family || y.second-x.second != gap {
			t.Errorf("%s and %s: %+v and %+v, want %d apart by the second reading", a, b, x, y, gap)
		}
	}
	near("1231", "1232", inDigits, 1)
	near("00012345", "00012350", inDigits, 5)
	near("MRN00012345", "mrn00012346", inDigits, 1)
	near("Patient/99", "Patient/100", inDigits, 1)
	near("Patient/99/_history/3", "Patient/100/_history/1", inDigits, 1)
	near("0abf09", "0abf0a", inHex, 1)
	near("1239", "123a", inHex, 1)
	near("UGF0aWVudC8xMjM", "UGF0aWVudC8xMjQ=", inDigits, 1)
	near("VUdGMGFXVnVkQzh4TWpN", "VUdGMGFXVnVkQzh4TWpR", inDigits, 1) // twice
	near("AAAE0A==", "AAAE0Q==", inDigits, 1)
	near("eyJpZCI6MTIzfQ==", "eyJpZCI6MTI0fQ==", inDigits, 1)
	near("Z2lkOi8vYXBwL1BhdGllbnQvMTIz", "Z2lkOi8vYXBwL1BhdGllbnQvMTI0", inDigits, 1)
	near("50617469656e742f313233", "50617469656E742F313234", inDigits, 1)
	near("PAT-2024-000123-X", "PAT-2024-000124-F", inDigits, 1)
	near("visit:123:chart", "visit:124:chart", inDigits, 1)
	near("ABC/2024/00123", "ABC/2024/00125", inDigits, 2)
	near("gid://app/Patient/123", "gid://app/Patient/124", inDigits, 1)
	near("S1234567D", "S1234568B", inDigits, 1)
	near("1234567890", "123456790X", inDigits, 10)
	near("507f1f77bcf86cd799439011", "507f1f78bcf86cd799439013", inDigits, 2)
	near("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEMTSV4RRFFQ69G5FAV", inDigits, 1)
	near("c232ab00-9414-11ec-b3c8-9f6bdeced846", "c232ab05-9414-11ec-b3c8-9f6bdeced846", inDigits, 5)
	near("00000007-0000-1ee0-9abc-0242ac120002", "00989687-0000-1ee0-9abc-0242ac120002", inDigits, 10000000) // a clock of its own
	near("1ec9414c-232a-6b00-b3c8-9f6bdeced846", "1ec9414c-232a-6b02-b3c8-9f6bdeced846", inDigits, 2)
	near("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b3-7cc3-98c4-dc0c0c07398f", inDigits, 3)
	near("017f22e279b07cc398c4dc0c0c07398f", "urn:uuid:017F22E2-79B1-7cc4-98c4-dc0c0c07398f", inDigits, 1)
	near("9m4e2mr0ui3e8a215n4g", "9m4e2mr0ui3e8a215n5g", inDigits, 2)
	near("cjld2cjxh0000qzrmn831i7rn", "cjld2cjxh0001qzrmn831i7zz", inDigits, 1)
	second("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc4-98c4-dc0c0c07398f", 1)
	second("1541815603606036480", "1541815603610230784", 1)
	second("0ujtsYcgvSTl8PAuAdqWYSMnLOv", "0ujtsYcgvSTl8PAuAdqWYSMnLOw", 1)
	second("507f1f77bcf86cd799439011", "507f1f78bcf86cd799439011", 1)
	second("1234567", "1234574", 1)
	near("abcz", "abc2", inBase32, 1)
	near("3zzz", "4000", inBase36, 1)
	near("3zzz", "4000", inCrockford, 1)
	near("1aZz", "1aaA", inBase62, 11)
	for _, s := range []string{"", "/", "919108f7-52d1-4320-9bac-f847db4148a8", "1.2.840.10008.5.1.4", "10.20.8.106", "metadata",
		"d41d8cd98f00b204e9800998ecf8427e", "999999999999999999999999999", "v2", "ward-list", "summary",
		"V1StGXR8_Z5jdHi6B-myT", "deadbeefdeadbeefdeadbeef99", "A\x00\xff1"} {
		if id := parseIdent(s, inDigits); id.ok {
			t.Errorf("%q is read as %+v", s, id)
		}
	}
	if a, b := parseIdent("AB-17", inDigits), parseIdent("CD-18", inDigits); a.family == b.family {
		t.Error("other prefixes are one family")
	}
}

// TestCoded compares with what sqids 0.5.2 and hashids 1.3.1 for Python make, without and with a least length of 8.
func TestCoded(t *testing.T) {
	for _, v := range []struct {
		n                              uint64
		sqid, longSqid, hash, longHash string
	}{
		{0, "bM", "bMZn4Y5F", "gY", "jnegYbwZ"},
		{1, "Uk", "UkLWZg9D", "jR", "olejRejN"},
		{2, "gb", "gbHJdmfr", "k5", "pmbk5ezJ"},
		{61, "Ukp", "UkpLWZg9", "Dkx", "BDbDkxal"},
		{62, "bnn", "bnnZn4Y5", "ERv", "4oeERva0"},
		{1231, "K1b", "K1b5Q8YF", "Xvm", "QBeXvmby"},
		{1232, "iKf", "iKfDfaj7", "YAp", "4QbYApbz"},
		{20000, "QgOG", "QgOGA48c", "g7M9", "neg7M9ew"},
		{1000001, "E9bIq", "E9bIqhxL", "jO3K5", "lejO3K5a"},
		{123456789, "rDOOFW", "rDOOFWCl", "j3y5QY", "ej3y5QYa"},
	} {
		for _, s := range []string{v.sqid, v.longSqid} {
			if n, ok := decodeSqids([]byte(s)); n != v.n || !ok {
				t.Errorf("sqid %s is %d, read as %d, %v", s, v.n, n, ok)
			}
		}
		for _, s := range []string{v.hash, v.longHash} {
			if n, ok := decodeHashids([]byte(s)); n != v.n || !ok {
				t.Errorf("hashid %s is %d, read as %d, %v", s, v.n, n, ok)
			}
		}
	}
}

// coders write a number as an application might.
var coders = []struct {
	name string
	code func(n uint64) string
}{
	{"decimal", func(n uint64) string { return strconv.FormatUint(n, 10) }},
	{"padded", func(n uint64) string { return fmt.Sprintf("%010d", n) }},
	{"prefix", func(n uint64) string { return fmt.Sprintf("MRN%08d", n) }},
	{"hex prefix", func(n uint64) string { return fmt.Sprintf("AD%08d", n) }},
	{"in text", func(n uint64) string { return fmt.Sprintf("PAT-2024-%06d-X", n) }},
	{"hex", func(n uint64) string { return fmt.Sprintf("%08x", 0xa0000+n) }},
	{"base 36", func(n uint64) string { return strconv.FormatUint(36*36*36*36*36+n*7, 36) }},
	{"base 32", func(n uint64) string {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(n))
		return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])
	}},
	{"base 58", func(n uint64) string {
		return radixString(n+58*58*58*58*7, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
	}},
	{"base 62", func(n uint64) string {
		return radixString(n*31+62*62*62*62*9, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	}},
	{"base64 of an integer", func(n uint64) string {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(n))
		return base64.RawURLEncoding.EncodeToString(b[:])
	}},
	{"base64 of digits", func(n uint64) string { return base64.RawStdEncoding.EncodeToString(fmt.Appendf(nil, "%05d", n)) }},
	{"base64 of text", func(n uint64) string { return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "Patient:%d", n)) }},
	{"base64 of base64", func(n uint64) string {
		return base64.URLEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "Patient/%d", n))))
	}},
	{"hex of text", func(n uint64) string { return hex.EncodeToString(fmt.Appendf(nil, "pat:%d", n)) }},
	{"UUID 1", func(n uint64) string { return fmt.Sprintf("%08x-9414-11ec-b3c8-9f6bdeced846", 0xc232ab00+10*n) }},
	{"UUID 7", func(n uint64) string {
		return fmt.Sprintf("017f22e2-%04x-7%03x-98c4-%012x", n&0xffff, n*7919&0xfff, n*0x9e3779b97f4a&(1<<48-1))
	}},
	{"ULID", func(n uint64) string { return "01ARZ3NDEK" + "TSV4RRFFQ69" + crockfordString(n) }},
	{"ObjectId", func(n uint64) string { return fmt.Sprintf("%08xbcf86cd799%06x", 0x507f1f77+n*2, n) }},
	{"Snowflake", func(n uint64) string { return strconv.FormatUint(1541815603606036480+n*3<<22, 10) }},
	{"Luhn", func(n uint64) string { return fmt.Sprintf("%d%d", 100000+n, luhn(100000+n)) }},
}

func radixString(n uint64, letters string) string {
	var b []byte
	for ; n > 0; n /= uint64(len(letters)) {
		b = append([]byte{letters[n%uint64(len(letters))]}, b...)
	}
	return string(b)
}

func crockfordString(n uint64) string {
	const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	b := [5]byte{}
	for i := range b {
		b[len(b)-1-i] = letters[n&31]
		n >>= 5
	}
	return string(b[:])
}

func luhn(n uint64) uint64 {
	sum := uint64(0)
	for i := 0; n > 0; i++ {
		d := n % 10
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		n /= 10
	}
	return (10 - sum%10) % 10
}

// TestForm shows each coder's values in no order, then asks whether neighbours are read as neighbours.
func TestForm(t *testing.T) {
	for _, c := range coders {
		forms := map[int]*form{}
		read := func(n uint64) ident {
			s := c.code(n)
			f := forms[len(s)]
			if f == nil {
				f = &form{}
				forms[len(s)] = f
			}
			if len(s) <= formLongest {
				f.learn(s)
			}
			return parseIdent(s, f.reading)
		}
		for i := range uint64(60) {
			read(1000 + i*7919%9000)
		}
		steps := map[[2]int64]int{}
		var last ident
		for i := range uint64(200) {
			id := read(20000 + i)
			if !id.ok {
				t.Fatalf("%s: %s is not read", c.name, c.code(20000+i))
			}
			if i > 0 && id.family == last.family {
				steps[[2]int64{0, int64(id.value - last.value)}]++
				if id.two {
					steps[[2]int64{1, int64(id.second - last.second)}]++
				}
			}
			last = id
		}
		most := 0
		for k, n := range steps {
			if k[1] != 0 {
				most = max(most, n)
			}
		}
		if most < 195 {
			t.Errorf("%s: %d of 199 neighbours are the usual step apart: %v", c.name, most, steps)
		}
	}
}

// TestForm_Steady holds that a stranger cannot change the reading of a known place with a few values.
func TestForm_Steady(t *testing.T) {
	var f form
	for i := range 100 {
		f.learn(fmt.Sprintf("%06x", 0xa0000+i*7919))
	}
	for i := range 8 {
		f.learn(fmt.Sprintf("zzzzz%c", 'g'+i))
		f.learn(fmt.Sprintf("00000%d", i))
	}
	if f.reading != inHex {
		t.Errorf("read as %d", f.reading)
	}
}

// FuzzIdent holds that reading is a function, bounded, and that what a coder wrote is read.
func FuzzIdent(f *testing.F) {
	for i, c := range coders {
		f.Add(c.code(1231), byte(i))
	}
	for i, s := range []string{"", "/", "A\x00\xff", "{}", "urn:uuid:", "/_history/", "====", "a-b-c-d-e-f-1-2-3-4"} {
		f.Add(s, byte(i))
	}
	f.Fuzz(func(t *testing.T, s string, in byte) {
		in %= byte(inHashids) + 1
		a, b := parseIdent(s, alphabet(in)), parseIdent(s, alphabet(in))
		if a != b {
			t.Fatal("not a function")
		}
		if a.ok && (a.value >= 1<<63 || len(s) > identBytes) {
			t.Fatalf("%q: %+v", s, a)
		}
		var g form
		for i := range 6 * formSample {
			g.learn(s + strconv.Itoa(i))
		}
		if g.n > formSample {
			t.Fatalf("%+v", g)
		}
		n := uint64(len(s))*7919 + uint64(in)
		for _, c := range coders[:2] {
			if id := parseIdent(c.code(n), inDigits); !id.ok || id.value != n {
				t.Fatalf("%s of %d: %+v", c.name, n, id)
			}
		}
	})
}
