package detectors

import (
	"fmt"
	"strings"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/phi"
)

// moment is a time in the tests of credentials, in milliseconds from their start.
func moment(ms int) clock.Time { return epoch + clock.Time(ms)*minute/60000 }

const toolAgent, browserAgent = "python-requests/2.32", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/128.0"

var callSeq uint32

// from is a call of the client with that number, who shows nothing.
func from(ms, client int) *call.Call {
	callSeq++
	c := &call.Call{Method: "GET", Host: "ehr", Status: 200, ContentType: "application/json", UserAgent: browserAgent}
	c.Time, c.Start, c.Seq = moment(ms), moment(ms), callSeq
	c.Client.Addr[10], c.Client.Addr[11] = 0xff, 0xff
	c.Client.Addr[12], c.Client.Addr[13], c.Client.Addr[14], c.Client.Addr[15] = 10, 20+byte(client>>16), byte(client>>8), byte(client)
	c.Server.Addr[10], c.Server.Addr[11] = 0xff, 0xff
	c.Server.Addr[12], c.Server.Addr[15], c.Server.Port = 10, 10, 443
	ip := c.Client.Addr.IP().String()
	c.Principal = call.Principal{Key: text(ip) | 1, Kind: call.Address, ID: ip, Strength: 20}
	return c
}

// enter is a login with a form: 200 with a token, or 401.
func enter(ms, client int, user, password string, ok bool) *call.Call {
	c := from(ms, client)
	c.Method, c.Route, c.Path, c.Endpoint, c.Flags = "POST", "/api/v2/login", "/api/v2/login", 901, call.Login
	c.User, c.Auth.Secret = user, text(password)|1
	c.Status, c.RespDec = 401, 40
	if ok {
		c.Status = 200
		c.Issued = []uint64{text(user+fmt.Sprint(ms)) | 1}
	}
	return c
}

// as makes c carry a token of user.
func as(c *call.Call, user string) *call.Call {
	c.Principal = call.Principal{Key: text(user) | 1, Kind: call.JWT, ID: user, Token: text("token of "+user) | 1, Expires: c.Time + hour}
	c.Auth.Scheme = call.Bearer
	return c
}

// chart makes c read the chart of a patient.
func chart(c *call.Call, id int) *call.Call {
	c.Route, c.Path, c.Endpoint = "/fhir/Patient/{id}", fmt.Sprintf("/fhir/Patient/%d", id), 77
	c.FHIR = call.FHIR{Interaction: "read", Type: "Patient"}
	c.Flags |= call.HealthAPI
	key := patientKey(fmt.Sprint(id))
	c.Objects = []call.Object{{Type: "Patient", ID: fmt.Sprint(id), Key: key, Param: patientParam, Patient: true}}
	if c.OK() {
		c.PHI = call.Found{Classes: phi.Name | phi.BirthDate | phi.MRN, People: 1, Records: 1, Bytes: 900}
		c.Delivered = []uint64{key}
	}
	return c
}

// outcomes are the findings of the kind in question: severity, who, and after how many calls, and those of other
// kinds of this family at Medium or above; postures apart.
type outcomes struct {
	told, postures []string
	after          int
	last           Signal
}

// accessKinds are the kinds of these detectors.
const accessKinds = " missing_auth weak_token token_reuse auth_bruteforce default_credentials account_oracle credential_hygiene "

func judge(t *testing.T, calls ...*call.Call) (o outcomes) {
	t.Helper()
	e := New(Defaults())
	var at call.Order
	see := func(i int, sigs []Signal) {
		for _, s := range sigs {
			if !strings.Contains(accessKinds, " "+s.Detector+" ") {
				continue
			}
			if s.Title == "" || s.Expected == "" || s.Observed == "" || s.Client == "" || s.Since == 0 || s.Route == "" {
				t.Errorf("signal says too little: %+v", s)
			}
			if s.Severity >= Medium && (len(s.Evidence) == 0 || !strings.Contains(s.Title, "{principal}") || s.Principal.Key == 0) {
				t.Errorf("accusation without evidence or name: %+v", s)
			}
			if s.Severity < Medium {
				if s.Principal.Key != 0 {
					t.Errorf("a posture accuses %s", s.Principal.ID)
				}
				o.postures = append(o.postures, s.Detector+": "+s.Title)
				continue
			}
			if s.Compare(at) < 0 {
				t.Errorf("told out of order")
			}
			at = s.Order
			if o.after == 0 {
				o.after = i + 1
			}
			o.last = s
			o.told = append(o.told, fmt.Sprintf("%s %s %s", s.Detector, s.Severity, s.Principal.ID))
		}
	}
	for i, c := range calls {
		see(i, e.Observe(nil, c))
	}
	see(len(calls), e.Close(nil))
	return o
}

// first is the first accusation, "" for none.
func (o outcomes) first() string {
	if len(o.told) == 0 {
		return ""
	}
	return o.told[0]
}

// principals is how many were accused.
func (o outcomes) principals() int {
	names := map[string]bool{}
	for _, s := range o.told {
		names[s[strings.LastIndexByte(s, ' '):]] = true
	}
	return len(names)
}
