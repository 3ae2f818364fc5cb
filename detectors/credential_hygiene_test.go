package detectors

import (
	"fmt"
	"slices"
	"testing"

	"auscult/sensor/call"
	"auscult/sensor/clock"
)

func TestHygiene(t *testing.T) {
	f := func(name, want string, calls []*call.Call) {
		t.Helper()
		o := judge(t, calls...)
		if want == "" && len(o.postures) > 0 || want != "" && !slices.Equal(o.postures, []string{"credential_hygiene: " + want}) || len(o.told) > 0 {
			t.Errorf("%s: %v, told %v, want %q", name, o.postures, o.told, want)
		}
	}
	key := func(ms, client int, scheme call.Scheme, agent string) *call.Call {
		c := chart(from(ms, client), client)
		c.Principal, c.UserAgent = call.Principal{Key: 5, Kind: call.APIKey, ID: "k", Token: 6}, agent
		c.Auth.Scheme = scheme
		return c
	}
	token := func(ms, who int, change func(*call.Call)) *call.Call {
		c := as(chart(from(ms, who), who), fmt.Sprint("u", who))
		change(c)
		return c
	}
	f("key in URL", "A server takes API keys in the URL", repeat(9, func(i int) []*call.Call { return []*call.Call{key(i*1000, 1, call.KeyQuery, "go")} }))
	f("shared key", "One API key is used by many machines", repeat(9, func(i int) []*call.Call {
		return []*call.Call{key(i*1000, i, call.KeyHeader, fmt.Sprint("tool", i%3))}
	}))
	f("key of a farm", "", repeat(9, func(i int) []*call.Call { return []*call.Call{key(i*1000, i, call.KeyHeader, "go")} }))
	f("old key", "An API key has not been changed for 90 days", repeat(100, func(i int) []*call.Call {
		c := key(0, 1, call.KeyHeader, "go")
		c.Time += day * clock.Time(i)
		return []*call.Call{c}
	}))
	f("no expiry", "A server takes tokens that never expire", repeat(9, func(i int) []*call.Call {
		return []*call.Call{token(i*1000, i, func(c *call.Call) { c.Auth.Marks = call.NoExpiry })}
	}))
	f("long-lived", "A server takes tokens that live for more than a day", repeat(9, func(i int) []*call.Call {
		return []*call.Call{token(i*1000, i, func(c *call.Call) { c.Auth.Marks = call.LongLived })}
	}))
	f("no second factor", "People log in without a second factor where others have one", repeat(30, func(i int) []*call.Call {
		return []*call.Call{token(i*1000, i%15, func(c *call.Call) {
			if c.Auth.Marks = call.SaysAMR; i%15 < 5 {
				c.Auth.Marks |= call.SecondFact
			}
		})}
	}))
	f("no second factor anywhere", "", repeat(30, func(i int) []*call.Call {
		return []*call.Call{token(i*1000, i%15, func(c *call.Call) { c.Auth.Marks = call.SaysAMR })}
	}))
	f("wide scope", "A token's scope is far wider than its use", repeat(300, func(i int) []*call.Call {
		return []*call.Call{token(i*600000, 1, func(c *call.Call) { c.Principal.Scope = "openid user/*.*" })}
	}))
	f("wide scope in use", "", repeat(300, func(i int) []*call.Call {
		return []*call.Call{token(i*600000, 1, func(c *call.Call) {
			c.Principal.Scope = "openid user/*.*"
			if i == 20 {
				c.FHIR.Type = "Observation"
			}
		})}
	}))
	f("narrow scope", "", repeat(300, func(i int) []*call.Call {
		return []*call.Call{token(i*600000, 1, func(c *call.Call) { c.Principal.Scope = "user/*.read" })}
	}))
	f("cookie for scripts", "A session cookie can be read by scripts", repeat(3, func(i int) []*call.Call {
		c := enter(i*1000, 1, "u", "p", true)
		c.Handed = []call.Handed{{Token: 1, Name: "sid", Marks: call.IsCookie | call.SecureOnly}}
		return []*call.Call{c}
	}))
	f("cookie in the clear", "A session cookie may be sent in the clear", repeat(3, func(i int) []*call.Call {
		c := enter(i*1000, 1, "u", "p", true)
		c.Secure.Version = "1.3"
		c.Handed = []call.Handed{{Token: 1, Name: "sid", Marks: call.IsCookie | call.HTTPOnly}}
		return []*call.Call{c}
	}))
}
