package detectors

import (
	"fmt"
	"testing"

	"auscult/sensor/call"
)

func TestTokenReuse(t *testing.T) {
	f := func(name, want string, calls []*call.Call) {
		t.Helper()
		if o := judge(t, calls...); o.first() != want || o.principals() > 1 {
			t.Errorf("%s: %v, want %q", name, o.told, want)
		}
	}
	// read is a read by user at a machine; far machines are in another /16.
	read := func(ms, client int, user string, far bool, agent string) *call.Call {
		c := as(chart(from(ms, client), 100+client), user)
		if far {
			c.Client.Addr[13] = 66
		}
		c.UserAgent = agent
		return c
	}
	turns := func(n int, user string, far bool, first, second string) []*call.Call {
		return repeat(n, func(i int) []*call.Call {
			if i/2%2 == 0 {
				return []*call.Call{read(i*20000, 1, user, false, first)}
			}
			return []*call.Call{read(i*20000, 2, user, far, second)}
		})
	}
	f("two machines in turns", "token_reuse High rao", turns(12, "rao", true, browserAgent, toolAgent))
	f("in the same network", "token_reuse High rao", turns(12, "rao", false, browserAgent, toolAgent))
	ward := repeat(40, func(i int) []*call.Call {
		return []*call.Call{read(i*3000, 1, fmt.Sprint("u", i%9), false, "EHR-Client/4.1")}
	})
	stolen := turns(12, "rao", true, "EHR-Client/4.1", toolAgent)
	for _, c := range stolen {
		c.Time += 3 * minute
	}
	f("stolen from behind a shared address", "token_reuse High rao", append(ward, stolen...))
	f("like programs, far apart, often", "token_reuse Medium rao", turns(30, "rao", true, browserAgent, browserAgent))
	f("like programs, a pool of one network", "", turns(60, "rao", false, browserAgent, browserAgent))
	f("a laptop that roams", "", repeat(40, func(i int) []*call.Call {
		return []*call.Call{read(i*60000, 1+i/10, "rao", i/10%2 == 1, browserAgent)}
	}))
	f("a device that goes home and comes back", "", repeat(30, func(i int) []*call.Call {
		return []*call.Call{read(i*600000, 1+i/10%2, "rao", i/10%2 == 1, browserAgent)}
	}))
	f("one user, two tokens", "", repeat(40, func(i int) []*call.Call {
		c := read(i*20000, 1+i%2, "rao", false, []string{browserAgent, toolAgent}[i%2])
		c.Principal.Token += uint64(i % 2)
		return []*call.Call{c}
	}))
	f("a service on two machines", "", repeat(40, func(i int) []*call.Call {
		c := read(i*20000, 1+i%2, "etl", false, []string{"java", toolAgent}[i%2])
		c.Principal.Service = true
		return []*call.Call{c}
	}))
	f("a service's token far away", "token_reuse High etl", repeat(40, func(i int) []*call.Call {
		c := read(i*20000, 1+i%2, "etl", i%2 == 1, []string{"java", toolAgent}[i%2])
		c.Principal.Service = true
		return []*call.Call{c}
	}))
	f("both sides of a proxy", "", repeat(60, func(i int) []*call.Call {
		c := read(i*20000, 1+i%2, "rao", false, []string{browserAgent, "nginx"}[i%2])
		c.Server.Addr[15] = byte(10 + i%2)
		return []*call.Call{c}
	}))
	f("a server that calls with its users' tokens", "", repeat(200, func(i int) []*call.Call {
		user := fmt.Sprint("u", i/2%20)
		if i%2 == 0 {
			return []*call.Call{read(i*2000, 10+i/2%20, user, false, browserAgent)}
		}
		return []*call.Call{read(i*2000, 200, user, false, "Java/17")}
	}))
	f("a farm of addresses", "", repeat(60, func(i int) []*call.Call {
		return []*call.Call{read(i*20000, 1+i%7, "rao", i%7 > 3, browserAgent)}
	}))
}

func TestTokenReuse_Rotation(t *testing.T) {
	// Five people at work; then one machine takes their tokens in turns and asks for one patient after the other.
	work := repeat(40, func(i int) []*call.Call {
		c := as(chart(from(i*30000, 1+i%5), i%5), fmt.Sprint("n", i%5))
		return []*call.Call{c}
	})
	steal := repeat(20, func(i int) []*call.Call {
		c := tool(as(chart(from(40*30000+i*4000, 99), 100000+i*7717), fmt.Sprint("n", i%5)))
		return []*call.Call{c}
	})
	o := judge(t, append(work, steal...)...)
	if o.first() != "token_reuse High 10.20.0.99" || o.after > 46 {
		t.Errorf("%v after %d", o.told, o.after)
	}
}
