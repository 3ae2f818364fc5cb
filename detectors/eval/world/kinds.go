package world

import (
	"auscult/sensor/call"
	"auscult/sensor/phi"
)

// Kind is what a call does.
type Kind uint8

// Kinds. Those up to Documents are the pages of a chart.
const (
	ChartOpen Kind = iota
	Encounters
	Conditions
	Medications
	Results
	Documents
	Record
	Vitals
	NoteWrite
	Emergency
	WardList
	ClinicList
	EDList
	DischargeList
	WorkList
	LabList
	NameSearch
	MRNLookup
	CohortPage
	Register
	Book
	Cancel
	Immunize
	LabOrder
	LabResult
	Studies
	StudyMeta
	Account
	Invoice
	SignIn
	SignOut
	ResetPassword
	ServiceToken
	Inbox
	AdminUsers
	AdminUser
	AdminEdit
	DeadLink
	Probe
	HealthCheck
	Kinds
)

const (
	demographics = phi.Name | phi.BirthDate | phi.Address | phi.Phone | phi.MRN
	listed       = phi.Name | phi.BirthDate | phi.MRN | phi.Encounter
)

// shape is how calls of a kind look: what stands in a path before and after an identifier is in head and tail.
type shape struct {
	server     int // place in servers
	method     string
	head, tail string
	route      string
	fhir       call.FHIR
	flags      call.Flags
	classes    phi.Class
	param      param // the query's parameter that names a patient
	props      string
}

var servers = [...]string{"ehr.hospital.example", "lab.hospital.example", "pacs.hospital.example", "billing.hospital.example",
	"idp.hospital.example", "admin.hospital.example"}

const search = call.Search | call.HealthAPI

const patientProps = "resourceType id identifier name family given gender birthDate address phone"

