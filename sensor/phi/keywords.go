package phi

// exact knows the keys of FHIR, DICOM JSON and common envelopes as they are spelled.
func exact(key []byte) (keyInfo, bool) {
	if len(key) == 8 && isDigit(key[0]) {
		return tag(key)
	}
	switch string(key) {
	case "resourceType":
		return keyInfo{role: resourceType}, true
	case "query":
		return keyInfo{role: documentKey}, true
	case "jsonrpc":
		return keyInfo{role: rpcKey}, true
	case "id", "_id", "uuid", "Id", "ID", "uid", "guid":
		return keyInfo{role: ownID}, true
	case "reference":
		return keyInfo{role: referenceKey}, true
	case "total":
		return keyInfo{role: totalKey}, true
	case "system":
		return keyInfo{role: systemKey}, true
	case "value":
		return keyInfo{role: valueKey}, true
	case "code":
		return keyInfo{role: codeKey}, true
	case "coding":
		return keyInfo{role: codingKey}, true
	case "url":
		return keyInfo{role: urlKey}, true
	case "location":
		return keyInfo{role: locationKey}, true
	case "entry":
		return keyInfo{role: entryKey}, true
	case "request":
		return keyInfo{role: requestKey}, true
	case "response":
		return keyInfo{role: responseKey}, true
	case "contained":
		return keyInfo{role: containedKey}, true
	case "identifier", "identifiers":
		return keyInfo{role: identifierKey}, true
	case "telecom":
		return keyInfo{role: telecomKey}, true
	case "type", "contact", "contacts", "demographics", "personal", "personalInfo", "personal_info", "profile":
		return keyInfo{role: partKey}, true
	case "name", "Name", "NAME":
		return keyInfo{role: nameKey, class: Name, check: words, traits: weak}, true
	case "names":
		return keyInfo{role: nameKey, class: Name, check: words, traits: weak}, true
	case "address", "addresses", "Address", "ADDRESS":
		return keyInfo{role: addressKey, class: Address, check: words, traits: weak}, true
	case "family", "given":
		return keyInfo{class: Name, check: words, traits: weak}, true
	case "patient", "patients", "Patient", "Patients":
		return keyInfo{role: patientKey, id: patientID, check: marked}, true
	case "subject", "beneficiary", "for", "individual":
		return keyInfo{role: subjectKey}, true
	case "security":
		return keyInfo{role: securityKey}, true
	case "data", "result", "results", "payload", "record", "records", "item", "items", "rows", "list", "content",
		"body", "node", "nodes", "edges", "hits", "_source", "docs", "resource", "d", "variables", "params", "input",
		"args", "arguments":
		return keyInfo{role: wrapperKey}, true
	case "Value", "Alphabetic", "Ideographic", "Phonetic":
		return keyInfo{role: inheritKey}, true
	case "gender", "sex", "Gender", "Sex", "GENDER", "SEX":
		return keyInfo{traits: person}, true
	case "photo", "photos", "portrait":
		return keyInfo{class: Photo, traits: weak}, true
	case "extension", "modifierExtension", "text", "category", "clinicalStatus", "verificationStatus",
		"communication", "maritalStatus", "search", "referenceRange", "interpretation", "valueQuantity":
		return keyInfo{traits: noise}, true
	case "practitioner", "performer", "requester", "author", "doctor", "doctors", "physician", "provider", "providers",
		"staff", "user", "users", "clinician", "nurse", "organization", "facility", "hospital", "createdBy",
		"created_by", "updatedBy", "updated_by", "practitioners", "employees", "employee", "consultant", "department",
		"generalPractitioner", "managingOrganization", "serviceProvider", "pcp", "owner":
		return keyInfo{role: partKey, traits: staff}, true
	case "link", "status", "unit", "display", "use", "fullUrl", "mode", "meta", "profile_url", "versionId",
		"lastUpdated", "issued", "source", "period", "start", "end", "active", "relation":
		return keyInfo{}, true
	}
	return keyInfo{}, false
}

// tag knows the patient's attributes in DICOM JSON (PS3.18 annex F; PS3.6) and the identifiers of what hangs below.
func tag(key []byte) (keyInfo, bool) {
	switch string(key) {
	case "00100010", "00101001":
		return keyInfo{class: Name | Imaging, check: words, traits: leaf}, true
	case "00100020":
		return keyInfo{class: MRN | Imaging, check: mark, id: patientID, traits: leaf}, true
	case "00101000":
		return keyInfo{class: MRN | Imaging, check: mark, id: businessID, traits: leaf}, true
	case "00100030":
		return keyInfo{class: BirthDate | Imaging, check: date, traits: leaf}, true
	case "00101040":
		return keyInfo{class: Address | Imaging, check: words, traits: leaf}, true
	case "00102154":
		return keyInfo{class: Phone | Imaging, check: phone, traits: leaf}, true
	case "0020000D", "0020000d", "0020000E", "0020000e", "00080018", "00080050":
		return keyInfo{class: Imaging, check: mark, id: recordID, traits: leaf}, true
	case "00104000", "00080020", "00081030":
		return keyInfo{class: Imaging, traits: leaf}, true
	case "00080090", "00080080", "00080081":
		return keyInfo{traits: staff}, true
	}
	return keyInfo{}, false
}

