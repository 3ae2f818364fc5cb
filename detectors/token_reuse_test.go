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

func TestTokenReuse_Spread(t *testing.T) {
	agents := []string{browserAgent, toolAgent, "okhttp/4.12.0", "Go-http-client/1.1"}
	nets := [][4]byte{{10, 20, 0, 1}, {52, 33, 11, 10}, {59, 33, 22, 11}, {66, 33, 33, 12}}
	// turns reads by user's token at the places in turns, one call each.
	turns := func(n, pace int, user string, places, programs []int) []*call.Call {
		return repeat(n, func(i int) []*call.Call {
			c := as(chart(from(i*pace, 1), 100+i%9), user)
			at := i % len(places)
			copy(c.Client.Addr[12:], nets[places[at]][:])
			c.UserAgent = agents[programs[at%len(programs)]]
			return []*call.Call{c}
		})
	}
	f := func(name, want string, by int, calls []*call.Call) {
		t.Helper()
		if o := judge(t, calls...); o.first() != want || o.principals() > 1 || o.after > by {
			t.Errorf("%s: %v after %d, want %q by %d", name, o.told, o.after, want, by)
		}
	}
	f("four networks, four programs", "token_reuse High rao", 8, turns(40, 20000, "rao", []int{0, 1, 2, 3}, []int{0, 1, 2, 3}))
	f("the owner and two hosts with one tool", "token_reuse High rao", 6, turns(36, 20000, "rao", []int{0, 1, 2}, []int{0, 1, 1}))
	f("a browser that goes out by a pool of proxies", "", 0, turns(60, 20000, "rao", []int{0, 1, 2, 3}, []int{0}))
	f("an app of two programs on such a pool", "", 0, turns(60, 20000, "rao", []int{1, 1, 2, 2, 3, 3}, []int{0, 2}))
	f("places that are hours apart", "", 0, turns(24, 60*60000, "rao", []int{0, 1, 2, 3}, []int{0, 1, 2, 3}))
	f("a service", "", 0, repeat(1, func(int) []*call.Call {
		calls := turns(40, 20000, "svc", []int{0, 1, 2, 3}, []int{0, 1, 2, 3})
		for _, c := range calls {
			c.Principal.Service = true
		}
		return calls
	}))
	f("servers of the hospital that call as their users do", "", 0, repeat(60, func(i int) []*call.Call {
		c := turns(60, 1000, "rao", []int{0}, []int{0, 1, 2})[i]
		c.Client.Addr[13], c.UserAgent = byte(20+i%3), agents[i%3]
		return []*call.Call{c}
	}))
}

func TestTokenReuse_Row(t *testing.T) {
	// row is users one after the other at one machine: calls of each, the time between calls and between users.
	row := func(users, calls, pace, gap int, patient func(user, i int) int) []*call.Call {
		return repeat(users, func(u int) []*call.Call {
			return repeat(calls, func(i int) []*call.Call {
				return []*call.Call{tool(as(chart(from(u*(calls*pace+gap)+i*pace, 9), patient(u, i)), fmt.Sprint("u", u)))}
			})
		})
	}
	f := func(name, want string, calls []*call.Call) {
		t.Helper()
		if o := judge(t, calls...); o.first() != want || o.principals() > 1 || o.after > 30 {
			t.Errorf("%s: %v after %d, want %q", name, o.told, o.after, want)
		}
	}
	random := func(u, i int) int { return int(text(fmt.Sprint(u, i)) % 900000) }
	f("seconds with each of twenty tokens", "token_reuse Medium 10.20.0.9", row(20, 5, 1200, 1000, random))
	f("four of them", "", row(4, 5, 1200, 1000, random))
	f("a computer whose users stay for minutes", "", row(20, 5, 30000, 60000, random))
	f("users of a portal, who read their own record", "", row(40, 5, 1200, 1000, func(u, i int) int { return 7000 + u*977 }))
	f("a test that logs in as many and reads the same patients", "", row(40, 5, 1200, 1000, random8))
	f("people behind one address, who overlap", "", repeat(200, func(i int) []*call.Call {
		return []*call.Call{tool(as(chart(from(i*1200, 9), random(i%20, i)), fmt.Sprint("u", i%20)))}
	}))
	f("one user who logs in anew for each job", "", repeat(100, func(i int) []*call.Call {
		c := tool(as(chart(from(i*1200, 9), random(i/5, i)), "svc"))
		c.Principal.Token += uint64(i / 5)
		return []*call.Call{c}
	}))
}

// random8 are eight patients, of whom each user reads five.
func random8(u, i int) int { return 500 + (u+i)%8*7919 }

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
