package cluster

import (
	"bytes"
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
	k, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	for range 2 { // the memory of the first is used again
		if err := k.encode(&buf, &c); err != nil {
			t.Fatal(err)
		}
	}
	rest := buf.Bytes()
	for range 2 {
		if rest, err = k.decode(&got, rest); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, c) {
			t.Fatalf("decoded\n%+v\nwant\n%+v", got, c)
		}
	}
	if len(rest) > 0 {
		t.Errorf("%d bytes are left", len(rest))
	}
}

func TestRecordOfNothing(t *testing.T) {
	k, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []call.Call{{}, {Order: call.Order{Time: 5, Flow: 1, Seq: 2}, Kind: call.LinkOnly}} {
		got := call.Call{Method: "GET"}
		var buf bytes.Buffer
		if err := k.encode(&buf, &c); err != nil {
			t.Fatal(err)
		}
		if _, err := k.decode(&got, buf.Bytes()); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("decoded %+v (%v), want %+v", got, err, c)
		}
	}
}

// TestRecordUnknown: what a later version adds is passed over, and what cannot be is refused.
func TestRecordUnknown(t *testing.T) {
	k, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	var c call.Call
	f := func(b string, ok bool) {
		t.Helper()
		if _, err := k.decode(&c, []byte(b)); (err == nil) != ok {
			t.Errorf("%x: %v", b, err)
		}
	}
	f("\xa2\x01\x05\x18\xc8\x83\x01\x02\x03", true) // {1: 5, 200: [1, 2, 3]}
	f("\xa1\x05\x09", false)                         // kind 9
	f("\xa1\x01\x20", false)                         // time -1
	f("\xa1\x08\x41\x00", false)                     // an address of one byte
	f("\xbf\x01\x05\xff", false)                     // indefinite length
	f("", false)
}