// whole knows keys by all their tokens joined, so that patientId, patient_id, patient-id and patientid are one.
func whole(flat []byte) (keyInfo, bool) {
	switch string(flat) {
	case "patientid", "patientno", "patientnumber", "patientnum", "patientuuid", "patientref", "patientreference",
		"patientkey", "patientcode", "patientidentifier", "patientguid", "patientuid", "ptid", "patid",
		"patientfhirid", "patientids", "patientrefid":
		return keyInfo{id: patientID, check: mark, traits: prefix}, true
	case "mrn", "mrno", "mrnumber", "uhid", "uhidno", "umrno", "crno", "hospitalno", "hospitalnumber", "hospitalid",
		"medicalrecord", "medicalrecordno", "medicalrecordnumber", "medicalrecordid", "medrecno", "nhsno", "nhsnumber",
		"chartno", "chartnumber", "healthcardnumber", "patientmrn", "uhidnumber", "mrns":
		return keyInfo{class: MRN, id: businessID, check: marked}, true
	case "dob", "dateofbirth", "birthdate", "birthday", "bornon", "birthdt", "datebirth":
		return keyInfo{class: BirthDate, check: date}, true
	case "patientdob", "patientbirthdate", "patientdateofbirth":
		return keyInfo{class: BirthDate, check: date, traits: prefix}, true
	case "firstname", "lastname", "middlename", "fullname", "givenname", "familyname", "surname", "maidenname",
		"forename", "fathername", "fathersname", "mothername", "mothersname", "spousename", "guardianname",
		"nextofkin", "legalname", "preferredname", "membername", "insuredname", "subscribername", "beneficiaryname":
		return keyInfo{class: Name, check: named, traits: leaf}, true
	case "patientname", "patientfirstname", "patientlastname", "patientfullname", "nameofpatient", "ptname", "patname":
		return keyInfo{class: Name, check: words, traits: prefix}, true
	case "fname", "lname", "mname":
		return keyInfo{class: Name, check: named, traits: weak | leaf}, true
	case "homeaddress", "streetaddress", "permanentaddress", "residentialaddress", "postaladdress", "mailingaddress",
		"patientaddress", "addressline", "addressline1", "addressline2", "currentaddress", "correspondenceaddress":
		return keyInfo{class: Address, check: words}, true
	case "street", "zip", "zipcode", "postalcode", "pincode", "city", "addr", "addr1", "addr2":
		return keyInfo{class: Address, check: anything, traits: weak}, true
	case "patientphone", "patientmobile":
		return keyInfo{class: Phone, check: phone, traits: prefix}, true
	case "contactno", "contactnumber", "contactnum", "emergencycontact", "emergencycontactno", "emergencycontactnumber",
		"alternatecontact", "phoneno", "phonenumber", "mobileno", "mobilenumber", "mobilephone", "homephone", "workphone",
		"phno", "mobno", "telno", "tel", "cellno", "cell":
		return keyInfo{class: Phone, check: phone}, true
	case "emailid", "emailaddress":
		return keyInfo{class: Email, check: email}, true
	case "ssnno", "ssnumber":
		return keyInfo{class: SSN, id: businessID, check: ssn}, true
	case "aadhaarno", "aadhaarnumber", "aadharno", "aadharnumber", "adharno", "adharnumber", "uidno":
		return keyInfo{class: Aadhaar, id: businessID, check: aadhaar}, true
	case "abhano", "abhanumber", "abhaid", "abhaaddress":
		return keyInfo{class: ABHA, id: businessID, check: abha}, true
	case "socialsecuritynumber", "socialsecurity", "socialsecurityno":
		return keyInfo{class: SSN, id: businessID, check: ssn}, true
	case "panno", "pannumber", "pancard", "pan", "pancardno", "pancardnumber":
		return keyInfo{class: PAN, check: pan}, true
	case "medicareid", "medicarenumber", "medicareno", "medicarebeneficiaryid", "medicarebeneficiaryidentifier":
		return keyInfo{class: MBI, id: businessID, check: mbi}, true
	case "healthid", "healthidnumber", "phraddress", "healthnumber":
		return keyInfo{class: ABHA, id: businessID, check: abha}, true
	case "password", "passwd", "pwd", "passwordhash", "passhash", "hashedpassword", "secret", "clientsecret",
		"apikey", "apisecret", "secretkey", "privatekey", "accesstoken", "refreshtoken", "authtoken", "idtoken",
		"sessiontoken", "bearertoken", "apitoken", "passphrase", "totpsecret", "encryptedpassword", "sessionsecret",
		"pwdhash", "hashedpwd", "passworddigest", "passwordsalt", "otp", "otpsecret", "otpcode", "mpin", "pinhash", "pincodehash", "mfasecret",
		"mfatoken", "twofactorsecret", "secrettoken", "resettoken", "passwordresettoken", "recoverycode", "recoverycodes", "backupcodes",
		"signingkey", "encryptionkey", "accesskey", "secretaccesskey", "webhooksecret", "jwtsecret", "adminpassword", "dbpassword":
		return keyInfo{class: Credential, check: secret}, true
	case "securityanswer", "secretanswer":
		return keyInfo{class: Credential, check: words}, true
	case "cvv", "cardnumber", "creditcard", "creditcardnumber", "iban", "bankaccount", "bankaccountnumber",
		"accountnumber", "ifsc", "ifsccode", "cardno":
		return keyInfo{class: Financial}, true
	case "memberid", "subscriberid", "policynumber", "policyno", "policyid", "insuranceid", "groupnumber",
		"insurancenumber", "insurance", "insurances", "payer", "tpa", "coverage", "insuranceprovider":
		// A parcel, a flight and a test of code have them too.
		return keyInfo{class: Insurance, traits: weak}, true
	case "bloodgroup", "bloodtype", "bloodpressure", "heartrate", "vitals", "vitalsigns", "labresult", "labresults",
		"testresult", "testresults", "hba1c", "spo2", "bmi", "labs", "observations",
		"pulserate", "respiratoryrate", "oxygensaturation", "bodytemperature", "bloodsugar", "bloodglucose", "systolicbp",
		"diastolicbp", "haemoglobin", "hemoglobin":
		return keyInfo{class: Observation}, true
	case "loinc", "loinccode":
		return keyInfo{class: Observation, check: loinc}, true
	case "icd", "icd10", "icdcode", "icd10code", "icd10cm", "diagnosiscode", "dxcode", "icd9", "icdcodes", "icd10codes",
		"diagnosiscodes":
		return keyInfo{class: Diagnosis, check: icd10}, true
	case "medicalhistory", "chiefcomplaint", "symptoms", "problems", "problemlist", "comorbidities", "dx":
		return keyInfo{class: Diagnosis}, true
	case "hivstatus", "mentalhealth", "substanceabuse", "substanceuse", "psychiatricnotes", "psychiatrichistory",
		"hivresult", "reproductivehealth":
		return keyInfo{class: Sensitive}, true
	case "genotype", "genomics", "genome", "geneticvariants", "geneticdata", "dnasequence", "brca1", "brca2":
		return keyInfo{class: Genetic}, true
	case "studyinstanceuid", "seriesinstanceuid", "sopinstanceuid", "accessionnumber", "accession", "accessionno":
		return keyInfo{class: Imaging, check: mark, id: recordID}, true
	case "xray", "mri", "ctscan", "radiology", "radiologyreport", "imagingstudies":
		return keyInfo{class: Imaging}, true
	case "versionid", "requestid", "traceid", "correlationid", "spanid", "transactionid", "sessionid", "clientid",
		"tenantid", "deviceid", "nextpagetoken", "csrftoken", "templateid", "formatid", "typeid":
		return keyInfo{}, true
	}
	return keyInfo{}, false
}

