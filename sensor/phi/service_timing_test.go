package phi

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
)

// Bodies like those of a FHIR service in Go: members sorted by name, so the type of a resource stands after most of
// what is in it.

func servicePatient(r *rand.Rand, id, pad int) map[string]any {
	p := map[string]any{
		"resourceType": "Patient", "id": fmt.Sprint(id), "gender": []string{"female", "male", "other"}[r.IntN(3)],
		"meta": map[string]any{"versionId": "3", "lastUpdated": fmt.Sprintf("2025-%02d-%02dT10:%02d:00Z", 1+r.IntN(12), 1+r.IntN(28), r.IntN(60))},
		"identifier": []any{map[string]any{"system": "http://hospital.example/mrn", "value": fmt.Sprintf("MRN%08d", r.IntN(1e8))},
			map[string]any{"system": "http://hl7.org/fhir/sid/us-ssn", "value": fmt.Sprintf("%03d-%02d-%04d", 100+r.IntN(600), 10+r.IntN(80), r.IntN(10000))}},
		"name": []any{map[string]any{"use": "official", "family": []string{"Nowak", "Silva", "Okafor", "Meyer"}[r.IntN(4)], "given": []string{"Ana"}}},
		"telecom": []any{map[string]any{"system": "phone", "value": fmt.Sprintf("+1-555-%07d", r.IntN(1e7))},
			map[string]any{"system": "email", "value": fmt.Sprintf("p%d@mail.example", id)}},
		"birthDate": fmt.Sprintf("19%02d-%02d-%02d", 30+r.IntN(69), 1+r.IntN(12), 1+r.IntN(28)),
		"address":   []any{map[string]any{"line": []string{fmt.Sprintf("%d Main St", r.IntN(999))}, "city": "Springfield", "postalCode": fmt.Sprintf("%05d", r.IntN(99999))}},
	}
	if pad > 0 {
		div := "<div>"
		for len(div) < pad {
			div += fmt.Sprintf("<p>Ana Nowak, visit %d, code %x</p>", r.IntN(1e6), r.Int64())
		}
		p["text"] = map[string]any{"status": "generated", "div": div + "</div>"}
	}
	return p
}

func serviceObservation(r *rand.Rand, patient int) map[string]any {
	return map[string]any{
		"resourceType": "Observation", "id": fmt.Sprintf("obs-%d", r.IntN(1e9)), "status": "final",
		"category": []any{map[string]any{"coding": []any{map[string]any{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}}}},
		"code": map[string]any{"coding": []any{map[string]any{"system": "http://loinc.org", "code": fmt.Sprintf("%d-%d", 1000+r.IntN(90000), r.IntN(10)),
			"display": "Vital sign"}}},
		"subject":           map[string]any{"reference": fmt.Sprintf("Patient/%d", patient)},
		"effectiveDateTime": fmt.Sprintf("2025-%02d-%02dT%02d:%02d:00Z", 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60)),
		"valueQuantity":     map[string]any{"value": float64(r.IntN(2000)) / 10, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
	}
}

func serviceBundle(r *rand.Rand, patient, size int) []byte {
	var entries []any
	for n := 0; n < size; n += 600 {
		o := serviceObservation(r, patient)
		entries = append(entries, map[string]any{"fullUrl": fmt.Sprintf("http://fhir.example/fhir/Observation/%s", o["id"]), "resource": o})
	}
	b, _ := json.Marshal(map[string]any{"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries})
	return b
}

// many makes n bodies of a kind: one body read again and again teaches the processor its branches.
func many(n int, f func(r *rand.Rand, i int) []byte) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([][]byte, n)
	for i := range out {
		out[i] = f(r, i)
	}
	return out
}

func benchmarkService(b *testing.B, piece int, bodies [][]byte) {
	s := New(Defaults())
	var size int64
	for _, text := range bodies {
		size += int64(len(text))
	}
	b.SetBytes(size / int64(len(bodies)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		text := bodies[i%len(bodies)]
		i++
		s.Reset(JSON)
		for at := 0; at < len(text); at += piece {
			s.Scan(text[at:min(at+piece, len(text))])
		}
		s.Close(true)
	}
}

func serviceBundles() [][]byte {
	return many(40, func(r *rand.Rand, i int) []byte { return serviceBundle(r, i, 50_000+r.IntN(150_000)) })
}

func BenchmarkService_Bundle(b *testing.B)         { benchmarkService(b, 1<<20, serviceBundles()) }
func BenchmarkService_BundleSegments(b *testing.B) { benchmarkService(b, 1448, serviceBundles()) }

func BenchmarkService_Patient(b *testing.B) {
	benchmarkService(b, 1448, many(1000, func(r *rand.Rand, i int) []byte {
		out, _ := json.Marshal(servicePatient(r, i, r.IntN(3000)-300))
		return out
	}))
}

func BenchmarkService_SmallBundle(b *testing.B) {
	benchmarkService(b, 1448, many(500, func(r *rand.Rand, i int) []byte { return serviceBundle(r, i, 500+r.IntN(5000)) }))
}

func BenchmarkService_Observation(b *testing.B) {
	benchmarkService(b, 1448, many(500, func(r *rand.Rand, i int) []byte {
		out, _ := json.Marshal(serviceObservation(r, i))
		return out
	}))
}

// BenchmarkService_Read is the bare read of the same memory, a word at a time.
func BenchmarkService_Read(b *testing.B) {
	bodies := serviceBundles()
	var size int64
	for _, text := range bodies {
		size += int64(len(text))
	}
	b.SetBytes(size / int64(len(bodies)))
	var sum uint64
	i := 0
	for b.Loop() {
		text := bodies[i%len(bodies)]
		i++
		for at := 0; at+8 <= len(text); at += 8 {
			sum ^= word(text[at:])
		}
	}
	if sum == 1 {
		b.Fatal(sum)
	}
}
