package detectors

import (
	"fmt"
	"testing"

	"auscult/sensor/call"
)

func TestDefaultCredentials(t *testing.T) {
	f := func(name, want string, c *call.Call) {
		t.Helper()
		c.Auth.Marks |= call.VendorPair
		if o := judge(t, c); o.first() != want {
			t.Errorf("%s: %v, want %q", name, o.told, want)
		}
	}
	basic := func(status int) *call.Call {
		c := from(0, 9)
		c.Status, c.Route, c.Path = status, "/patients", "/patients"
		c.Principal = call.Principal{Key: 3, Kind: call.Basic, ID: "orthanc", Token: 4}
		c.Auth.Scheme, c.Auth.Secret = call.BasicAuth, 8
		return c
	}
	page := enter(0, 9, "admin", "admin", true)
	page.Status = 302
	css := basic(200)
	css.ContentType = "text/css"
	f("a login", "default_credentials High 10.20.0.9", enter(0, 9, "admin", "admin", true))
	f("a login that redirects", "default_credentials High 10.20.0.9", page)
	f("Basic", "default_credentials High "+basic(200).Client.Addr.IP().String(), basic(200))
	f("refused", "", enter(0, 9, "admin", "admin", false))
	f("Basic, refused", "", basic(401))
	f("Basic, a style sheet", "", css)
}

func TestAccountOracle(t *testing.T) {
	f := func(name string, want bool, calls []*call.Call) {
		t.Helper()
		o := judge(t, calls...)
		got := false
		for _, s := range o.told {
			got = got || s == "account_oracle Medium 10.20.0.9"
		}
		if got != want || o.principals() > 1 {
			t.Errorf("%s: %v, want %v", name, o.told, want)
		}
	}
	reset := func(i, client int, status int, size int64) *call.Call {
		c := from(i*2000, client)
		c.Method, c.Flags, c.Endpoint, c.Route = "POST", call.Reset, 905, "/reset"
		c.User, c.Status, c.RespDec = fmt.Sprint("u", i), status, size
		return c
	}
	status := func(i int) int { return []int{200, 404, 404}[i%3] }
	f("resets, told by status", true, repeat(30, func(i int) []*call.Call { return []*call.Call{reset(i, 9, status(i), 20)} }))
	f("resets, told by size", true, repeat(30, func(i int) []*call.Call { return []*call.Call{reset(i, 9, 200, int64(20+i%3/2))} }))
	f("logins, told by status", true, repeat(30, func(i int) []*call.Call {
		c := enter(i*2000, 9, fmt.Sprint("u", i), fmt.Sprint("p", i), false)
		c.Status = []int{401, 404}[i%2]
		return []*call.Call{c}
	}))
	f("resets, all answered alike", false, repeat(30, func(i int) []*call.Call { return []*call.Call{reset(i, 9, 200, 20)} }))
	f("resets by many", false, repeat(60, func(i int) []*call.Call { return []*call.Call{reset(i, i, status(i), 20)} }))
	f("resets by a help desk", false, repeat(60, func(i int) []*call.Call {
		c := reset(i, 9, status(i), 20)
		c.Auth.Scheme = call.Bearer
		return []*call.Call{c}
	}))
}

func TestAccountOracle_Door(t *testing.T) {
	first := repeat(5, func(i int) []*call.Call { return []*call.Call{enter(i*1000, i, fmt.Sprint("u", i), "p", true)} })
	o := judge(t, append(first, repeat(40, func(i int) []*call.Call {
		i += 2
		bad := enter(i*60000, i, fmt.Sprint("stranger", i), "x", false)
		bad.RespDec = 55
		return []*call.Call{bad, enter(i*60000+1000, i, fmt.Sprint("u", i%5), fmt.Sprint("x", i), false), enter(i*60000+2000, i, fmt.Sprint("u", i%5), "p", true)}
	})...)...)
	if len(o.told) > 0 || len(o.postures) != 1 || o.postures[0] != "account_oracle: A login tells whether a user exists" {
		t.Errorf("told %v, postures %v", o.told, o.postures)
	}
}
