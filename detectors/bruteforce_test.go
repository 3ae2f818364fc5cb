package detectors

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"auscult/sensor/call"
)

func repeat(n int, f func(i int) []*call.Call) (out []*call.Call) {
	for i := range n {
		out = append(out, f(i)...)
	}
	slices.SortStableFunc(out, func(a, b *call.Call) int { return a.Compare(b.Order) })
	return out
}

func tool(c *call.Call) *call.Call { c.UserAgent = toolAgent; return c }

func TestBruteforce(t *testing.T) {
	f := func(name, want string, by int, calls []*call.Call) {
		t.Helper()
		o := judge(t, calls...)
		if got := o.first(); got != want || want != "" && (o.after > by || o.principals() != 1) {
			t.Errorf("%s: %q after %d calls, %d accused, want %q by %d; all: %v", name, got, o.after, o.principals(), want, by, o.told)
		}
	}
	name := func(i int) string { return fmt.Sprintf("user%d", i) }
	none := func(int, int) bool { return false }
	list := func(n, pace int, ok func(i, k int) bool) []*call.Call {
		return repeat(n, func(i int) []*call.Call { return []*call.Call{tool(enter(i*pace, 7, name(i), "p"+name(i), ok(i, 0)))} })
	}
	f("stuffing, fast", "auth_bruteforce Medium 10.20.0.7", 10, list(40, 200, none))
	f("stuffing, one a minute", "auth_bruteforce Medium 10.20.0.7", 10, list(40, 60000, none))
	f("stuffing with a hit in ten", "auth_bruteforce Medium 10.20.0.7", 20, list(60, 500, func(i, _ int) bool { return i%10 == 4 }))
	f("spraying", "auth_bruteforce Medium 10.20.0.7", 12, repeat(30, func(i int) []*call.Call {
		return []*call.Call{tool(enter(i*90000, 7, name(i), "Summer2025!", false))}
	}))
	f("one user, many passwords", "auth_bruteforce Medium 10.20.0.7", 13, repeat(40, func(i int) []*call.Call {
		return []*call.Call{tool(enter(i*400, 7, "admin", name(i), false))}
	}))
	f("limited by rate", "auth_bruteforce Medium 10.20.0.7", 20, repeat(40, func(i int) []*call.Call {
		c := tool(enter(i*400, 7, "admin", name(i), false))
		if i > 5 {
			c.Status = 429
		}
		return []*call.Call{c}
	}))
	f("one-time codes", "auth_bruteforce Medium 10.20.0.7", 20, repeat(40, func(i int) []*call.Call {
		c := tool(enter(i*300, 7, "rao", "", false))
		c.Auth.Secret, c.Status, c.Flags, c.Endpoint = 0, 400, 0, 902
		c.Args = []call.Arg{{Name: "otp", Len: 6, Where: call.InBody, Kind: call.Secret, Value: text(name(i))}}
		return []*call.Call{c}
	}))
	f("Basic credentials", "auth_bruteforce Medium 10.20.0.7", 10, repeat(30, func(i int) []*call.Call {
		c := tool(chart(from(i*300, 7), 1))
		c.Status, c.PHI, c.Delivered = 401, call.Found{}, nil
		c.Principal = call.Principal{Key: text(name(i)), Kind: call.Basic, ID: name(i), Token: text(name(i)) | 1}
		c.Auth.Scheme, c.Auth.Secret = call.BasicAuth, text(name(i))|1
		return []*call.Call{c}
	}))
	f("from many addresses, a few each", "auth_bruteforce Medium 10.20.0.22", 30, repeat(60, func(i int) []*call.Call {
		return []*call.Call{tool(enter(i*2000, 1+i, name(i), "p"+name(i), false))}
	}))
	f("one address, another browser each time", "auth_bruteforce Medium 10.20.0.7", 15, repeat(30, func(i int) []*call.Call {
		c := enter(i*2000, 7, name(i), "p"+name(i), false)
		c.UserAgent = fmt.Sprint("Mozilla/5.0 Chrome/", i)
		return []*call.Call{c}
	}))
	f("one user, from many addresses", "auth_bruteforce Medium 10.20.0.15", 15, repeat(30, func(i int) []*call.Call {
		return []*call.Call{tool(enter(i*2000, 1+i, "admin", name(i), false))}
	}))
}

