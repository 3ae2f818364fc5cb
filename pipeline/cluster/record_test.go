package cluster

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"testing"

	"auscult/sensor/call"
)

// fillAll gives every exported field of v a value that is not zero, by counting n up.
func fillAll(t *testing.T, v reflect.Value, n *int64) {
	t.Helper()
	*n++
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(*n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1) // enums stay in their range
		if v.Type().Name() == "uint64" || v.Type().Name() == "uint32" {
			v.SetUint(uint64(*n))
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("\xff%d", *n)) // not UTF-8, as a target may be
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fillAll(t, v.Field(i), n)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			fillAll(t, v.Index(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fillAll(t, v.Index(i), n)
		}
	case reflect.Pointer: // of a LinkOnly alone
	default:
		t.Fatalf("a call holds a %v: say how it travels", v.Type())
	}
}

// TestRecordHoldsEverything: a field that is added to a call must travel too.
func TestRecordHoldsEverything(t *testing.T) {
	var c, got call.Call
	n := int64(0)
	fillAll(t, reflect.ValueOf(&c).Elem(), &n)
	c.Kind = call.MLLP
	var r record
	in := string(r.encode(r.encode(nil, &c), &c))
	for range 2 {
		var err error
		if in, err = r.decode(&got, in); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, c) {
			t.Fatalf("decoded\n%+v\nwant\n%+v", got, c)
		}
	}
	if len(in) > 0 {
		t.Errorf("%d bytes are left", len(in))
	}
}

func TestRecordOfNothing(t *testing.T) {
	var r record
	for _, c := range []call.Call{{}, {Order: call.Order{Time: 5, Flow: 1, Seq: 2}, Kind: call.LinkOnly}} {
		got := call.Call{Method: "GET"}
		if _, err := r.decode(&got, string(r.encode(nil, &c))); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("decoded %+v (%v), want %+v", got, err, c)
		}
	}
}

// TestRecordVersions: what a later version adds is passed over, what an earlier one did not have is zero, and a record that
// ends within a field, or says what cannot be, is refused.
func TestRecordVersions(t *testing.T) {
	var r record
	var c call.Call
	n := int64(0)
	fillAll(t, reflect.ValueOf(&c).Elem(), &n)
	c.Kind = call.HTTP
	b := r.encode(nil, &c)
	sized := func(b []byte) string {
		binary.LittleEndian.PutUint32(b, uint32(len(b)-maxLength))
		return string(b)
	}
	var got call.Call
	if rest, err := r.decode(&got, sized(append(bytes.Clone(b), "later"...))); err != nil || rest != "" || !reflect.DeepEqual(got, c) {
		t.Errorf("with more behind: %v", err)
	}
	whole := 0
	for i := maxLength; i < len(b); i++ {
		if _, err := r.decode(&got, sized(bytes.Clone(b[:i]))); err == nil {
			whole++
		}
		if _, err := r.decode(&got, string(b[:i])); err == nil {
			t.Errorf("the first %d bytes of %d are taken", i, len(b))
		}
	}
	if whole == 0 || whole > len(b)/2 {
		t.Errorf("%d of %d prefixes are records", whole, len(b))
	}
	for _, bad := range []string{"", "\x01\x00\x00\x00\x09" /* kind 9 */, "\x02\x00\x00\x00\x00\x01" /* time -1 */, "\x02\x00\x00\x00\x80\x80"} {
		if _, err := r.decode(&got, bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// FuzzRecord: nothing that is read panics, and what was read is written and read as the same.
func FuzzRecord(f *testing.F) {
	var r record
	f.Add(string(r.encode(nil, &call.Call{Order: call.Order{Time: 5}, Method: "GET", Objects: []call.Object{{ID: "1"}}})))
	f.Add("\xff\x00\x00\x00")
	f.Fuzz(func(t *testing.T, in string) {
		var r record
		var c, again call.Call
		if _, err := r.decode(&c, in); err != nil {
			return
		}
		if _, err := r.decode(&again, string(r.encode(nil, &c))); err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("%+v\nread again as\n%+v (%v)", c, again, err)
		}
	})
}
