// Package phi says which classes of health and identity data a body holds, how many people's, and which
// identifiers it carries. It reads a body as it passes, in any cut, keeps none of it but bounded identifiers and, to
// know records like them again, the text of a few, and never allocates in the steady state.
package phi

// Class is a set of classes of data; each is a bit.
type Class uint32

// Classes of data. The order is the order in which they are listed.
const (
	Name Class = 1 << iota
	BirthDate
	Address
	Phone
	Email
	MRN
	SSN
	Aadhaar
	ABHA
	PAN
	MBI
	NPI
	Insurance
	Diagnosis   // ICD-10, SNOMED CT, FHIR Condition
	Observation // LOINC, results, vital signs
	Medication
	Procedure
	Allergy
	Immunization
	Encounter
	Imaging
	Sensitive // HIV, psychiatry, substance use, reproductive health (detection plan section 3)
	Genetic
	Photo
	Credential // password hashes, secrets, tokens
	Financial
	NumClasses = iota
)

// Kind is how an identifier names something.
type Kind uint8

// Kinds of identifier.
const (
	Resource Kind = iota // the logical id of a record: FHIR type and id, or a JSON "id"
	Patient              // names a patient: Patient.id, patientId, a Patient reference
	Business             // a business identifier of a patient: MRN, ABHA number, …
)

// ID is one identifier found in a body. Value and Type are borrowed from the Report.
type ID struct {
	Kind  Kind
	Type  string // "Patient", "Observation", "mrn", or the key it stood under
	Value []byte
}

// Report is what a scan found. It belongs to its Scanner and is valid until the Scanner is reset.
type Report struct {
	Classes   Class
	Codes     Class // clinical classes whose codes stand with nobody in the body: health data only if the request named a patient
	People    int   // distinct patients
	Records   int   // resources, rows, entries: the body's units of record
	Entries   int   // FHIR Bundle entries or items of the outermost list
	Total     int64 // FHIR Bundle.total; -1 when absent
	Bytes     int64 // bytes of the body, past the scan limit too
	IDs       []ID  // in the order found, distinct, at most the limit
	Told      int   // of IDs, from the front: given by an earlier Drain
	MoreIDs   int   // distinct identifiers past the limit
	Form      Form
	Again     bool // the bounds on who is told apart were reached while it ran: People may count someone twice
	Truncated bool // the scan limit was reached or the body ended inside a value

	scanner *Scanner // whose it is; nil of one that is kept
	props   []Prop   // of one that is kept
}

// Form is the syntax a body turned out to have.
type Form uint8

// Forms.
const (
	Unknown Form = iota
	JSON
	NDJSON
	XML
	URLEncoded
	Multipart
	Text
	HL7v2
	Binary
	CSV
	EventStream // text/event-stream: the data of each event is a text of its own
	Messages    // texts of their own, each after a record mark (RFC 7464): JSON text sequences, WebSocket messages
)
