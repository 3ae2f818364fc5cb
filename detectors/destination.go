package detectors

import (
	"fmt"
	"net/netip"
	"strconv"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/packet"
)

// destination watches where health data goes: to addresses outside the hospital's networks. It is news only where
// most readers sit inside; a patient portal is read from everywhere. Partners' services that fetch from outside, and
// servers outside that are sent patients' data, are listed once.
type destination struct {
	*casebook[departure]
	inside []netip.Prefix
	near   stats.Set // clients inside that read health data, bounded by Config.Principals
	far    stats.Set // networks outside from where somebody works with patients, the same
}

// departure is what one principal took outside.
type departure struct {
	people stats.Distinct
	most   int
	home   int // networks outside, in view
}

const (
	farPeople = 100
	farWork   = 10  // of one caller: fewer is a patient at home, or a family
	farUsual  = 500 // where people work from outside
	farCrowd  = 3   // networks outside with readers: people work from home
	nearLeast = 5   // clients inside that show where readers sit
	nearShare = 5   // for each network outside
)

func newDestination(s *scene) *destination {
	d := &destination{}
	for _, p := range s.cfg.Inside {
		if p, err := netip.ParsePrefix(p); err == nil { // Validate has said so if not
			d.inside = append(d.inside, p.Masked())
		}
	}
	d.casebook = newCasebook(s, s.cfg.Suspects, d.describe)
	return d
}

func (*destination) Name() string { return "exfil_destination" }
func (*destination) Key() Key     { return ByPrincipal }

// Observe folds one call.
func (d *destination) Observe(dst []Signal, c *call.Call) []Signal {
	if c.PHI.People == 0 || !c.OK() || c.Flags&call.Health != 0 {
		if c.Method == "POST" || c.Method == "PUT" {
			return d.sent(dst, c)
		}
		return dst
	}
	if d.local(&c.Client.Addr) {
		if d.near.Len() < d.scene.cfg.Principals {
			d.near.Add(clientKey(c))
		}
		return dst
	}
	return d.out(dst, c)
}

// local tells whether an address is of the hospital's own networks. The first bytes decide for most.
func (d *destination) local(a *packet.Addr) bool {
	if a[10] == 0xff && a[11] == 0xff && a[0]|a[1]|a[2]|a[3]|a[4]|a[5]|a[6]|a[7]|a[8]|a[9] == 0 { // IPv4
		switch {
		case a[12] == 10, a[12] == 127, a[12] == 172 && a[13]&0xf0 == 16, a[12] == 192 && a[13] == 168, a[12] == 169 && a[13] == 254,
			a[12] == 100 && a[13]&0xc0 == 64: // RFC 6598, as carriers and clouds use inside
			return true
		}
	} else if a[0]&0xfe == 0xfc || a[0] == 0xfe && a[1]&0xc0 == 0x80 {
		return true
	}
	if len(d.inside) > 0 {
		ip := a.IP()
		for _, p := range d.inside {
			if p.Contains(ip) {
				return true
			}
		}
	}
	ip := a.IP()
	return ip.IsLoopback() || ip.IsUnspecified()
}

// network is a key of the /24 or /48 of an address.
func network(a *packet.Addr) uint64 {
	n := *a
	if a[10] == 0xff && a[11] == 0xff {
		n[15] = 0
	} else {
		clear(n[6:])
	}
	return addrHash(&n)
}

// out is health data that goes outside.
func (d *destination) out(dst []Signal, c *call.Call) []Signal {
	s := d.scene
	net := network(&c.Client.Addr)
	if c.Principal.Service {
		return s.posture(dst, c, d.Name(), strconv.FormatUint(c.Principal.Key^net, 16), func() Signal {
			return Signal{Severity: Low, Confidence: 60,
				Title:    "A partner's service fetches health data from outside the hospital's networks",
				Expected: "Transfers to partners are known and agreed on",
				Observed: fmt.Sprintf("a service account was given the data of %s at an address outside", count(c.PHI.People, "patient"))}
		})
	}
	f := d.of(callerKey(c) ^ stats.Mix(net))
	p := &f.state
	people := p.people.Len()
	n := 0
	for i := range c.Objects {
		if o := &c.Objects[i]; o.Patient && (o.Where == call.InResponse || n == 0) && o.Key == call.PatientKey([]byte(o.ID)) {
			p.people.Add(o.Key)
			n++
		}
	}
	if p.people.Len() > people {
		p.most += max(0, c.PHI.People-n) // of a long list only the first are named
	}
	d.note(f, c)
	if p.total() >= farWork && d.far.Len() < s.cfg.Principals {
		d.far.Add(net)
	}
	p.home = d.far.Len()
	limit := farPeople
	if p.home > farCrowd {
		limit = farUsual
	}
	if p.total() < limit || d.near.Len() < max(nearLeast, nearShare*p.home) {
		return dst
	}
	return d.tell(dst, f, c)
}

func (p *departure) total() int { return p.people.Len() + p.most }

// sent is a request that carries patients to a server outside.
func (d *destination) sent(dst []Signal, c *call.Call) []Signal {
	if d.local(&c.Server.Addr) || !c.OK() || c.Continued {
		return dst
	}
	carries := false
	for i := range c.Objects {
		carries = carries || c.Objects[i].Patient && c.Objects[i].Where == call.InBody
	}
	if !carries || d.near.Len() == 0 || !d.local(&c.Client.Addr) {
		return dst
	}
	s := d.scene
	if server := serverKey(c); s.postures.told.Has(server) {
		return dst
	} else if s.postures.told.Len() < s.cfg.Postures {
		s.postures.told.Add(server)
	}
	return s.posture(dst, c, d.Name(), "sent", func() Signal {
		return Signal{Severity: Low, Confidence: 60,
			Title:    "Patients' data is sent to a server outside the hospital's networks",
			Expected: "Servers that are sent patients' data are known and agreed on",
			Observed: "a request from inside named patients in its body, and the server outside took it"}
	})
}

// describe states a case.
func (d *destination) describe(f *dossier[departure]) Signal {
	p := &f.state
	n := p.total()
	sig := Signal{Detector: d.Name(), Severity: High, Confidence: sureness(&f.accused, 75), Score: float64(n), Threshold: farPeople}
	sig.Title = fmt.Sprintf("{principal} took the data of %s to an address outside the hospital's networks", count(n, "patient"))
	sig.Expected = fmt.Sprintf("Health data is read inside: from %s, and from %s outside; remote work or a partner would explain it",
		count(d.near.Len(), "address"), count(p.home, "network"))
	sig.Observed = fmt.Sprintf("%s in %s", count(n, "patient"), count(f.calls, "call"))
	sig.Facts = []Fact{{"patients", strconv.Itoa(n)}, {"networks outside in view", strconv.Itoa(p.home)}}
	return sig
}
