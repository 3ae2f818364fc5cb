package detectors

import "testing"

func TestParseIdent(t *testing.T) {
	near := func(a, b string, hex bool, gap uint64) {
		t.Helper()
		x, y := parseIdent(a, hex), parseIdent(b, hex)
		if !x.ok || !y.ok || x.family != y.family || y.value-x.value != gap {
			t.Errorf("%s and %s: %+v and %+v, want %d apart", a, b, x, y, gap)
		}
	}
	near("1231", "1232", false, 1)
	near("00012345", "00012350", false, 5)
	near("MRN00012345", "mrn00012346", false, 1)
	near("Patient/99", "Patient/100", false, 1)
	near("0abf09", "0abf0a", true, 1)
	near("UGF0aWVudC8xMjM", "UGF0aWVudC8xMjQ=", false, 1)
	near("507f1f77bcf86cd799439011", "507f1f78bcf86cd799439013", false, 2)
	near("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEMTSV4RRFFQ69G5FAV", false, 1)
	near("c232ab00-9414-11ec-b3c8-9f6bdeced846", "c232ab05-9414-11ec-b3c8-9f6bdeced846", false, 5)
	near("1ec9414c-232a-6b00-b3c8-9f6bdeced846", "1ec9414c-232a-6b02-b3c8-9f6bdeced846", false, 2)
	near("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b3-7cc3-98c4-dc0c0c07398f", false, 3)
	for _, s := range []string{"", "919108f7-52d1-4320-9bac-f847db4148a8", "1.2.840.10008.5.1.4", "metadata",
		"d41d8cd98f00b204e9800998ecf8427e", "999999999999999999999999999"} {
		if id := parseIdent(s, false); id.ok {
			t.Errorf("%q is read as %+v", s, id)
		}
	}
	if a, b := parseIdent("AB-17", false), parseIdent("CD-18", false); a.family == b.family {
		t.Error("other prefixes are one family")
	}
}

func FuzzParseIdent(f *testing.F) {
	for _, s := range []string{"1231", "MRN00012345", "Patient/99", "UGF0aWVudC8xMjM=", "507f1f77bcf86cd799439011",
		"01ARZ3NDEKTSV4RRFFQ69G5FAV", "c232ab00-9414-11ec-b3c8-9f6bdeced846", "", "/", "A\x00\xff"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, hex bool) {
		a, b := parseIdent(s, hex), parseIdent(s, hex)
		if a != b {
			t.Fatal("not a function")
		}
		if a.ok && a.value > 1<<63 {
			t.Fatalf("%q: %d", s, a.value)
		}
	})
}
