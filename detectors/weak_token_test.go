package detectors

import (
	"fmt"
	"testing"

	"auscult/sensor/call"
)

func TestWeakToken(t *testing.T) {
	f := func(name, want string, postures int, calls []*call.Call) {
		t.Helper()
		o := judge(t, calls...)
		if got := o.first(); got != want || want != "" && o.principals() != 1 {
			t.Errorf("%s: %q, %d accused, want %q; all: %v", name, got, o.principals(), want, o.told)
		}
		if len(o.postures) != postures {
			t.Errorf("%s: postures %v, want %d", name, o.postures, postures)
		}
	}
	bad := func(start, n int, user string, change func(*call.Call)) []*call.Call {
		return repeat(n, func(i int) []*call.Call {
			c := as(chart(from(start+i*1000, 9), 500+i), user)
			change(c)
			return []*call.Call{c}
		})
	}
	join := func(parts ...[]*call.Call) []*call.Call {
		return repeat(len(parts), func(i int) []*call.Call { return parts[i] })
	}
	none := func(c *call.Call) { c.Auth.Marks = call.AlgNone | call.Unsigned }
	no := func(m call.AuthMarks) func(*call.Call) {
		return func(c *call.Call) {
			c.Auth.Marks, c.Status, c.PHI, c.Delivered = m, 401, call.Found{}, nil
		}
	}
	late := func(c *call.Call) { c.Auth.Marks, c.Principal.Expires = call.Expired, c.Time-2*hour }
	inURL := func(c *call.Call) { c.Auth.Marks = call.InURL }

	f("alg none, taken", "weak_token High admin", 0, join(credentialed(0, 6), bad(61000, 1, "admin", none)))
	f("alg none, before the others", "weak_token High admin", 0, join(bad(0, 2, "admin", none), credentialed(3000, 6), bad(70000, 1, "admin", none)))
	f("alg none, refused twice", "weak_token Medium admin", 0, join(credentialed(0, 6), bad(61000, 2, "admin", no(call.AlgNone))))
	f("alg none, refused once", "", 0, join(credentialed(0, 6), bad(61000, 1, "admin", no(call.AlgNone))))
	f("own key, taken", "weak_token High admin", 0, join(credentialed(0, 6), bad(61000, 1, "admin", func(c *call.Call) { c.Auth.Marks = call.Odd })))
	f("a server behind a gateway: nobody's are signed", "", 1, repeat(60, func(i int) []*call.Call {
		c := as(chart(from(i*1000, i%5), i), fmt.Sprint("u", i%5))
		none(c)
		return []*call.Call{c}
	}))
	f("alg none for a public page", "", 0, join(credentialed(0, 6), bad(61000, 4, "admin", func(c *call.Call) {
		none(c)
		c.FHIR.Type, c.PHI, c.Delivered = "ValueSet", call.Found{}, nil
	})))
	f("an old token, taken twice", "weak_token Medium rao", 0, join(credentialed(0, 6), bad(61000, 2, "rao", late)))
	f("an old token, taken once", "", 0, join(credentialed(0, 6), bad(61000, 1, "rao", late)))
	f("an old token, refused", "", 0, join(credentialed(0, 6), bad(61000, 5, "rao", func(c *call.Call) {
		no(call.Expired)(c)
	})))
	f("a clock that is wrong", "", 1, repeat(60, func(i int) []*call.Call {
		c := as(chart(from(i*1000, i%5), i), fmt.Sprint("u", i%5))
		late(c)
		return []*call.Call{c}
	}))
	early := func(ahead int) func(*call.Call) {
		return func(c *call.Call) { c.Auth.Marks, c.Auth.Starts = call.NotYet, c.Time+moment(ahead*60000)-moment(0) }
	}
	f("a token of tomorrow, taken twice", "weak_token Medium rao", 0, join(credentialed(0, 6), bad(61000, 2, "rao", early(24*60))))
	f("a token of tomorrow, taken once", "", 0, join(credentialed(0, 6), bad(61000, 1, "rao", early(24*60))))
	f("a token of tomorrow, refused", "", 0, join(credentialed(0, 6), bad(61000, 5, "rao", func(c *call.Call) {
		no(call.NotYet)(c)
		c.Auth.Starts = c.Time + day
	})))
	f("a clock that is ahead by half an hour", "", 0, join(credentialed(0, 6), bad(61000, 9, "rao", early(30))))
	f("a machine that makes its own tokens by a wrong clock", "", 1, join(credentialed(0, 6), bad(61000, 9, "lab", func(c *call.Call) {
		early(300)(c)
		c.Principal.Service = true
	})))
	f("an issuer whose clock is ahead by hours", "", 1, repeat(60, func(i int) []*call.Call {
		c := as(chart(from(i*1000, i%5), i), fmt.Sprint("u", i%5))
		early(300)(c)
		return []*call.Call{c}
	}))
	f("a token that ends while it is in use", "", 1, join(credentialed(0, 6), repeat(6, func(i int) []*call.Call {
		c := as(chart(from(i*10*60000, 9), 500+i), "rao")
		c.Principal.Expires = moment(20 * 60000)
		if i > 2 {
			c.Auth.Marks = call.Expired
		}
		return []*call.Call{c}
	})))
	five := repeat(10, func(i int) []*call.Call {
		return []*call.Call{as(chart(from(i*1000, 100+i%5), 50+i), fmt.Sprint("nurse", i%5))}
	})
	f("alone with a token in the URL", "weak_token Medium rao", 1, join(five, bad(61000, 5, "rao", inURL)))
	f("thrice with a token in the URL", "", 1, join(five, bad(61000, 3, "rao", inURL)))
	f("all with tokens in the URL", "", 1, join(credentialed(0, 6), repeat(60, func(i int) []*call.Call {
		c := as(chart(from(i, i%5), i), fmt.Sprint("u", i%5))
		inURL(c)
		return []*call.Call{c}
	})))
	f("pictures with a token in the URL", "", 0, join(credentialed(0, 6), bad(61000, 9, "rao", func(c *call.Call) {
		inURL(c)
		c.ContentType = "image/jpeg"
	})))
	f("a key in the URL", "", 1, join(credentialed(0, 6), bad(61000, 9, "lab", func(c *call.Call) {
		inURL(c)
		c.Principal.Kind, c.Auth.Scheme = call.APIKey, call.KeyQuery
	})))
}

