package openapi

import "testing"

func TestFindDoesNotAllocate(t *testing.T) {
	a := parse(t, small)
	for _, path := range []string{"/api/v2/patients/12", "/api/v2/%70atients/12", "/api/v1/none", "/api/v2/patients/1/photo.png"} {
		if n := testing.AllocsPerRun(100, func() { a.Find("GET", "ward.hospital.test:8443", path) }); n != 0 {
			t.Errorf("%s: %v allocations", path, n)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	a := &API{}
	if err := a.Add([]byte(small)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		a.Find("GET", "ward.hospital.test:8443", "/api/v2/patients/12")
	}
}
