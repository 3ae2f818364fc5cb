package phi

import "bytes"

// role is what a key means to the reader of records, beside the class of its value.
type role uint8

const (
	plainRole     role = iota
	resourceType       // FHIR resourceType
	ownID              // id, _id, uuid: the logical id of the object it stands in
	referenceKey       // FHIR reference: Type/id
	totalKey           // Bundle.total
	systemKey          // the namespace of an identifier, a code or a telecom
	valueKey           // Identifier.value, ContactPoint.value
	codeKey            // Coding.code
	codingKey          // CodeableConcept.coding
	urlKey             // Bundle.entry.request.url
	locationKey        // Bundle.entry.response.location
	entryKey           // Bundle.entry
	requestKey         // Bundle.entry.request
	responseKey        // Bundle.entry.response
	containedKey       // DomainResource.contained
	identifierKey      // FHIR identifier
	telecomKey         // FHIR telecom
	nameKey            // a HumanName or a name object
	addressKey         // an Address
	patientKey         // the patient, or a list of them
	subjectKey         // what a FHIR resource is about
	securityKey        // meta.security
	wrapperKey         // data, result, items: what is inside is the record, not a part of one
	inheritKey         // DICOM Value, Alphabetic: means what the container's key means
	partKey            // an object that is part of the one it stands in
	documentKey        // a GraphQL document
	rpcKey             // JSON-RPC: the id beside it is of the exchange
)

// idRole is what an identifier under a key names.
type idRole uint8

const (
	noID       idRole = iota
	patientID         // the logical id of a patient
	businessID        // a number given to a patient
	recordID          // some other record
)

// Traits of a key.
const (
	weak   uint8 = 1 << iota // the class counts only in a record of a person
	noise                    // never looked into inside FHIR
	staff                    // what is inside is of someone who is not a patient
	prefix                   // patientName, patient_dob: the object is not itself the patient
	leaf                     // the class needs a value, not just something inside
	person                   // sex, gender: what records of persons have
	grants                   // the value lets somebody do or have something
)

// keyInfo is what a key says of its value.
type keyInfo struct {
	class  Class
	role   role
	check  check
	id     idRole
	traits uint8
}

const maxKey = 64

// tokens are the words of a key in lower case: flat is all of them joined, ends where each ends in it.
type tokens struct {
	flat [maxKey]byte
	ends [maxKey]uint8
	size int
	n    int
}

// split cuts key, of at most maxKey bytes, at camel and other borders. A digit run belongs to the token before it:
// icd10, line1.
func (t *tokens) split(key []byte) {
	start := 0
	for i, c := range key {
		if !isLetter(c) && !isDigit(c) {
			start = t.end(start)
			continue
		}
		if isUpper(c) {
			if i > 0 && t.size > start {
				lower := !isUpper(key[i-1])
				ends := i+1 < len(key) && key[i+1]-'a' < 26 && isUpper(key[i-1]) && !(key[i+1] == 's' && i+2 == len(key))
				if lower || ends {
					start = t.end(start)
				}
			}
			c |= 0x20
		}
		t.flat[t.size] = c
		t.size++
	}
	t.end(start)
}

// end ends the token that began at start, if there is any, and returns where the next begins.
func (t *tokens) end(start int) int {
	if t.size > start {
		t.ends[t.n] = uint8(t.size)
		t.n++
	}
	return t.size
}

// word is the i-th token.
func (t *tokens) word(i int) []byte {
	start := uint8(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.flat[start:t.ends[i]]
}

// unglue cuts a key written without borders, patientssn or drugname, after its first or before its last word, if that
// is one that many keys have.
func (t *tokens) unglue() bool {
	flat := t.flat[:t.size]
	at := 0
	if rest, ok := bytes.CutPrefix(flat, []byte("patient")); ok {
		at = t.size - len(rest)
	}
	for _, w := range [...]string{"number", "date", "name", "code", "diagnosis", "allergies", "allergy", "medications", "vaccine", "npi",
		"no", "id"} {
		if at == 0 && bytes.HasSuffix(flat, []byte(w)) {
			at = t.size - len(w)
		}
	}
	if at < 2 || at == t.size {
		return false
	}
	t.ends[0], t.ends[1], t.n = uint8(at), uint8(t.size), 2
	return true
}

// classify is what key says of its value. It is a pure function.
func classify(key []byte) keyInfo {
	if len(key) == 0 || len(key) > maxKey {
		return keyInfo{}
	}
	var t tokens
	t.split(key)
	k, ok := exact(key)
	if !ok && t.n > 0 {
		if k, ok = whole(t.flat[:t.size]); !ok {
			k = byTokens(&t)
		}
		if !ok && t.n == 1 && k == (keyInfo{}) && t.unglue() {
			if k = byTokens(&t); k.class == 0 {
				k = keyInfo{} // "paid" is no "pa id"
			}
		}
	}
	if grantWord(t.flat[:t.size]) {
		k.traits |= grants
	}
	return k
}

// PatientKey is whether an argument or field called key names a patient: patientId, patient, subject, mrn, uhid, …
func PatientKey(key []byte) bool {
	k := classify(key)
	return k.id == patientID || k.id == businessID && k.class&(MRN|ABHA|Aadhaar|MBI|SSN) != 0 || k.role == patientKey ||
		k.role == subjectKey
}

// IdentifierKey is whether an argument or field called key identifies some record: id, encounterId, order_no,
// uuid, accession, …
func IdentifierKey(key []byte) bool {
	k := classify(key)
	return k.id != noID || k.role == ownID || k.role == identifierKey || k.role == patientKey || k.role == subjectKey
}

// KeyClass is the class that a value under key has when it looks as that class does; 0 for none.
func KeyClass(key []byte) Class { return classify(key).class }
