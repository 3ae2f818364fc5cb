package phi

import (
	"bytes"

	"auscult/sensor/fhir"
)

// typeClasses are the classes that a resource of a type has by itself (FHIR R4). Clinical documents count with the
// encounters they tell of.
func typeClasses(t string) Class {
	switch t {
	case "Condition", "ClinicalImpression", "DetectedIssue", "FamilyMemberHistory", "RiskAssessment":
		return Diagnosis
	case "Observation", "DiagnosticReport", "QuestionnaireResponse", "Specimen", "VisionPrescription":
		return Observation
	case "MedicationRequest", "MedicationStatement", "MedicationDispense", "MedicationAdministration":
		return Medication
	case "Procedure", "ServiceRequest", "DeviceUseStatement":
		return Procedure
	case "AllergyIntolerance", "AdverseEvent":
		return Allergy
	case "Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation":
		return Immunization
	case "Encounter", "EpisodeOfCare", "Appointment", "AppointmentResponse", "CarePlan", "CareTeam", "Composition",
		"DocumentReference", "DocumentManifest":
		return Encounter
	case "ImagingStudy", "Media":
		return Imaging
	case "MolecularSequence":
		return Genetic
	case "Coverage", "CoverageEligibilityRequest", "CoverageEligibilityResponse", "EnrollmentRequest":
		return Insurance
	case "Claim", "ClaimResponse", "ExplanationOfBenefit":
		return Insurance | Financial
	case "Account", "Invoice", "ChargeItem":
		return Financial
	}
	return 0
}

// closeResource settles a FHIR resource.
func (s *Scanner) closeResource(f *frame) {
	t := f.kind.Name()
	c := f.strong
	contained := f.key.role == containedKey
	record := !contained
	switch t {
	case "Bundle":
		s.closeBundle(f)
		c, record = c&Credential, false
	case "Parameters", "OperationOutcome":
		record = false
	case "Patient":
		c |= f.weak
		s.closePatient(f, contained)
	case "Person", "RelatedPerson":
		c |= f.weak
	default:
		switch {
		case f.anonymous:
			c = 0
		case f.kind.Compartment():
			c = c&^(clinical&^Sensitive) | typeClasses(t)
			if f.number.n > 0 {
				s.personKept(f.number, f.numberType, false)
			}
		default:
			c &= NPI | Credential
		}
	}
	s.sure |= c
	if record {
		s.records++
	}
	if !contained && t != "Patient" && f.own.n > 0 && t != "Bundle" && t != "OperationOutcome" {
		s.emitKept(Resource, t, f.own)
	}
}

// closePatient counts a Patient by its id, else by its number. One without either counts only if nobody else in
// the body does, and so does a contained one: its id means nothing outside.
func (s *Scanner) closePatient(f *frame, contained bool) {
	switch {
	case f.own.n > 0 && !contained:
		s.personKept(f.own, "Patient", true)
		s.emitKept(Patient, "Patient", f.own)
	case f.number.n > 0:
		s.personKept(f.number, f.numberType, true)
	default:
		s.nameless++
	}
}

func (s *Scanner) closeBundle(f *frame) {
	s.unlearn()
	if s.bundled && s.depth > s.bundleDepth {
		return
	}
	if !s.bundled || s.depth < s.bundleDepth {
		s.entries = 0
	}
	s.bundled, s.bundleDepth = true, s.depth
	s.entries += int(f.entries)
	s.total = f.total
}

// reference is a FHIR reference in f.
func (s *Scanner) reference(f *frame, v []byte) {
	if f.anonymous {
		s.rules(whatever)
		return
	}
	t, id := parseReference(v)
	about := f.key.role == subjectKey || f.key.role == patientKey
	s.refers(t, about)
	if t == 0 {
		if about && bytes.HasPrefix(v, urn) {
			s.unlearn()
			if added, _ := s.people.add(digest(v, seed("urn"))); added {
				s.urns++
			}
		}
		return
	}
	if t.Name() == "Patient" {
		s.person(id, "Patient", false)
		s.emit(Patient, "Patient", id)
		return
	}
	s.emit(Resource, t.Name(), id)
}

// parseReference takes Type/id apart, relative or at the end of a URL, with or without a version; 0 if v is none.
func parseReference(v []byte) (fhir.Type, []byte) {
	if i := bytes.IndexByte(v, '?'); i >= 0 {
		v = v[:i]
	}
	if i := bytes.Index(v, []byte("/_history")); i >= 0 {
		v = v[:i]
	}
	slash := bytes.LastIndexByte(v, '/')
	if slash < 1 {
		return 0, nil
	}
	id, rest := v[slash+1:], v[:slash]
	if len(id) == 0 || len(id) > 64 {
		return 0, nil
	}
	for _, c := range id {
		if !isLetter(c) && !isDigit(c) && c != '-' && c != '.' && c != '_' {
			return 0, nil
		}
	}
	return fhir.Lookup(rest[bytes.LastIndexByte(rest, '/')+1:]), id
}

// namespace is what a FHIR system says of the value beside it.
type namespace uint8

const (
	noSystem namespace = iota
	phoneSystem
	emailSystem
	icdSystem
	loincSystem
	snomedSystem
	rxnormSystem
	cvxSystem
	ssnSystem
	npiSystem
	mbiSystem
	aadhaarSystem
	abhaSystem
	panSystem
)