// byTokens knows keys by the tokens in them.
func byTokens(all *tokens) keyInfo {
	var k keyInfo
	patient, called, addressed, counts := false, false, false, false
	var t []byte
	start := uint8(0)
	for _, end := range all.ends[:all.n] {
		t = all.flat[start:end]
		start = end
		for len(t) > 1 && isDigit(t[len(t)-1]) {
			t = t[:len(t)-1]
		}
		switch string(t) {
		case "patient", "patients":
			patient = true
		case "ip", "mac", "url", "host", "server", "wallet", "web", "file", "company", "hospital", "ward", "facility",
			"doctor", "physician", "provider", "practitioner", "clinic", "department", "organization", "template",
			"count", "counts", "enabled", "required", "visible", "field", "label", "format", "valid", "verified", "is",
			"has", "show", "allow", "max", "min", "type", "shipping", "freight", "travel", "vehicle", "stored", "bytes", "packets":
			k.traits |= staff
		case "ssn":
			k = keyInfo{class: SSN, id: businessID, check: ssn, traits: k.traits}
		case "aadhaar", "aadhar", "adhaar", "adhar", "uidai":
			k = keyInfo{class: Aadhaar, id: businessID, check: aadhaar, traits: k.traits}
		case "abha":
			k = keyInfo{class: ABHA, id: businessID, check: abha, traits: k.traits}
		case "mbi":
			k = keyInfo{class: MBI, id: businessID, check: mbi, traits: k.traits}
		case "npi":
			k = keyInfo{class: NPI, check: npi, traits: k.traits}
		case "mrn", "uhid":
			k = keyInfo{class: MRN, id: businessID, check: marked, traits: k.traits}
		case "dob", "birthdate", "birth":
			k = keyInfo{class: BirthDate, check: date, traits: k.traits}
		case "phone", "mobile", "telephone", "whatsapp", "msisdn", "cellphone":
			k = keyInfo{class: Phone, check: phone, traits: k.traits}
		case "email", "mail":
			k = keyInfo{class: Email, check: email, traits: k.traits}
		case "page", "line", "row", "version", "limit", "offset":
			counts = true
		case "name":
			called = true
		case "address", "addr":
			addressed = true
		case "insurance", "insurer":
			k = keyInfo{class: Insurance, traits: k.traits | weak}
		case "diagnosis", "diagnoses":
			k = keyInfo{class: Diagnosis, traits: k.traits}
		case "observation", "observations", "vital", "vitals":
			k = keyInfo{class: Observation, traits: k.traits}
		case "medication", "medications", "medicine", "medicines", "drug", "drugs", "prescription", "prescriptions",
			"rxnorm", "dosage":
			k = keyInfo{class: Medication, traits: k.traits}
		case "rx": // as a number, what an interface received
			k = keyInfo{class: Medication, check: words, traits: k.traits}
		case "procedure", "procedures", "surgery", "surgeries", "cpt":
			k = keyInfo{class: Procedure, traits: k.traits}
		case "allergy", "allergies", "allergen", "allergens":
			k = keyInfo{class: Allergy, traits: k.traits}
		case "immunization", "immunizations", "vaccine", "vaccines", "vaccination", "vaccinations":
			k = keyInfo{class: Immunization, traits: k.traits}
		case "encounter", "encounters", "admission", "admissions", "appointment", "appointments", "discharge":
			k = keyInfo{class: Encounter, traits: k.traits}
		case "radiology", "imaging", "dicom":
			k = keyInfo{class: Imaging, traits: k.traits}
		case "hiv", "psychiatric", "abortion":
			k = keyInfo{class: Sensitive, traits: k.traits}
		case "genetic", "genomic", "dna":
			k = keyInfo{class: Genetic, traits: k.traits}
		}
	}
	other := k.traits&staff != 0
	k.traits &= weak
	if other && k.class != NPI {
		k = keyInfo{}
	}
	if k.class == 0 && !other && secretName(all) {
		k = keyInfo{class: Credential, check: hashed, traits: k.traits}
	}
	if k.class == 0 && patient && !other {
		k.traits = prefix
		switch {
		case called:
			k.class, k.check = Name, words
		case addressed:
			k.class, k.check = Address, words
		}
	}
	if patient {
		k.traits |= prefix
	}
	if k.id == noID && !counts && marks(t) && all.n > 1 && (k.check == anything) {
		k.id, k.check = recordID, mark
	}
	return k
}

