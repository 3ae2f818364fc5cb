package phi

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

// split cuts key at camel and other borders into lower-case tokens, appended to dst; flat is all of them joined.
// A digit run belongs to the token before it: icd10, line1.
func split(dst [][]byte, flat []byte, key []byte) ([][]byte, []byte) {
	start := 0
	for i, c := range key {
		if !isLetter(c) && !isDigit(c) {
			if len(flat) > start {
				dst = append(dst, flat[start:])
			}
			start = len(flat)
			continue
		}
		if isUpper(c) && len(flat) > start {
			lower := i > 0 && (!isUpper(key[i-1]))
			ends := i+1 < len(key) && key[i+1]-'a' < 26 && isUpper(key[i-1]) && !(key[i+1] == 's' && i+2 == len(key))
			if lower || ends {
				dst = append(dst, flat[start:])
				start = len(flat)
			}
		}
		if isUpper(c) {
			c |= 0x20
		}
		flat = append(flat, c)
	}
	if len(flat) > start {
		dst = append(dst, flat[start:])
	}
	return dst, flat
}

// classify is what key says of its value. It is a pure function.
func classify(key []byte) keyInfo {
	if len(key) == 0 || len(key) > maxKey {
		return keyInfo{}
	}
	if k, ok := exact(key); ok {
		return k
	}
	var flatBuf [maxKey]byte
	var tokenBuf [maxKey][]byte
	tokens, flat := split(tokenBuf[:0], flatBuf[:0], key)
	if len(tokens) == 0 {
		return keyInfo{}
	}
	if k, ok := whole(flat); ok {
		return k
	}
	return byTokens(tokens)
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