func namespaceOf(v []byte) namespace {
	switch string(v) {
	case "phone", "sms", "fax", "pager":
		return phoneSystem
	case "email":
		return emailSystem
	case "http://loinc.org":
		return loincSystem
	case "http://snomed.info/sct":
		return snomedSystem
	case "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/ndc":
		return rxnormSystem
	case "http://hl7.org/fhir/sid/cvx":
		return cvxSystem
	case "http://hl7.org/fhir/sid/us-ssn", "urn:oid:2.16.840.1.113883.4.1":
		return ssnSystem
	case "http://hl7.org/fhir/sid/us-npi", "urn:oid:2.16.840.1.113883.4.6":
		return npiSystem
	case "http://hl7.org/fhir/sid/us-mbi":
		return mbiSystem
	}
	if len(v) < 8 || bytes.HasPrefix(v, []byte("http://terminology.hl7.org/")) {
		return noSystem
	}
	for _, w := range namespaceWords {
		if bytes.Contains(v, []byte(w.word)) {
			return w.is
		}
	}
	return noSystem
}

var namespaceWords = [...]struct {
	word string
	is   namespace
}{{"/icd-10", icdSystem}, {"/icd10", icdSystem}, {"2.16.840.1.113883.6.90", icdSystem}, {"uidai", aadhaarSystem},
	{"aadhaar", aadhaarSystem}, {"healthid", abhaSystem}, {"abdm.gov.in", abhaSystem}, {"ndhm.gov.in", abhaSystem},
	{"incometax", panSystem}}

// coding is a code under its system in f: it may say what kind of identifier it stands in.
func (s *Scanner) coding(p, f *frame) Class {
	if f.system == icdSystem || f.key.role == securityKey {
		s.pin(f.codeFrom)
	}
	switch f.system {
	case icdSystem:
		var buf [8]byte
		n := 0
		for shift := 56; shift >= 0; shift -= 8 {
			if c := byte(f.code >> shift); c != 0 {
				buf[n] = c
				n++
			}
		}
		if isSensitive(buf[:n]) {
			return Diagnosis | Sensitive
		}
		return Diagnosis
	case snomedSystem:
		return Diagnosis
	case loincSystem:
		return Observation
	case rxnormSystem:
		return Medication
	case cvxSystem:
		return Immunization
	}
	if f.key.role == securityKey {
		return sensitivity(f.code)
	}
	for d := s.depth; d > 0 && d > s.depth-4; d-- {
		if o := &s.frames[d]; o.key.role == identifierKey && !o.array {
			if o.code == 0 {
				o.code = f.code
			}
			s.pin(f.codeFrom)
			break
		}
	}
	return 0
}

// sensitivity is what a security label says (HL7 v3 ActCode, InformationSensitivityPolicy).
func sensitivity(code uint64) Class {
	switch code {
	case pack("HIV"), pack("PSY"), pack("PSYTHPN"), pack("SUD"), pack("ETH"), pack("ETHUD"), pack("SEX"),
		pack("SDV"), pack("STD"), pack("BH"), pack("MH"), pack("OPIOIDUD"), pack("SUICIDE"):
		return Sensitive
	}
	return 0
}

// identifier is a FHIR identifier that ends, in a resource or a logical reference.
func (s *Scanner) identifier(p, f *frame) Class {
	v := s.kept(f.val)
	if len(v) == 0 || f.anonymous {
		return 0
	}
	owner := p
	if p.array && s.depth > 0 {
		owner = &s.frames[s.depth-1]
	}
	t := owner.kind.Name()
	about := owner.key.role == patientKey || owner.key.role == subjectKey
	human := t == "Patient" || t == "Person" || t == "RelatedPerson" || about || t == "" && !owner.fhir
	untyped := t == "Patient" || about
	c, ok := identifierClass(f.system, f.code, v, untyped)
	s.identified(f, untyped, ok)
	switch {
	case !ok:
		return 0
	case !human:
		return c & NPI
	case c&(MRN|SSN|Aadhaar|ABHA|MBI) == 0 || t == "Person" || t == "RelatedPerson":
		return c
	}
	// A record number is the better name for somebody who is also known by a national one.
	if p.number.n == 0 || c == MRN && p.numberType != "mrn" {
		p.number, p.numberType = f.val, numberType(c)
	}
	s.emitKept(Business, numberType(c), f.val)
	return c
}

// identifierClass judges a value by its system, else by the code of its type (HL7 table 0203). Untyped is whether
// one without either is a record number.
func identifierClass(system namespace, code uint64, v []byte, untyped bool) (Class, bool) {
	switch system {
	case ssnSystem:
		return SSN, isSSN(v, false)
	case npiSystem:
		return NPI, isNPI(v)
	case mbiSystem:
		return MBI, isMBI(v)
	case aadhaarSystem:
		return Aadhaar, isAadhaar(v)
	case abhaSystem:
		return ABHA, isABHA(v)
	case panSystem:
		return PAN, isPAN(v)
	}
	switch code {
	case pack("MR"), pack("MRN"), pack("PI"), pack("PT"):
		return MRN, isMark(v)
	case pack("SS"), pack("SB"):
		return SSN, isSSN(v, false)
	case pack("NPI"):
		return NPI, isNPI(v)
	case pack("MC"):
		return MBI, isMBI(v)
	case pack("SN"), pack("MB"), pack("NIIP"):
		return Insurance, true
	case 0:
		return MRN, untyped && isMark(v)
	}
	return 0, false
}