func TestBruteforce_Success(t *testing.T) {
	calls := repeat(30, func(i int) []*call.Call {
		return []*call.Call{tool(enter(i*500, 7, fmt.Sprint("u", i), fmt.Sprint("p", i), i == 20))}
	})
	o := judge(t, calls...)
	if !slices.Contains(o.told, "auth_bruteforce High 10.20.0.7") {
		t.Errorf("the account taken was not told: %v", o.told)
	}
	if o.last.Evidence[len(o.last.Evidence)-1].Call.Status != 200 {
		t.Error("the login that succeeded is not in the evidence")
	}
	calls = repeat(21, func(i int) []*call.Call {
		return []*call.Call{tool(enter(i*500, 7, "admin", fmt.Sprint("p", i), i == 20))}
	})
	if o = judge(t, calls...); !slices.Contains(o.told, "auth_bruteforce High 10.20.0.7") {
		t.Errorf("the account taken was not told: %v", o.told)
	}
}

// Honest mornings: nobody is accused.
func TestBruteforce_Honest(t *testing.T) {
	f := func(name string, calls []*call.Call) {
		t.Helper()
		if o := judge(t, calls...); len(o.told) > 0 {
			t.Errorf("%s: %v %q %v", name, o.told, o.last.Title, o.last.Facts)
		}
	}
	user := func(i int) string { return fmt.Sprintf("n%d", i) }
	morning := func(n, pace int, client func(i int) int) []*call.Call { // two wrong tries each, then right
		return repeat(n, func(i int) []*call.Call {
			at, c := i*pace, client(i)
			return []*call.Call{enter(at, c, user(i), "old"+user(i), false), enter(at+9000, c, user(i), "old2"+user(i), false),
				enter(at+21000, c, user(i), "new", true)}
		})
	}
	f("password change, own addresses", morning(400, 1500, func(i int) int { return i }))
	f("password change behind one address", morning(400, 6000, func(int) int { return 5 }))
	f("password change at five kiosks", morning(200, 9000, func(i int) int { return i % 5 }))
	f("help desk: some give up", repeat(200, func(i int) []*call.Call {
		out := []*call.Call{enter(i*20000, i, user(i), "a", false), enter(i*20000+9000, i, user(i), "b", false), enter(i*20000+15000, i, user(i), "c", false)}
		if i%10 != 0 {
			out = append(out, enter(i*20000+30000, i, user(i), "d", true))
		}
		return out
	}))
	f("a service account with an old password", repeat(500, func(i int) []*call.Call {
		return []*call.Call{tool(enter(i*30000, 9, "svc-lab", "old", false))}
	}))
	f("a load test", repeat(300, func(i int) []*call.Call {
		return []*call.Call{tool(enter(i*50, 9, fmt.Sprint("load", i), "Test1234", i%20 != 3))}
	}))
	f("guests' telephones behind one address", repeat(120, func(i int) []*call.Call {
		var out []*call.Call
		for k := range 1 + i%3 {
			c := enter(i*11000+k*9000, 5, user(i), fmt.Sprint("p", i, k), k == i%3)
			c.UserAgent = fmt.Sprint("Mozilla/5.0 Mobile/", i)
			out = append(out, c)
		}
		return out
	}))
	f("an initial password at a terminal server", repeat(30, func(i int) []*call.Call {
		return []*call.Call{enter(i*20000, 5, user(i), "Welcome1", false), enter(i*20000+8000, 5, user(i), "mine"+user(i), true)}
	}))
	f("a directory that is down", repeat(150, func(i int) []*call.Call {
		c := i % 40
		return []*call.Call{enter(i*5000, c, user(i), user(i), false), enter(i*5000+8000, c, user(i), user(i), false), enter(i*5000+20000, c, user(i), user(i), false)}
	}))
	f("one who forgot", repeat(9, func(i int) []*call.Call { return []*call.Call{enter(i*12000, 3, "kim", fmt.Sprint(i), i == 8)} }))
	f("pages that come again with 200", repeat(40, func(i int) []*call.Call {
		c := enter(i*7000, i%3, user(i), "p", true)
		c.ContentType, c.Issued = "text/html", nil
		return []*call.Call{c}
	}))
	f("token endpoints that refuse to refresh", repeat(60, func(i int) []*call.Call {
		c := from(i*1000, 4)
		c.Method, c.Flags, c.Endpoint, c.Status, c.Route = "POST", call.Login|call.Token, 903, 400, "/oauth/token"
		c.Args = []call.Arg{{Name: "refresh_token", Len: 40, Where: call.InBody, Kind: call.Secret, Value: uint64(i + 1)}}
		return []*call.Call{c}
	}))
}

