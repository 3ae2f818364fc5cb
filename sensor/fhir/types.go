package fhir

// Type is a resource type of FHIR R4; 0 is none.
type Type uint8

type traits uint8

const (
	compartment traits = 1 << iota
	anonymous
)

type resource struct {
	name   string
	traits traits
	params []string
}

const (
	shortest = 4
	longest  = 33
	spread   = 0xd79208ce6a9edb3d
)

// Lookup is the Type called name, or 0.
func Lookup(name []byte) Type { return lookup(name) }

// LookupString is the Type called name, or 0.
func LookupString(name string) Type { return lookup(name) }

func lookup[S []byte | string](name S) Type {
	n := len(name)
	if n < shortest || n > longest {
		return 0
	}
	t := slots[slot(name)]
	if resources[t].name != string(name) {
		return 0
	}
	return t
}

// slot needs a name of three bytes or more. The bytes it mixes tell all names of R4 apart.
func slot[S []byte | string](b S) uint64 {
	n := len(b)
	k := uint64(n) | uint64(b[0])<<8 | uint64(b[n/2])<<16 | uint64(b[n-1])<<24 | uint64(b[n-3])<<32 |
		uint64(b[n/3])<<40 | uint64(b[n*2/3])<<48
	return k * spread >> 54
}

// Name is the name of t as it stands in resourceType; empty for 0.
func (t Type) Name() string { return t.row().name }

// Compartment is whether resources of t are about a patient: they are in the patient compartment
// (CompartmentDefinition/patient), or outside it but made to carry a patient's data.
func (t Type) Compartment() bool { return t.row().traits&compartment != 0 }

// Anonymous is whether resources of t are definitions, terminology or conformance: never about a person
// (http://hl7.org/fhir/R4/security.html, "anonymous read access").
func (t Type) Anonymous() bool { return t.row().traits&anonymous != 0 }

// PatientParams are the search parameters of t that may name a patient, surest first: "patient", "subject", then
// the others of the compartment, then the rest. Only "patient" takes a Patient alone: a bare id under another may
// be a Group's, a Practitioner's or any resource's. The slice is shared and must not be changed.
func (t Type) PatientParams() []string { return t.row().params }

func (t Type) row() *resource {
	if int(t) >= len(resources) {
		t = 0
	}
	return &resources[t]
}