func TestWeakToken_Copied(t *testing.T) {
	f := func(name, want string, postures int, calls ...[]*call.Call) {
		t.Helper()
		o := judge(t, repeat(len(calls), func(i int) []*call.Call { return calls[i] })...)
		if got := o.first(); got != want || want != "" && o.principals() != 1 || len(o.postures) != postures {
			t.Errorf("%s: %v, postures %v, want %q and %d", name, o.told, o.postures, want, postures)
		}
	}
	signed := func(start, n, people int, signature func(user string) string, change func(*call.Call)) []*call.Call {
		return repeat(n, func(i int) []*call.Call {
			user := fmt.Sprint("u", i%people)
			c := as(chart(from(start+i*1000, 100+i%people), i), user)
			c.Auth.Signature = text(signature(user))
			if change != nil {
				change(c)
			}
			return []*call.Call{c}
		})
	}
	own := func(user string) string { return user }
	as9 := func(c *call.Call) { as(c, "administrator") }
	first := func(string) string { return "u0" }
	f("another payload under the signature of an earlier token, taken", "weak_token High administrator", 0,
		signed(0, 12, 4, own, nil), signed(60000, 1, 1, first, as9))
	f("refused twice", "weak_token Medium administrator", 0, signed(0, 12, 4, own, nil), signed(60000, 2, 1, first, func(c *call.Call) {
		as9(c)
		c.Status, c.PHI, c.Delivered = 401, call.Found{}, nil
	}))
	f("refused once", "", 0, signed(0, 12, 4, own, nil), signed(60000, 1, 1, first, func(c *call.Call) {
		as9(c)
		c.Status, c.PHI, c.Delivered = 401, call.Found{}, nil
	}))
	f("the same tokens again and again, on two servers", "", 0, signed(0, 200, 4, own, func(c *call.Call) {
		c.Server.Addr[15] = byte(10 + c.Objects[0].ID[0]%2)
	}))
	f("a token that is renewed", "", 0, repeat(60, func(i int) []*call.Call {
		c := as(chart(from(i*60000, i%4), i), fmt.Sprint("u", i%4))
		c.Principal.Token += uint64(i / 8)
		c.Auth.Signature = c.Principal.Token * 3
		return []*call.Call{c}
	}))
	f("a gateway that writes one signature into all tokens", "", 0, signed(0, 60, 6, first, nil))
}

