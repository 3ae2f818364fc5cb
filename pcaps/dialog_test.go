package pcaps

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"auscult/pcaps/rewrap"
)

// began is when the made captures begin.
const began = int64(1_700_000_000_000_000_000)

// dialog is one TCP connection of a made capture: Ethernet, IPv4, TCP. Times are since its capture began.
type dialog struct {
	frames rewrap.Capture
	client byte // 10.1.0.client
	port   uint16
	seq    [2]uint32
	now    time.Duration
}

// The two ends of a dialog.
const (
	client = 0
	server = 1
)

// TCP flags.
const (
	tcpFIN = 1
	tcpSYN = 2
	tcpACK = 16
)

// dial opens a connection to 10.2.0.1:80.
func dial(at time.Duration, from byte, port uint16) *dialog {
	d := &dialog{client: from, port: port, seq: [2]uint32{uint32(port) * 7919, uint32(port) * 104729}, now: at}
	d.send(client, tcpSYN, "")
	d.send(server, tcpSYN|tcpACK, "")
	d.send(client, tcpACK, "")
	return d
}

// say sends text from one end, at a time that must not be before the last, and has it acknowledged.
func (d *dialog) say(at time.Duration, dir int, text string) {
	d.now = max(d.now, at)
	for len(text) > 0 {
		n := min(len(text), 1400)
		d.send(dir, tcpACK, text[:n])
		text = text[n:]
	}
	d.send(1-dir, tcpACK, "")
}

// hang ends the connection.
func (d *dialog) hang(at time.Duration) {
	d.now = max(d.now, at)
	d.send(server, tcpFIN|tcpACK, "")
	d.send(client, tcpFIN|tcpACK, "")
	d.send(server, tcpACK, "")
}

func (d *dialog) send(dir int, flags byte, text string) {
	d.frames = append(d.frames, rewrap.Frame{Time: began + int64(d.now), Data: d.frame(dir, flags, d.seq[dir], text)})
	d.now += 200 * time.Microsecond
	d.seq[dir] += uint32(len(text))
	if flags&(tcpSYN|tcpFIN) != 0 {
		d.seq[dir]++
	}
}

func (d *dialog) frame(dir int, flags byte, seq uint32, text string) []byte {
	ends := [2][4]byte{{10, 1, 0, d.client}, {10, 2, 0, 1}}
	ports := [2]uint16{d.port, 80}
	b := make([]byte, 54, 54+len(text))
	b[0], b[6] = 2+byte(1-dir)*4, 2+byte(dir)*4
	copy(b[12:], []byte{8, 0, 0x45, 0})
	binary.BigEndian.PutUint16(b[16:], uint16(40+len(text)))
	b[22], b[23] = 64, 6
	copy(b[26:], ends[dir][:])
	copy(b[30:], ends[1-dir][:])
	binary.BigEndian.PutUint16(b[34:], ports[dir])
	binary.BigEndian.PutUint16(b[36:], ports[1-dir])
	binary.BigEndian.PutUint32(b[38:], seq)
	if flags&tcpACK != 0 {
		binary.BigEndian.PutUint32(b[42:], d.seq[1-dir])
	}
	b[46], b[47] = 5<<4, flags
	binary.BigEndian.PutUint16(b[48:], 65535)
	return append(b, text...)
}

// capture is the frames of dialogs in order of time, in a file.
func capture(t *testing.T, dialogs ...*dialog) string {
	t.Helper()
	var c rewrap.Capture
	for _, d := range dialogs {
		c = append(c, d.frames...)
	}
	slices.SortStableFunc(c, func(a, b rewrap.Frame) int { return cmp.Compare(a.Time, b.Time) })
	path := filepath.Join(t.TempDir(), "traffic.pcap")
	if err := c.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// bearer is an Authorization field with an unsigned JWT of user.
func bearer(user string) string {
	part := base64.RawURLEncoding.EncodeToString
	return "Authorization: Bearer " + part([]byte(`{"alg":"none"}`)) + "." +
		part(fmt.Appendf(nil, `{"iss":"https://idp.hospital.test","sub":%q}`, user)) + "." + part([]byte("none")) + "\r\n"
}

// unsealed is what is said, without waking anybody, of the server of every made capture: no TLS, and tokens that
// nobody signed and that never end.
var unsealed = []string{"cleartext_phi", "credential_hygiene", "weak_token"}

// person is the record of patient number n.
func person(n int) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":"%d","name":[{"family":"Fam%d","given":["Given%d"]}],"birthDate":"1970-01-02"}`, n, n, n)
}

// response is a whole answer in HTTP/1.
func response(status int, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

// round is an ordinary day's fragment: a nurse opens her list, then the charts on it.
func round(from byte, port uint16, user string, at time.Duration, patients ...int) *dialog {
	d := dial(at, from, port)
	list := `{"resourceType":"Bundle","type":"searchset","entry":[`
	for i, n := range patients {
		if i > 0 {
			list += ","
		}
		list += `{"resource":` + person(n) + `}`
	}
	d.say(at, client, "GET /fhir/Patient?ward=3 HTTP/1.1\r\nHost: ehr.test\r\n"+bearer(user)+"\r\n")
	d.say(at+10*time.Millisecond, server, response(200, list+"]}"))
	for _, n := range patients {
		at += 40 * time.Second
		d.say(at, client, fmt.Sprintf("GET /fhir/Patient/%d HTTP/1.1\r\nHost: ehr.test\r\n%s\r\n", n, bearer(user)))
		d.say(at+10*time.Millisecond, server, response(200, person(n)))
	}
	d.hang(at + time.Second)
	return d
}

// said is what an alert's line tells.
type said struct {
	Time        int64
	Activity    string `json:"activity_name"`
	Severity    int    `json:"severity_id"`
	FindingInfo struct {
		UID, Title string
		Analytic   struct{ UID string }
	} `json:"finding_info"`
	Evidences []struct {
		Src   struct{ IP string } `json:"src_endpoint"`
		Actor struct{ User struct{ UID string } }
	}
}

// medium is the severity from which a finding wakes somebody (OCSF severity_id).
const medium = 3

func (s *said) kind() string { return s.FindingInfo.Analytic.UID }

func alertsOf(t *testing.T, b []byte) (out []said) {
	t.Helper()
	for _, line := range jsonl(b) {
		var s said
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// jsonl are the lines of b.
func jsonl(b []byte) (out [][]byte) {
	for len(b) > 0 {
		i := slices.Index(b, '\n')
		out = append(out, b[:i])
		b = b[i+1:]
	}
	return out
}

// incidents are the kinds by which the incidents that wake somebody first did, and the kinds of all findings that
// do not; each sorted, the second without repeats.
func incidents(alerts []said) (grave, minor []string) {
	seen := map[string]bool{}
	for _, a := range alerts {
		if a.Severity < medium {
			minor = append(minor, a.kind())
		} else if uid := a.FindingInfo.UID; !seen[uid] {
			seen[uid] = true
			grave = append(grave, a.kind())
		}
	}
	slices.Sort(grave)
	slices.Sort(minor)
	return grave, slices.Compact(minor)
}