// secretName is whether the words of a key say that it holds a secret of an account, whatever stands before them:
// portalPasswordHash, appSecret, user_access_token. "nextPageToken" and "hasPassword" hold none.
func secretName(all *tokens) bool {
	if all.n < 2 {
		return false
	}
	last, before := all.word(all.n-1), all.word(all.n-2)
	switch string(last) {
	case "password", "passwd", "pwd", "passphrase", "passcode", "secret":
		switch string(all.word(0)) {
		case "has", "is", "show", "forgot", "change", "reset", "update", "confirm", "require", "requires", "needs", "no", "not", "can", "must":
			return false
		}
		return true
	case "hash", "salt", "digest", "bcrypt", "argon2", "scrypt", "pbkdf2":
		switch string(before) {
		case "password", "passwd", "pwd", "pass", "pin", "passcode", "passphrase", "secret":
			return true
		}
	case "token":
		switch string(before) {
		case "access", "refresh", "auth", "session", "reset", "api", "bearer", "secret", "mfa", "login":
			return true
		}
	}
	return false
}

// marks is whether the last token of a key says that its value identifies something.
func marks(t []byte) bool {
	switch string(t) {
	case "id", "ids", "no", "num", "number", "uuid", "guid", "uid", "identifier", "ref", "mrn":
		return true
	}
	return false
}