func TestSessions(t *testing.T) {
	give := func(n int, value func(i int) string) []*call.Call {
		return repeat(n, func(i int) []*call.Call {
			c := enter(i*30000, i, fmt.Sprint("u", i), fmt.Sprint("p", i), true)
			c.Handed = []call.Handed{{Token: uint64(i + 1), Name: "sid", Value: value(i), Marks: call.IsCookie | call.HTTPOnly}}
			return []*call.Call{c}
		})
	}
	f := func(name, want string, calls []*call.Call) {
		t.Helper()
		o := judge(t, calls...)
		got := ""
		if len(o.postures) > 0 {
			got = o.postures[0]
		}
		if got != want || len(o.told) > 0 {
			t.Errorf("%s: %q, want %q; told %v", name, got, want, o.told)
		}
	}
	const foretold = "weak_token: A server's session ids can be foretold"
	f("a counter", foretold, give(15, func(i int) string { return fmt.Sprint(100234 + 3*i) }))
	f("a clock", foretold, give(15, func(i int) string { return fmt.Sprint(1795676400123 + 30000*i) }))
	f("a short random number", "weak_token: A server's session ids can be guessed", give(30, func(i int) string { return fmt.Sprintf("%05d", text(fmt.Sprint(i))%100000) }))
	f("random", "", give(60, func(i int) string { return fmt.Sprintf("%016x%016x", text(fmt.Sprint(i)), text(fmt.Sprint("x", i))) }))

	try := func(n, pace int, client int, status int, id func(i int) string) []*call.Call {
		return repeat(n, func(i int) []*call.Call {
			c := tool(from(i*pace, client))
			c.Route, c.Path, c.Endpoint, c.Status = "/portal/home", "/portal/home", 33, status
			c.Principal = call.Principal{Key: text(id(i)) | 1, Kind: call.Session, ID: id(i), Token: text(id(i)) | 1}
			c.Auth.Scheme = call.Cookie
			return []*call.Call{c}
		})
	}
	g := func(name, want string, calls []*call.Call) {
		t.Helper()
		if o := judge(t, calls...); o.first() != want || o.principals() > 1 {
			t.Errorf("%s: %v, want %q", name, o.told, want)
		}
	}
	walk := func(i int) string { return fmt.Sprint(100234 + i) }
	random := func(i int) string {
		return fmt.Sprintf("%016x%016x", text(fmt.Sprint("a", i)), text(fmt.Sprint("b", i)))
	}
	g("a walk through session ids", "auth_bruteforce Medium 10.20.0.9", try(12, 1000, 9, 401, walk))
	g("with redirects to the login", "auth_bruteforce Medium 10.20.0.9", try(12, 1000, 9, 302, walk))
	g("many made-up tokens", "auth_bruteforce Medium 10.20.0.9", try(20, 1000, 9, 401, random))
	g("one old session again and again", "", try(200, 1000, 9, 401, func(int) string { return "gone" }))
	g("a few old sessions", "", try(6, 1000, 9, 401, random))
	var restart []*call.Call
	for client := range 60 {
		restart = append(restart, try(3, 20000, client, 401, func(i int) string { return random(client*10 + i) })...)
	}
	g("a server that has forgotten its sessions", "", repeat(1, func(int) []*call.Call { return restart }))
	hit := try(12, 1000, 9, 401, walk)
	won := try(1, 0, 9, 200, func(int) string { return walk(12) })[0]
	won.Time = moment(13000)
	if o := judge(t, append(hit, won)...); len(o.told) < 2 || o.last.Severity != High {
		t.Errorf("a session that was hit is not told: %v", o.told)
	}
}

func TestSessions_Fixation(t *testing.T) {
	o := judge(t, repeat(6, func(i int) []*call.Call {
		bad := enter(i*60000, i, fmt.Sprint("u", i), "x", false)
		c := enter(i*60000+9000, i, fmt.Sprint("u", i), fmt.Sprint("p", i), true)
		c.Status, c.Issued = 302, nil
		c.Auth.Scheme = call.Cookie
		c.Principal = call.Principal{Key: uint64(i + 1), Kind: call.Session, ID: fmt.Sprint("s", i), Token: uint64(i + 1)}
		return []*call.Call{bad, c}
	})...)
	if len(o.postures) != 1 || o.postures[0] != "weak_token: A login keeps the session that was there before it" {
		t.Errorf("%v", o.postures)
	}
}
