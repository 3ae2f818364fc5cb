package detectors

import (
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// logins reads of each call whether it tried to prove who sends it, and whether that went well. What success and
// failure look like is learned of each endpoint from its own answers: a refusal by status, a token, a redirect.
// The detectors of logins share one.
type logins struct {
	scene *scene
	doors *lru[door]
	known stats.Recent // users who have succeeded, by server
	order call.Order   // of the call read last
	last  attempt
	found bool
}

func newLogins(s *scene) *logins {
	return &logins{scene: s, doors: newLRU(s.cfg.Doors, func(d *door) bool { return s.now-d.seen > hour }, nil)}
}

// door is an endpoint where people log in; for Basic credentials it is the whole server.
type door struct {
	seen    clock.Time
	refuses bool // by a status of 400 or more
	tells   bool // says no with a status of success
	hands   bool // a token or session in a 2xx that is no page
	leads   bool // answers with redirects
	leadsIn bool // with a session in them
	answers [2]shape
}

// shape is how a door answers one sort of user, as long as it is the same answer each time.
type shape struct {
	status int
	size   int64
	n      int
	mixed  bool
}

// attempt is one try to log in.
type attempt struct {
	outcome outcome
	user    uint64 // hash of the name tried, on its server; 0 when none was named
	secret  uint64 // hash of the password or code; 0 when none was seen
	known   bool   // the user had succeeded before
	code    bool   // a one-time code
	reset   bool   // no login, but a request for a new password
	basic   bool
	door    *door
	key     uint64 // of the door
}

// outcome is what became of an attempt.
type outcome uint8

const (
	loginUnclear outcome = iota
	loginFailed
	loginOK
)

// knownTime is half of how long a user who logged in stays known.
const knownTime = 2 * day

// read says whether c is an attempt, and which.
func (l *logins) read(c *call.Call) (attempt, bool) {
	if c.Order == l.order {
		return l.last, l.found
	}
	l.order = c.Order
	l.last, l.found = l.parse(c)
	return l.last, l.found
}

func (l *logins) parse(c *call.Call) (attempt, bool) {
	var a attempt
	basic := c.Auth.Scheme == call.BasicAuth
	enters := c.Flags&(call.Login|call.Token|call.Reset) != 0
	wrote := (c.Method == "POST" || c.Method == "PUT") && (enters || c.Status >= 400 && c.Status < 500 || c.Auth.Marks&call.Rejected != 0)
	if !basic && !wrote || c.Continued || c.Flags&(call.Logout|call.Health) != 0 {
		return a, false
	}
	name := c.User
	if basic && c.Principal.Kind == call.Basic && name == "" {
		name = c.Principal.ID
	}
	a.secret, a.basic = c.Auth.Secret, basic
	if wrote && a.secret == 0 {
		a.secret = otp(c)
		a.code = a.secret != 0
	}
	a.reset = c.Flags&call.Reset != 0 && a.secret == 0
	var who uint64
	if name != "" {
		who = text(name)
	} else if wrote {
		who = userIn(c)
	}
	if !basic && !enters && !a.code || who == 0 && a.secret == 0 {
		return a, false
	}
	a.key = c.Endpoint
	if basic {
		a.key = serverKey(c)
	}
	d, _ := l.doors.use(a.key)
	d.seen = l.scene.now
	a.door = d
	if who != 0 {
		a.user = who ^ serverKey(c)
		a.known = l.known.Has(a.user, c.Time, knownTime)
	}
	a.outcome = d.judge(c, basic)
	if a.outcome == loginOK && a.user != 0 && !a.reset {
		l.known.Add(a.user, c.Time, knownTime, l.scene.cfg.Principals)
	}
	return a, true
}

// judge reads the answer. A form's page that comes again with 200 is a failure where success redirects.
func (d *door) judge(c *call.Call, basic bool) outcome {
	gives := len(c.Issued) > 0 || len(c.Handed) > 0
	page := strings.HasPrefix(c.ContentType, "text/html")
	switch {
	case c.Status == 0 || c.Status >= 500 || c.Status == 404 && basic:
		return loginUnclear
	case c.Status >= 400:
		d.refuses = true
		return loginFailed
	case c.Auth.Marks&call.Rejected != 0:
		d.tells = true
		return loginFailed
	case c.Status >= 300:
		d.leads, d.leadsIn = true, d.leadsIn || gives
		if gives || !d.leadsIn && (d.refuses || d.tells) {
			return loginOK
		}
		if d.leadsIn && !d.refuses {
			return loginFailed
		}
	case !c.OK():
	case basic:
		return loginOK
	case page:
		if d.leads {
			return loginFailed
		}
		if d.refuses || d.tells {
			return loginOK
		}
	case gives:
		d.hands = true
		return loginOK
	case d.hands && !d.refuses:
		return loginFailed
	case (d.refuses || d.tells) && !d.hands:
		return loginOK
	}
	return loginUnclear
}

// userIn is a hash of the user whom a body names, 0 for none.
func userIn(c *call.Call) uint64 {
	return bodyValue(c, userNames[:], func(a *call.Arg) bool { return a.Kind != call.Secret && a.Len > 0 })
}

// userNames are what a user is called where one asks for a code or a new password.
var userNames = [...]string{"username", "user", "login", "email", "user_name", "userId", "user_id", "loginId", "account",
	"mobile", "phone"}

// otp is a hash of the one-time code that a body carries, 0 for none.
func otp(c *call.Call) uint64 {
	return bodyValue(c, otpNames[:], func(a *call.Arg) bool { return a.Len >= 4 && a.Len <= 10 })
}

// bodyValue is a hash of the first value in the body that has one of the names and fits, 0 for none.
func bodyValue(c *call.Call, names []string, fits func(*call.Arg) bool) uint64 {
	for i := range c.Args {
		a := &c.Args[i]
		if a.Where != call.InBody || !fits(a) {
			continue
		}
		name := a.Name[strings.LastIndexByte(a.Name, '.')+1:]
		for _, w := range names {
			if strings.EqualFold(name, w) {
				return a.Value | 1
			}
		}
	}
	return 0
}

// otpNames are what one-time codes and PINs are called; "code" alone is an authorization code too, which is longer.
var otpNames = [...]string{"otp", "code", "pin", "passcode", "totp", "otpcode", "otp_code", "otpValue", "mfa_code",
	"mfaCode", "verification_code", "verificationCode", "one_time_code", "token_code", "sms_code", "smsCode", "mpin"}

// sourceKey is a key of where an attempt came from: the client, and the program that sent it, as several people
// share an address but an attacker's tool is one.
func sourceKey(c *call.Call) uint64 {
	return stats.Mix(addressKey(c)^text(c.UserAgent)) ^ text(c.Secure.JA4)
}

// addressKey is a key of the client's address; behind a trusted proxy, of the address it spoke for.
func addressKey(c *call.Call) uint64 {
	if c.Principal.Kind == call.Address {
		var buf [48]byte
		if string(c.Client.Addr.IP().AppendTo(buf[:0])) != c.Principal.ID {
			return c.Principal.Key
		}
	}
	return clientKey(c)
}

// claimed is c with the client's address as its principal: a name that was not proven is not who sent it.
func claimed(c *call.Call) *call.Call {
	if c.Principal.Kind == call.Address {
		return c
	}
	k := *c
	ip := c.Client.Addr.IP()
	k.Principal = call.Principal{Key: call.AddressKey(ip), Kind: call.Address, ID: ip.String(), Strength: 20}
	return &k
}

// unproven is c, or when the server refused the user and password it came with (RFC 9110 section 15.5.2), c laid to
// the client's address: the user of that name may be the victim.
func unproven(c *call.Call) *call.Call {
	if c.Status != 401 || c.Principal.Kind != call.Basic {
		return c
	}
	k := claimed(c)
	if k.User == "" {
		k.User = c.Principal.ID
	}
	return k
}

// agent is a key of the program at the client.
func agent(c *call.Call) uint64 { return text(c.UserAgent) ^ stats.Mix(text(c.Secure.JA4)) }
