package phi

import (
	"slices"
	"strings"
	"testing"
)

func TestKeys(t *testing.T) {
	f := func(keys string, patient, identifier bool) {
		t.Helper()
		for _, k := range strings.Fields(keys) {
			if got := PatientKey([]byte(k)); got != patient {
				t.Errorf("PatientKey(%q) = %v", k, got)
			}
			if got := IdentifierKey([]byte(k)); got != identifier {
				t.Errorf("IdentifierKey(%q) = %v", k, got)
			}
		}
	}
	f("patientId patient_id patientID PatientId patient-id patientid patient patients subject beneficiary mrn MRN uhid "+
		"patientNo patientNumber medicalRecordNumber patientMRN abha_number aadhaarNumber ssn patient[id]", true, true)
	f("id _id uuid encounterId encounter_id orderNo order_number accession accessionNumber labId identifier "+
		"doctorId studyInstanceUID", false, true)
	f("name page pageNumber page_no _count limit sort company expansion width valid status date birthdate "+
		"requestId sessionId patientName category", false, false)
}

func TestKeyClass(t *testing.T) {
	f := func(want Class, keys string) {
		t.Helper()
		for _, k := range strings.Fields(keys) {
			if got := KeyClass([]byte(k)); got != want {
				t.Errorf("KeyClass(%q) = %v, want %v", k, got.Names(), want.Names())
			}
		}
	}
	f(SSN, "ssn SSN patientSSN ssn_number socialSecurityNumber")
	f(BirthDate, "dob DOB birthDate date_of_birth patientDOB")
	f(Phone, "phone mobileNumber contact_phone phone1")
	f(Aadhaar, "aadhaar aadhaar_no AadhaarNumber")
	f(PAN, "pan panNumber pan_card")
	f(Diagnosis, "diagnosis icd10 icd_code primaryDiagnosis")
	f(Medication, "medications prescription drugName")
	f(Credential, "password passwordHash access_token client_secret apiKey portalPasswordHash portal_password PORTAL_PWD_SALT app-secret "+
		"portalAccessToken userPinHash")
	f(0, "hasPassword forgotPassword is_secret secretary nextPageToken syncToken tokenType fileHash commitDigest passwordChangedAt pin_hashtag")
	f(Name, "firstName last_name patientName name")
	f(0, "expansion_id company panel span hostname fileName classname ward_name mac_address token total")
	if got := KeyClass([]byte(strings.Repeat("ssn_", 100))); got != 0 {
		t.Errorf("an endless key is %v", got.Names())
	}
}

// The memo says what classify says, whatever it was asked before.
func TestMemo(t *testing.T) {
	var m memo
	var keys []string
	for _, a := range []string{"patient", "order", "x", "birth", "mobile", "", "resource"} {
		for _, b := range []string{"Id", "_no", "Date", "Type", "", "Name", "Phone", "VeryLongSuffixThatIsPastTheMemo"} {
			for _, c := range []string{"", "1", "2", "3", "4", "5", "6"} {
				keys = append(keys, a+b+c)
			}
		}
	}
	for range 3 {
		for _, k := range keys {
			if got := m.classify([]byte(k)).info; got != classify([]byte(k)) {
				t.Errorf("%q: %+v, want %+v", k, got, classify([]byte(k)))
			}
		}
		slices.Reverse(keys)
	}
}

func TestClass_Names(t *testing.T) {
	if got := (Name | BirthDate | Financial | MRN).Names(); !slices.Equal(got, []string{"name", "birth_date", "mrn", "financial"}) {
		t.Error(got)
	}
	if got := Class(1<<NumClasses - 1).Names(); len(got) != NumClasses || slices.Contains(got, "") {
		t.Error(got)
	}
	if got := Class(0).Names(); got != nil {
		t.Error(got)
	}
}
