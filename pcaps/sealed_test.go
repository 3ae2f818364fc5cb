package pcaps

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"auscult/pipeline"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/sink"
	"auscult/replay"
	"auscult/sensor/call"
	"auscult/sensor/pseudonym"
)

// secrets are what a made capture holds of people and what the sensor must not say: identifiers and names, of
// patients and of staff.
var secrets = []string{
	"900417733", "Okonkwo", "Adaeze", "dr.socket@clinic.example", // WebSocket
	"MRN8837714", "Vandenbroucke", "Wilhelmina", "078-05-1120", "5551237788", // MLLP
	"nurse.lindqvist", "PX99120457", "Lindqvist", "s3cret-of-soap", // SOAP
	"dr.meera.raghunathan", "meera@clinic.example", "700661245", "Raghunathan", "certserial-5512", // mutual TLS
	"user.basic.hale", "pass-of-hale", "800331266", // Basic
}

const (
	soapAsk = `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">` +
		`<s:Header><w:Security><w:UsernameToken><w:Username>nurse.lindqvist</w:Username><w:Password>s3cret-of-soap</w:Password></w:UsernameToken></w:Security></s:Header>` +
		`<s:Body><GetPatient xmlns="urn:his"><patientId>PX99120457</patientId></GetPatient></s:Body></s:Envelope>`
	soapAnswer = `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><GetPatientResponse>` +
		`<Patient><patientId>PX99120457</patientId><name><family>Lindqvist</family></name><birthDate>1961-02-03</birthDate></Patient></GetPatientResponse></s:Body></s:Envelope>`
	hl7Ask = "\x0bMSH|^~\\&|ADT|WARD|EHR|HOSP|20240102||ADT^A01|m1|P|2.5\r" +
		"PID|1||MRN8837714^^^HOSP^MR||Vandenbroucke^Wilhelmina||19440506|F|||1 Main St||5551237788||||||078-05-1120\r\x1c\r"
	hl7Answer = "\x0bMSH|^~\\&|EHR|HOSP|ADT|WARD|20240102||ACK^A01|a1|P|2.5\rMSA|AA|m1\r\x1c\r"
)

// clinic is a capture of everything that names people in other ways than FHIR does, and the key log of its TLS.
func clinic(t *testing.T) (path string, keys []byte) {
	t.Helper()
	ws := dial(0, 31, 41001)
	ws.say(0, client, manners[1].ask+bearer("dr.socket@clinic.example")+"\r\n")
	ws.say(0, server, manners[1].answer)
	for range 30 { // told in parts
		ws.say(ws.now+2*time.Second, server, textFrame(`{"resourceType":"Patient","id":"900417733","name":[{"family":"Okonkwo","given":["Adaeze"]}],"birthDate":"1980-03-04"}`))
	}
	ws.say(ws.now, server, "\x88\x02\x03\xe8")
	ws.hang(ws.now + time.Second)

	mllp := dial(time.Second, 32, 41002)
	mllp.say(time.Second, client, hl7Ask)
	mllp.say(time.Second, server, hl7Answer)
	mllp.hang(3 * time.Second)

	soap := dial(2*time.Second, 33, 41003)
	soap.say(2*time.Second, client, fmt.Sprintf("POST /his/PatientService HTTP/1.1\r\nHost: his.test\r\nContent-Type: application/soap+xml; action=\"urn:his:GetPatient\"\r\nContent-Length: %d\r\n\r\n%s", len(soapAsk), soapAsk))
	soap.say(2*time.Second, server, strings.Replace(response(200, soapAnswer), "application/fhir+json", "application/soap+xml", 1))
	soap.hang(4 * time.Second)

	basic := dial(3*time.Second, 34, 41004)
	basic.say(3*time.Second, client, "GET /api/patients/800331266 HTTP/1.1\r\nHost: ehr.test\r\nAuthorization: Basic "+
		base64.StdEncoding.EncodeToString([]byte("user.basic.hale:pass-of-hale"))+"\r\n\r\n")
	basic.say(3*time.Second, server, response(200, `{"patientId":"800331266","familyName":"Hale"}`))
	basic.hang(5 * time.Second)

	// An export, so that alerts have something to say.
	export := running(manners[1], "dr.socket@clinic.example", 600, 500*time.Millisecond, func(i int) string { return person(600000000 + i*7919%100003) })

	flights, keys := mutual(t)
	mtls := dial(4*time.Second, 35, 41005)
	for _, f := range flights {
		mtls.say(mtls.now+time.Millisecond, f.dir, f.text)
	}
	mtls.hang(mtls.now + time.Second)
	return capture(t, ws, mllp, soap, basic, export, mtls), keys
}