var shapes = [Kinds]shape{
	ChartOpen:     {0, "GET", "/fhir/Patient/", "", "/fhir/Patient/{id}", call.FHIR{Interaction: "read", Type: "Patient"}, call.HealthAPI, demographics, 0, patientProps},
	Encounters:    {0, "GET", "/fhir/Encounter", "", "/fhir/Encounter", call.FHIR{Interaction: "search-type", Type: "Encounter"}, search, phi.Encounter, patientArg, "resourceType entry status class period subject"},
	Conditions:    {0, "GET", "/fhir/Condition", "", "/fhir/Condition", call.FHIR{Interaction: "search-type", Type: "Condition"}, search, phi.Diagnosis, patientArg, "resourceType entry code clinicalStatus subject"},
	Medications:   {0, "GET", "/fhir/MedicationRequest", "", "/fhir/MedicationRequest", call.FHIR{Interaction: "search-type", Type: "MedicationRequest"}, search, phi.Medication, patientArg, "resourceType entry status intent dosageInstruction subject"},
	Results:       {0, "GET", "/fhir/Observation", "", "/fhir/Observation", call.FHIR{Interaction: "search-type", Type: "Observation"}, search, phi.Observation, patientArg, "resourceType entry status code valueQuantity subject"},
	Documents:     {0, "GET", "/fhir/DocumentReference", "", "/fhir/DocumentReference", call.FHIR{Interaction: "search-type", Type: "DocumentReference"}, search, phi.Encounter | phi.Diagnosis, patientArg, "resourceType entry status type content subject"},
	Record:        {0, "GET", "/fhir/Observation/", "", "/fhir/Observation/{id}", call.FHIR{Interaction: "read", Type: "Observation"}, call.HealthAPI, phi.Observation, 0, "resourceType id status code valueQuantity subject"},
	Vitals:        {0, "POST", "/fhir/Observation", "", "/fhir/Observation", call.FHIR{Interaction: "create", Type: "Observation"}, call.HealthAPI | call.Create, phi.Observation, 0, "resourceType id status code valueQuantity subject"},
	NoteWrite:     {0, "PUT", "/fhir/DocumentReference/", "", "/fhir/DocumentReference/{id}", call.FHIR{Interaction: "update", Type: "DocumentReference"}, call.HealthAPI, phi.Encounter, 0, "resourceType id status type content subject"},
	Emergency:     {0, "GET", "/fhir/Patient/", "", "/fhir/Patient/{id}", call.FHIR{Interaction: "read", Type: "Patient"}, call.HealthAPI | call.BreakGlass, demographics, 0, patientProps},
	WardList:      {0, "GET", "/fhir/Encounter", "", "/fhir/Encounter", call.FHIR{Interaction: "search-type", Type: "Encounter"}, search, listed, 0, "resourceType entry status class period subject location"},
	ClinicList:    {0, "GET", "/fhir/Appointment", "", "/fhir/Appointment", call.FHIR{Interaction: "search-type", Type: "Appointment"}, search, listed, 0, "resourceType entry status start participant"},
	EDList:        {0, "GET", "/fhir/Encounter", "", "/fhir/Encounter", call.FHIR{Interaction: "search-type", Type: "Encounter"}, search, listed, 0, "resourceType entry status class period subject location"},
	DischargeList: {0, "GET", "/api/coding/worklist", "", "/api/coding/worklist", call.FHIR{}, search, listed, 0, "items mrn name admitted discharged"},
	WorkList:      {0, "GET", "/api/worklist", "", "/api/worklist", call.FHIR{}, search, listed, 0, "items mrn name modality status"},
	LabList:       {1, "GET", "/lab/api/orders", "", "/lab/api/orders", call.FHIR{}, search, listed, 0, "orders accession mrn name test status"},
	NameSearch:    {0, "GET", "/fhir/Patient", "", "/fhir/Patient", call.FHIR{Interaction: "search-type", Type: "Patient"}, search, demographics, 0, patientProps},
	MRNLookup:     {0, "GET", "/fhir/Patient", "", "/fhir/Patient", call.FHIR{Interaction: "search-type", Type: "Patient"}, search, demographics, 0, patientProps},
	CohortPage:    {0, "GET", "/fhir/Patient", "", "/fhir/Patient", call.FHIR{Interaction: "search-type", Type: "Patient"}, search | call.PageStep, demographics, 0, patientProps},
	Register:      {0, "POST", "/fhir/Patient", "", "/fhir/Patient", call.FHIR{Interaction: "create", Type: "Patient"}, call.HealthAPI | call.Create, demographics, 0, patientProps},
	Book:          {0, "POST", "/fhir/Appointment", "", "/fhir/Appointment", call.FHIR{Interaction: "create", Type: "Appointment"}, call.HealthAPI | call.Create, phi.Encounter, 0, "resourceType id status start participant"},
	Cancel:        {0, "DELETE", "/fhir/Appointment/", "", "/fhir/Appointment/{id}", call.FHIR{Interaction: "delete", Type: "Appointment"}, call.HealthAPI, 0, 0, ""},
	Immunize:      {0, "POST", "/fhir/Immunization", "", "/fhir/Immunization", call.FHIR{Interaction: "create", Type: "Immunization"}, call.HealthAPI | call.Create, phi.Immunization, 0, "resourceType id status vaccineCode patient"},
	LabOrder:      {1, "GET", "/lab/api/orders/", "", "/lab/api/orders/{id}", call.FHIR{}, call.HealthAPI, listed | phi.Observation, 0, "accession mrn name test status"},
	LabResult:     {1, "POST", "/lab/api/orders/", "/results", "/lab/api/orders/{id}/results", call.FHIR{}, call.HealthAPI | call.Create, 0, 0, "accession status"},
	Studies:       {2, "GET", "/dicom-web/studies", "", "/dicom-web/studies", call.FHIR{}, search, phi.Name | phi.MRN | phi.Imaging, 0, ""},
	StudyMeta:     {2, "GET", "/dicom-web/studies/", "/metadata", "/dicom-web/studies/{id}/metadata", call.FHIR{}, call.HealthAPI, phi.Name | phi.MRN | phi.Imaging, 0, ""},
	Account:       {3, "GET", "/billing/api/v1/patients/", "", "/billing/api/v1/patients/{id}", call.FHIR{}, call.HealthAPI, phi.Name | phi.Address | phi.Insurance | phi.Financial, 0, "id name address insurance balance"},
	Invoice:       {3, "GET", "/billing/api/v1/invoices/", "", "/billing/api/v1/invoices/{id}", call.FHIR{}, call.HealthAPI, phi.Name | phi.Financial, 0, "id patientId amount status"},
	SignIn:        {4, "POST", "/auth/login", "", "/auth/login", call.FHIR{}, call.Login, 0, 0, "access_token token_type expires_in"},
	SignOut:       {4, "POST", "/auth/logout", "", "/auth/logout", call.FHIR{}, call.Logout, 0, 0, ""},
	ResetPassword: {4, "POST", "/auth/password", "", "/auth/password", call.FHIR{}, call.Reset, 0, 0, ""},
	ServiceToken:  {4, "POST", "/oauth/token", "", "/oauth/token", call.FHIR{}, call.Login, 0, 0, "access_token token_type expires_in"},
	Inbox:         {0, "GET", "/api/inbox", "", "/api/inbox", call.FHIR{}, 0, 0, 0, "unread items"},
	AdminUsers:    {5, "GET", "/admin/api/users", "", "/admin/api/users", call.FHIR{}, call.Admin, 0, 0, "users id login email role status"},
	AdminUser:     {5, "GET", "/admin/api/users/", "", "/admin/api/users/{id}", call.FHIR{}, call.Admin, 0, 0, "id login email role status"},
	AdminEdit:     {5, "PUT", "/admin/api/users/", "", "/admin/api/users/{id}", call.FHIR{}, call.Admin, 0, 0, "id login email role status"},
	DeadLink:      {0, "GET", "/portal/old/forms/intake.html", "", "/portal/old/forms/intake.html", call.FHIR{}, 0, 0, 0, ""},
	Probe:         {0, "GET", "/", "", "/{id}", call.FHIR{}, 0, 0, 0, ""},
	HealthCheck:   {0, "GET", "/healthz", "", "/healthz", call.FHIR{}, call.Health, 0, 0, ""},
}

