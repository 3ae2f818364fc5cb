package call

import (
	"bytes"

	"auscult/sensor/fhir"
	"auscult/sensor/phi"
)

// space of names that an identifier is compared in.
type nameSpace uint8

const (
	nobody   nameSpace = iota // not an identifier
	patient                   // the logical id of a patient, whatever the API calls it
	business                  // a number that names a patient: MRN, ABHA, SSN, identifier
	record                    // an id of anything else, compared within its type
	generic                   // "id", "uuid": of whatever the path speaks of
)

// Type names that no request spells out.
var (
	typePatient   = []byte("Patient")
	typeStudy     = []byte("Study")
	typeSeries    = []byte("Series")
	typeInstance  = []byte("Instance")
	typeFrame     = []byte("Frame")
	typeAccession = []byte("AccessionNumber")
	typePatientID = []byte("PatientID")
	typeABHA      = []byte("abha")

	typeTransaction = []byte("transaction")
)

// canonical writes the type that a word stands for into dst: lower case, letters and digits only, without id,
// uid, uuid or plural s at its end, cut at 48 bytes: patientId, patient_ids and Patients are all patient.
func canonical(dst *[48]byte, word []byte) []byte {
	n := 0
	for _, c := range word {
		if n == len(dst) {
			break
		}
		if letter(c) {
			dst[n] = c | 0x20
			n++
		} else if digit(c) {
			dst[n] = c
			n++
		}
	}
	b := dst[:n]
	if len(b) > 5 && bytes.HasSuffix(b, []byte("ids")) {
		b = b[:len(b)-1]
	}
	if len(b) > 1 && b[len(b)-1] == 'd' {
		for _, suffix := range [...]string{"uuid", "guid", "uid", "id"} {
			if bytes.HasSuffix(b, []byte(suffix)) && (len(b) == len(suffix) || len(b)-len(suffix) > 1) {
				b = b[:len(b)-len(suffix)]
				break
			}
		}
	}
	if len(b) > 3 && b[len(b)-1] == 's' && b[len(b)-2] != 's' {
		b = b[:len(b)-1]
	}
	return b
}

// wordSpace is the name space of a word of a path.
func wordSpace(word []byte) nameSpace {
	var buf [48]byte
	switch string(canonical(&buf, word)) {
	case "", "ids", "uids", "uuids":
		return generic
	case "patient", "subject", "beneficiary", "member", "person", "enrollee", "individual", "pat":
		return patient
	case "mrn", "uhid", "abha", "abhanumber", "abhaaddress", "healthnumber", "ssn", "aadhaar", "aadhar",
		"nhsnumber", "medicalrecordnumber", "patientidentifier", "identifier", "patientmrn", "mbi", "sourceidentifier":
		return business
	}
	return record
}

// spaceOf is the name space of a key of a query or a body, which come in more spellings.
func spaceOf(word []byte) nameSpace {
	if s := wordSpace(word); s != record {
		return s
	}
	switch {
	case !phi.PatientKey(word):
		return record
	case phi.KeyClass(word)&(phi.MRN|phi.ABHA|phi.Aadhaar|phi.MBI|phi.SSN) != 0:
		return business
	}
	return patient
}

// abha is whether v is an ABHA number as it is printed (91-2345-6789-0123) or an ABHA address (name@abdm, or of the
// sandbox or the old domain): they name a patient wherever they stand.
func abha(v []byte) bool {
	if i := bytes.LastIndexByte(v, '@'); i > 0 {
		switch string(v[i+1:]) {
		case "abdm", "sbx", "ndhm":
			return bytes.IndexByte(v, ' ') < 0
		}
		return false
	}
	if len(v) != 17 || v[2] != '-' || v[7] != '-' || v[12] != '-' {
		return false
	}
	for i, c := range v {
		if !digit(c) && i != 2 && i != 7 && i != 12 {
			return false
		}
	}
	return true
}

// namesPatient is whether what follows a word in a path names a patient.
func namesPatient(word []byte) bool {
	s := wordSpace(word)
	return s == patient || s == business
}

// reference reads a FHIR reference (section 2.3.0): Patient/123, an absolute URL, or one with a version. The
// slices are parts of value.
func reference(value []byte) (typ, id []byte, ok bool) {
	slash := bytes.LastIndexByte(value, '/')
	if slash <= 0 { // nor is it where a version is cut off
		return nil, nil, false
	}
	if i := bytes.Index(value, []byte("/_history/")); i >= 0 {
		value = value[:i]
		slash = bytes.LastIndexByte(value, '/')
	}
	if slash <= 0 || slash == len(value)-1 {
		return nil, nil, false
	}
	typ, id = value[:slash], value[slash+1:]
	if i := bytes.LastIndexByte(typ, '/'); i >= 0 {
		typ = typ[i+1:]
	}
	return typ, id, fhir.Lookup(typ) != 0
}

// typeHash is the hash of the type that a word stands for, the same for visits, Visit and visitId.
func typeHash(word []byte) uint64 {
	var buf [48]byte
	return hash(seedRecord, canonical(&buf, word))
}