// flight is what one end of a TLS connection wrote at once.
type flight struct {
	dir  int
	text string
}

// tap notes what passes through one end of a pipe.
type tap struct {
	net.Conn
	dir int
	mu  *sync.Mutex
	log *[]flight
}

func (c tap) Write(b []byte) (int, error) {
	c.mu.Lock()
	*c.log = append(*c.log, flight{c.dir, string(b)})
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// mutual is an exchange in TLS 1.2 whose client shows a certificate with a name, as those in hospital cards have.
func mutual(t *testing.T) (flights []flight, keys []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := func(subject pkix.Name, mail []string) tls.Certificate {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: subject, EmailAddresses: mail,
			NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	person := pkix.Name{CommonName: "dr.meera.raghunathan", SerialNumber: "certserial-5512", Organization: []string{"Raghunathan Clinic"}}
	var mu sync.Mutex
	var log bytes.Buffer
	near, far := net.Pipe()
	srv := tls.Server(tap{far, server, &mu, &flights}, &tls.Config{MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert,
		Certificates: []tls.Certificate{cert(pkix.Name{CommonName: "ehr.hospital.test"}, nil)}})
	served := make(chan error, 1)
	go func() {
		defer far.Close()
		var b [4096]byte
		_, err := srv.Read(b[:])
		if err == nil {
			_, err = io.WriteString(srv, response(200, `{"patientId":"700661245","familyName":"Raghunathan"}`))
		}
		served <- err
	}()
	c := tls.Client(tap{near, client, &mu, &flights}, &tls.Config{MaxVersion: tls.VersionTLS12, InsecureSkipVerify: true, KeyLogWriter: &log,
		ServerName: "ehr.hospital.test", Certificates: []tls.Certificate{cert(person, []string{"meera@clinic.example"})}})
	q, err := http.NewRequest("GET", "https://ehr.hospital.test/api/patients/700661245", nil)
	if err != nil {
		t.Fatal(err)
	}
	var ask bytes.Buffer
	q.Write(&ask)
	if _, err := c.Write(ask.Bytes()); err != nil {
		t.Fatal(err)
	}
	var b [4096]byte
	if _, err := c.Read(b[:]); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	return slices.Clone(flights), log.Bytes()
}

// everyone gathers what was said of people in calls of all kinds, on top of what was put there.
type everyone struct{ identities }

func (s *everyone) WriteCalls(batch []call.Call) error {
	for i := range batch {
		if c := &batch[i]; c.Link != nil {
			s.add(c.Link.TLS.Client)
		}
	}
	return s.identities.WriteCalls(batch)
}

// TestNothingIsLeaked writes everything that there is to write about a capture that names people in every protocol,
// and finds none of them in it, unless the operator asked for names.
func TestNothingIsLeaked(t *testing.T) {
	keyer, err := pseudonym.FromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path, keys := clinic(t)
	for _, readable := range []bool{true, false} {
		src := func() pipeline.Source {
			if !readable {
				return replay.New(replay.Defaults(), path)
			}
			return keyed{replay.New(replay.Defaults(), path), keys}
		}
		known := &everyone{identities{map[string]bool{}}}
		if _, err := pipeline.Run(t.Context(), pipeline.Defaults(), src(), pipeline.Output{Calls: known}, nil); err != nil {
			t.Fatal(err)
		}
		all := known.seen
		for _, s := range secrets {
			all[s] = true
		}
		for _, reveal := range []bool{false, true} {
			names := &pseudonym.Names{Keys: keyer, Reveal: reveal}
			cfg := pipeline.Defaults()
			cfg.Alert.Keys = keyer
			var cards, alerts, calls bytes.Buffer
			links := filepath.Join(t.TempDir(), "connections.jsonl")
			linkLog, err := sink.OpenLinkLog(links, names, 0)
			if err != nil {
				t.Fatal(err)
			}
			stats, err := pipeline.Run(t.Context(), cfg, src(), pipeline.Output{
				Alerts: []pipeline.Sink{sink.NewTerminal(&cards, 100, true, names),
					sink.NewLines(&alerts, "lines", names, ocsf.Meta{Version: "test", Tenant: "t", Sensor: "s"})},
				Calls: sink.NewCallLog(&calls, "calls", names, 0), Links: linkLog,
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			written := map[string][]byte{"cards": cards.Bytes(), "alerts": alerts.Bytes(), "calls": calls.Bytes(), "connections": read(t, links), "stats": fmt.Appendf(nil, "%+v", stats)}
			for where, text := range written {
				if len(text) == 0 {
					t.Errorf("nothing was written to the %s", where)
				}
			}
			if n := bytes.Count(written["connections"], []byte("\n")); n != 2 {
				t.Errorf("%d connections, want one of MLLP and one of TLS", n)
			}
			shown := leaks(all, written)
			if !reveal {
				for _, s := range shown {
					t.Errorf("readable %v: %s", readable, s)
				}
				continue
			}
			// The test would see them: what may be revealed is there.
			text := strings.Join(shown, "\n")
			want := []string{`"900417733" stands in the calls`, `"dr.socket@clinic.example" stands in the alerts`, `"nurse.lindqvist" stands in the calls`,
				`"user.basic.hale" stands in the calls`, `"dr.meera.raghunathan" stands in the connections`}
			if readable {
				want = append(want, `"dr.meera.raghunathan" stands in the calls`, `"700661245" stands in the calls`)
			}
			for _, w := range want {
				if !strings.Contains(text, w) {
					t.Errorf("readable %v, revealed: %s is not so", readable, w)
				}
			}
			for _, s := range []string{"s3cret-of-soap", "pass-of-hale"} { // not even then
				if strings.Contains(text, s) {
					t.Errorf("a password is revealed:\n%s", text)
				}
			}
		}
	}
}

// leaks are the places in which an identifier stands, sorted.
func leaks(ids map[string]bool, written map[string][]byte) (found []string) {
	for id := range ids {
		for where, text := range written {
			if bytes.Contains(text, []byte(id)) {
				found = append(found, fmt.Sprintf("%q stands in the %s", id, where))
			}
		}
	}
	slices.Sort(found)
	return found
}

// TestProgramLeaksNothing runs the program itself and looks through its case folder, its standard output and what
// it says on standard error.
func TestProgramLeaksNothing(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "auscult.exe")
	if out, err := exec.Command("go", "build", "-o", program, "../sensor").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	path, keys := clinic(t)
	keylog := filepath.Join(dir, "keys.log")
	write(t, keylog, keys)
	all := map[string]bool{}
	for _, s := range secrets {
		all[s] = true
	}
	for _, reveal := range []bool{false, true} {
		folder := filepath.Join(dir, fmt.Sprint("case-", reveal))
		args := []string{"replay", "--key", filepath.Join(dir, "key"), "--keylog", keylog, "--calls", "jsonl", "-l", folder, path}
		if reveal {
			args = append(args, "--reveal")
		}
		var stdout, stderr bytes.Buffer
		cmd := exec.Command(program, args...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %s", err, stderr.Bytes())
		}
		written := map[string][]byte{"standard output": stdout.Bytes(), "standard error": stderr.Bytes()}
		files, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			written[f.Name()] = read(t, filepath.Join(folder, f.Name()))
		}
		for _, name := range []string{"alerts.jsonl", "calls.jsonl", "connections.jsonl"} {
			if len(written[name]) == 0 {
				t.Errorf("%s is empty", name)
			}
		}
		shown := leaks(all, written)
		if reveal && len(shown) < 5 {
			t.Errorf("revealing names shows only %v", shown)
		}
		for _, s := range shown {
			if !reveal || strings.Contains(s, "s3cret") || strings.Contains(s, "pass-of") {
				t.Errorf("revealed %v: %s", reveal, s)
			}
		}
	}
}