// param is a parameter of a request, as a place in params.
type param uint8

const (
	noArg param = iota
	patientArg
	countArg
	offsetArg
	nameArg
	birthArg
	identifierArg
	locationArg
	dateArg
	statusArg
	categoryArg
	subjectArg
	codeArg
	valueArg
	noteArg
	userArg
	passwordArg
	familyArg
	givenArg
	phoneArg
	idArg
	roleArg
	grantArg
	params
)

var paramNames = [params]string{"", "patient", "_count", "_getpagesoffset", "name", "birthdate", "identifier", "location", "date", "status",
	"category", "subject.reference", "code.text", "valueQuantity.value", "text", "username", "password", "name.family", "name.given",
	"telecom.value", "id", "role", "grant_type"}

var (
	surnames = [...]string{"Smith", "Patel", "Garcia", "Nguyen", "Weber", "Khan", "Rossi", "Iyer", "Novak", "Haddad", "Reddy", "Brown"}
	oddNames = [...]string{"O'Brien", "D'Souza", "N'Diaye", "Smith-Jones", "Müller; Hans", "Al-Rashid (Jr.)", "O''Neil", "St. John & Co", "Brown -- old", "Nguyen*"}
	notes    = [...]string{"pt c/o pain; r/o MI & DVT", "BP 120/80 -- stable", "1/2 tab <5 mg at night", "select one from the list", "f/u in 2 wks (if fever > 38.5)",
		"wound clean, dry", "family asks: \"when home?\"", "union of the fracture seen", "nil by mouth after 22:00", "Dr. O'Brien informed", "100% of diet eaten", "dose {1} tablet"}
)
