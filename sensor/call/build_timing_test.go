package call_test

import (
	"bytes"
	"fmt"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/phi"
)

// mixed is what a hospital's calls look like, one of each kind.
func mixed() []*http.Exchange {
	agent := "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36"
	ctype := "<Content-Type: application/fhir+json;charset=UTF-8"
	bearer := "Authorization: Bearer " + jwt(nurse)
	return []*http.Exchange{
		exchange("GET", "/fhir/Patient/1273", 200, bearer, agent, "Accept: */*", "Accept-Encoding: gzip", ctype),
		exchange("GET", "/fhir/Observation?patient=1273&_count=10&_sort=-date", 200, bearer, agent, "Accept: */*", ctype),
		exchange("GET", "/fhir/R4/Patient/b9caa87a-6f0f-4a62-88d5-c08317bf8ed2", 200, bearer, agent, ctype),
		exchange("GET", "/api/v2/patients/45827/summary", 200, "Cookie: _ga=GA1.2.3; JSESSIONID=c1caad27933165724a259b66498bfb93", agent, ctype),
		exchange("GET", "/api/v2/patient?patientID=45827", 200, "X-API-Key: sk_9d10bfd94d5dc06b5e58adbff5df4868", agent, ctype),
		exchange("GET", "/dicom-web/studies/1.2.840.113619.2.1/series/1.2.840.5/instances/1.2.840.9/frames/1", 200, bearer, ctype),
		exchange("GET", "/healthz", 200, "User-Agent: kube-probe/1.29"),
	}
}

func report() *phi.Report {
	return &phi.Report{Classes: phi.Name, People: 1, Records: 2, Form: phi.JSON, Total: -1, IDs: []phi.ID{
		{Kind: phi.Patient, Type: "Patient", Value: []byte("1273")}, {Kind: phi.Resource, Type: "Observation", Value: []byte("88")}}}
}

// TestBuild_Allocs holds that a call costs no allocation of its own: only chunks of the arena, shared by hundreds.
func TestBuild_Allocs(t *testing.T) {
	b := call.NewBuilder(call.Defaults(), new(call.Direct))
	ar, xs, resp := new(call.Arena), mixed(), report()
	var c call.Call
	n := testing.AllocsPerRun(1000, func() {
		for _, x := range xs {
			b.Build(&c, ar, x, conn(), nil, resp)
		}
	})
	if n /= float64(len(xs)); n > 0.1 {
		t.Errorf("%.2f allocations a call", n)
	}
}

func TestResolve_Allocs(t *testing.T) {
	b := call.NewBuilder(call.Defaults(), new(call.Direct))
	r := call.NewResolver(call.Defaults())
	ar := new(call.Arena)
	calls := make([]call.Call, len(mixed()))
	for i, x := range mixed() {
		b.Build(&calls[i], ar, x, conn(), nil, nil)
	}
	if n := testing.AllocsPerRun(100, func() {
		for i := range calls {
			c := calls[i]
			r.Resolve(&c)
		}
	}); n != 0 {
		t.Errorf("%.0f allocations for %d calls", n, len(calls))
	}
}

func BenchmarkBuild(b *testing.B) {
	bl := call.NewBuilder(call.Defaults(), new(call.Direct))
	ar, xs, resp := new(call.Arena), mixed(), report()
	var c call.Call
	b.ReportAllocs()
	for i := range b.N {
		x := xs[i%len(xs)]
		b.SetBytes(int64(len(x.Target)))
		bl.Build(&c, ar, x, conn(), nil, resp)
	}
}

// repeating is a Memo as a worker has it.
type repeating struct {
	call.Direct
	routes call.Routes
}

func (r *repeating) Route(path []byte) *call.Route { return r.routes.Route(path) }

// BenchmarkBuild_Again has clients that send the same header fields each time, for other patients.
func BenchmarkBuild_Again(b *testing.B) {
	bl := call.NewBuilder(call.Defaults(), new(repeating))
	ar, resp := new(call.Arena), report()
	var xs []*http.Exchange
	for i := range 64 {
		for n, x := range mixed() {
			x.Request.Known = uint64(n + 1)
			x.Target = bytes.ReplaceAll(x.Target, []byte("1273"), fmt.Appendf(nil, "%d", 2100+i))
			x.Response.Names = http.Told | http.ContentType
			xs = append(xs, x)
		}
	}
	var c call.Call
	b.ReportAllocs()
	for i := range b.N {
		bl.Build(&c, ar, xs[i%len(xs)], conn(), nil, resp)
	}
}

func BenchmarkResolve(b *testing.B) {
	bl := call.NewBuilder(call.Defaults(), new(call.Direct))
	r := call.NewResolver(call.Defaults())
	ar := new(call.Arena)
	calls := make([]call.Call, len(mixed()))
	for i, x := range mixed() {
		bl.Build(&calls[i], ar, x, conn(), nil, nil)
	}
	b.ReportAllocs()
	for i := range b.N {
		c := calls[i%len(calls)]
		r.Resolve(&c)
	}
}

func BenchmarkParseRoute(b *testing.B) {
	path := []byte("/api/v2/patients/45827/summary")
	b.SetBytes(int64(len(path)))
	b.ReportAllocs()
	var d call.Direct
	for range b.N {
		d.Route(path)
	}
}

func BenchmarkParseClaims(b *testing.B) {
	token := []byte(jwt(nurse))
	b.SetBytes(int64(len(token)))
	b.ReportAllocs()
	var d call.Direct
	for range b.N {
		d.Claims(token)
	}
}