func TestBruteforce_BrokenClient(t *testing.T) {
	o := judge(t, repeat(100, func(i int) []*call.Call {
		return []*call.Call{tool(enter(i*30000, 9, "svc-lab", "old", false))}
	})...)
	if len(o.postures) != 1 || o.postures[0] != "credential_hygiene: A client sends the same wrong password again and again" {
		t.Errorf("%v", o.postures)
	}
}

// An attacker who makes up users and addresses must not grow what is remembered.
func TestBruteforce_Bounds(t *testing.T) {
	cfg := Defaults()
	cfg.Logins, cfg.Doors, cfg.Tokens = 64, 16, 64
	e := New(cfg)
	for i := range 20000 {
		c := enter(i*10, i*7919, fmt.Sprint("u", i), fmt.Sprint("p", i), false)
		c.Endpoint = uint64(900 + i%100)
		c.UserAgent = fmt.Sprint("agent", i)
		e.Observe(nil, c)
		e.Observe(nil, as(chart(from(i*10+5, i*7919), i), fmt.Sprint("t", i)))
	}
	for _, d := range e.watchers {
		switch d := d.(type) {
		case *bruteforce:
			if d.sources.files.len() > 64 || d.targets.files.len() > 64 || d.sprays.files.len() > 64 || d.fleets.files.len() > 16 || d.logins.doors.len() > 16 {
				t.Error("a table is larger than its limit")
			}
		case *tokenReuse:
			if d.uses.len() > 64 || d.carriers.len() > 64 {
				t.Error("a table of tokens is larger than its limit")
			}
		}
	}
	if st := e.Stats(); st.LoginsShed == 0 || st.TokensShed == 0 {
		t.Errorf("what was shed is not counted: %+v", st)
	}
}

// Who is guessed at is a victim: what Basic credentials that were refused say is laid to the client's address.
func TestBruteforce_Victim(t *testing.T) {
	o := judge(t, repeat(80, func(i int) []*call.Call {
		c := tool(from(i*700, 7))
		c.Method, c.Route, c.Path, c.Target, c.Endpoint, c.Status, c.Flags = "GET", "/ws/rest/v1/session", "/ws/rest/v1/session", "/ws/rest/v1/session", 78, 401, call.Login
		c.Principal = call.Principal{Key: text("admin") | 1, Kind: call.Basic, ID: "admin", Token: text(fmt.Sprint(i)) | 1}
		c.Auth.Scheme, c.Auth.Secret = call.BasicAuth, text(fmt.Sprint("p", i))|1
		return []*call.Call{c}
	})...)
	if len(o.told) == 0 || o.principals() != 1 {
		t.Errorf("told %v of %d principals", o.told, o.principals())
	}
	for _, said := range o.told {
		if !strings.HasSuffix(said, " 10.20.0.7") {
			t.Errorf("accused: %s", said)
		}
	}
}
