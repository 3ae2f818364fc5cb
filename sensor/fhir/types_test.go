package fhir

import (
	"encoding/json"
	"slices"
	"testing"

	"auscult/internal/shared"
)

func TestLookup_Success(t *testing.T) {
	for i := range resources {
		name := Type(i).Name()
		if got := LookupString(name); got != Type(i) {
			t.Errorf("LookupString(%q) = %d, want %d", name, got, i)
		}
		if got := Lookup([]byte(name)); got != Type(i) {
			t.Errorf("Lookup(%q) = %d, want %d", name, got, i)
		}
	}
}

func TestLookup_Failure(t *testing.T) {
	for _, name := range []string{"", "a", "Pat", "patient", "Patients", "PATIENT", "Observatio", "metadata", "Flag ",
		"MedicinalProductUndesirableEffects"} {
		if got := LookupString(name); got != 0 {
			t.Errorf("LookupString(%q) = %d, want none", name, got)
		}
	}
	if got := Type(255).Name(); got != "" {
		t.Errorf("Type(255) is called %q", got)
	}
}

func TestTraits(t *testing.T) {
	f := func(name string, compartment, anonymous bool, params ...string) {
		t.Helper()
		typ := LookupString(name)
		if typ == 0 {
			t.Fatalf("%s is unknown", name)
		}
		if typ.Compartment() != compartment || typ.Anonymous() != anonymous {
			t.Errorf("%s: compartment %v, anonymous %v", name, typ.Compartment(), typ.Anonymous())
		}
		if !slices.Equal(typ.PatientParams(), params) {
			t.Errorf("%s: params %q, want %q", name, typ.PatientParams(), params)
		}
	}
	f("Patient", true, false, "link")
	f("Observation", true, false, "patient", "subject", "performer", "focus")
	f("Coverage", true, false, "patient", "beneficiary", "payor", "policy-holder", "subscriber")
	f("Binary", true, false)
	f("Bundle", true, false)
	f("Task", true, false, "patient", "subject", "based-on", "focus", "owner", "requester")
	f("Practitioner", false, false)
	f("Organization", false, false)
	f("ValueSet", false, true)
	f("CapabilityStatement", false, true)
}

// TestAgainstStandard holds the literal tables against the published ones.
func TestAgainstStandard(t *testing.T) {
	var doc struct {
		Resources []struct {
			Type        string
			Compartment bool     `json:"patient_compartment"`
			Params      []string `json:"compartment_params"`
		}
	}
	if err := json.Unmarshal(shared.Bytes(t, "standards/fhir", "resource-types-4.0.1.json"), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Resources) != len(resources)-1 {
		t.Errorf("%d types, the standard has %d", len(resources)-1, len(doc.Resources))
	}
	for _, r := range doc.Resources {
		typ := LookupString(r.Type)
		if typ == 0 {
			t.Errorf("%s is missing", r.Type)
		}
		if r.Compartment && !typ.Compartment() {
			t.Errorf("%s is in the patient compartment", r.Type)
		}
		if typ.Compartment() && typ.Anonymous() {
			t.Errorf("%s is both a patient's and nobody's", r.Type)
		}
	}
}

func TestLookup_Allocs(t *testing.T) {
	name := []byte("MedicationRequest")
	if n := testing.AllocsPerRun(100, func() { Lookup(name) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLookup(b *testing.B) {
	name := []byte("MedicationRequest")
	for b.Loop() {
		Lookup(name)
	}
}
