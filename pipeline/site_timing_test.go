package pipeline

import (
	"fmt"
	"testing"
	"time"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// busy is a Site that has seen a morning of n people: a list each, and seven charts of it.
func busy(b *testing.B, n int) *Site {
	b.Helper()
	cfg := Defaults()
	cfg.Detectors.Principals = max(cfg.Detectors.Principals, n)
	s := NewSite(cfg)
	if err := s.Remember(); err != nil {
		b.Fatal(err)
	}
	at := clock.Time(time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC).UnixNano())
	for round := range 8 {
		for i := range n {
			at += clock.Time(4*time.Hour) / clock.Time(8*n)
			c := call.Call{Order: call.Order{Time: at, Flow: uint64(i)}, Kind: call.HTTP, Method: "GET", Host: "ehr", Status: 200,
				Start: at, Route: "/fhir/Patient/{id}", Path: "/fhir/Patient", Endpoint: 7, UserAgent: "ward/1.0", RespDec: 900, ReqDec: 40,
				FHIR: call.FHIR{Interaction: "read", Type: "Patient"}, Flags: call.HealthAPI}
			c.Server.Port = 443
			c.Client.Addr = [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}
			id := fmt.Sprint("nurse-", i)
			c.Principal = call.Principal{Key: uint64(i)*0x9e3779b97f4a7c15 | 1, Kind: call.JWT, ID: id, Issuer: "https://idp", Role: "nurse",
				Token: uint64(i+1) * 0xc2b2ae3d27d4eb4f, Strength: 90}
			patient := func(k int, where call.Where) call.Object {
				name := fmt.Sprint("p", (i*37+k*7919)%200000)
				return call.Object{Type: "Patient", ID: name, Key: call.PatientKey([]byte(name)), Param: 5, Where: where, Patient: true}
			}
			if round == 0 {
				c.Route, c.Endpoint, c.FHIR.Interaction, c.Flags = "/fhir/Patient", 8, "search-type", call.HealthAPI|call.Search
				for k := 1; k < 8; k++ {
					o := patient(k, call.InResponse)
					c.Objects, c.Delivered = append(c.Objects, o), append(c.Delivered, o.Key)
				}
				c.PHI.People = 7
			} else {
				c.Objects = []call.Object{patient(round, call.InPath)}
				c.PHI.People = 1
			}
			s.Observe(nil, &c)
		}
	}
	return s
}

// BenchmarkSnapshot is how long detection stands still while its state is copied.
func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := busy(b, n)
			size := 0
			for b.Loop() {
				image, err := s.Snapshot()
				if err != nil {
					b.Fatal(err)
				}
				size = image.Len()
			}
			b.ReportMetric(float64(size)/float64(n), "B/principal")
		})
	}
}

// BenchmarkRestore is how long a start takes longer.
func BenchmarkRestore(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			old := busy(b, n)
			saved, err := old.Save()
			if err != nil {
				b.Fatal(err)
			}
			cfg := Defaults()
			for b.Loop() {
				s := NewSite(cfg)
				if err := s.Remember(); err != nil {
					b.Fatal(err)
				}
				if err := s.Restore(saved); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
