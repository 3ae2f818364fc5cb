package world

import (
	"fmt"
	"math"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// Role is what someone does.
type Role uint8

// Roles. Those from Services on are machines.
const (
	Nurse Role = iota
	WardDoctor
	ClinicDoctor
	EDDoctor
	Registrar
	Laboratory
	Radiology
	Coder
	Billing
	Research
	CallCentre
	Administrator
	Patient // a user of the portal
	Services
	Outside // whoever comes without an account
	Roles
)

var roles = [...]string{"nurse", "ward doctor", "clinic doctor", "ED doctor", "registrar", "laboratory", "radiology", "coder", "billing",
	"research", "call centre", "administrator", "patient", "service", "outside"}

func (r Role) String() string { return roles[r] }

// job is the work of a role: patients a day, how that varies from day to day (shape of a gamma), the mean share of
// them that no list delivers, from the audit-log studies in the detection plan.
type job struct {
	share, mean, k, blind float64
	office                bool // weekdays, eight to five
}

var jobs = [...]job{
	Nurse:         {.455, 9, 6, .10, false},
	WardDoctor:    {.152, 15, 4, .08, false},
	ClinicDoctor:  {.121, 16, 5, .05, true},
	EDDoctor:      {.061, 25, 5, .15, false},
	Registrar:     {.031, 60, 5, .25, false},
	Laboratory:    {.031, 80, 5, .60, false},
	Radiology:     {.021, 40, 5, .30, false},
	Coder:         {.026, 50, 5, .10, true},
	Billing:       {.031, 70, 4, .35, true},
	Research:      {.010, 25, .4, .05, true},
	CallCentre:    {.021, 80, 5, .03, true},
	Administrator: {.010, 12, 3, 0, true},
}

// Person is one account.
type Person struct {
	Role      Role
	Who       call.Principal
	Addr      packet.Addr
	other     packet.Addr // where a roaming device is every second time
	agent     string
	ja4       string
	unit      int
	blind, mu float64
	cohort    int
	prefetch  bool
	shared    bool // behind an address of the whole department
	roams     bool
	moved     int // days that a new person or one in a new unit is tagged
	news      Tag
	flow      uint64
	port      uint16
	patient   int // of a portal user
	secret    uint64
}

var agents = [...]string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
	"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
}

// session is the token of the shift in which at lies: shifts begin before a quarter to seven or at night.
func (p *Person) session(at clock.Time) uint64 {
	if p.Who.Token != 0 || p.Who.Kind == call.Address {
		return p.Who.Token
	}
	return mix(p.Who.Key ^ uint64((at-Epoch-Hour*27/4)/Day+1))
}

// address is of the network a, b: IPv4 mapped into IPv6.
func address(a, b, c, d int) packet.Addr {
	return packet.Addr{10: 0xff, 11: 0xff, 12: byte(a), 13: byte(b), 14: byte(c), 15: byte(d)}
}

// hire makes one account for a role.
func (w *World) hire(r Role) *Person {
	n := w.hired
	w.hired++
	p := &Person{Role: r, unit: w.rng.IntN(len(w.wards)), agent: agents[w.rng.IntN(len(agents))], flow: mix(uint64(n) + 77), port: uint16(20000 + n%40000)}
	p.ja4 = "t13d1516h2_8daaf6152771_" + fmt.Sprintf("%012x", mix(uint64(len(p.agent)))&0xffffffffffff)
	name := fmt.Sprintf("u%05d", n)
	p.Who = call.Principal{Key: hash("principal", name), Kind: call.JWT, ID: name, Issuer: "https://idp.hospital.example", Strength: 90}
	if w.cfg.Roles {
		p.Who.Role = roles[r]
	}
	p.secret = mix(p.Who.Key)
	if int(r) < len(jobs) {
		j := &jobs[r]
		p.blind = w.rng.beta(j.blind+1e-6, 10)
		p.mu = j.mean * math.Exp(0.35*w.rng.NormFloat64())
		p.Who.Scope = "openid user/*.read user/Observation.write"
		if r == Registrar {
			p.Who.Scope = "openid user/*.*"
		}
		if w.rng.is(.25) {
			p.Who.Kind, p.Who.Scope = call.Session, ""
		}
	}
	p.cohort = 1 + w.rng.IntN(max(1, w.pat.top()-5000))
	p.prefetch = w.rng.is(.15)
	p.roams = w.rng.is(.06)
	p.Addr = address(10, 20+n>>14, n>>6&255, 10+n&63)
	p.other = address(10, 120, n>>6&255, 10+n&63)
	if w.rng.is(w.cfg.NAT) {
		p.shared, p.roams = true, false
		p.Addr = address(10, 200, p.unit, 1)
	}
	w.People = append(w.People, p)
	return p
}

// service makes a machine account.
func (w *World) service(name, agent string, d int) *Person {
	p := w.hire(Services)
	p.Who = call.Principal{Key: hash("principal", name), Kind: call.JWT, ID: name, Issuer: "https://idp.hospital.example",
		Client: name, Scope: "system/*.read", Service: true, Strength: 90, Token: mix(hash(name))}
	p.Addr, p.agent, p.ja4, p.roams, p.shared = address(10, 5, 0, d), agent, "", false, false
	return p
}

// outsider is whoever calls from an address without a credential.
func (w *World) outsider(a, b, c, d int, agent string) *Person {
	p := w.hire(Outside)
	p.Addr, p.agent, p.roams, p.shared = address(a, b, c, d), agent, false, false
	p.Who = addressPrincipal(p.Addr)
	return p
}

func addressPrincipal(a packet.Addr) call.Principal {
	ip := a.IP().String()
	return call.Principal{Key: hash("address", ip), Kind: call.Address, ID: ip, Strength: 20}
}

// portalUser makes the account of a patient.
func (w *World) portalUser() {
	p := w.hire(Patient)
	p.patient = 1 + w.rng.IntN(w.pat.top())
	p.Addr, p.shared, p.roams = address(49+w.hired%60, w.hired>>8&255, w.hired&255, 7), false, false
	p.Who.Scope, p.Who.Patient = "openid patient/*.read", w.pat.keys[p.patient]
	p.Who.Client = "portal"
	p.Who.Kind = call.JWT
}
