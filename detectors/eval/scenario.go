package main

import (
	fnv1a "hash/fnv"
	"math/rand/v2"
	"strconv"

	"auscult/detectors/eval/world"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/inject"
	"auscult/sensor/packet"
)

// scenario is one attack that another detector than those of walks and counts is for.
type scenario struct {
	name  string
	kinds []string // of finding that fit
	about about
	plot  func(*plot)
}

// about is whom a scenario's finding is on.
type about uint8

const (
	attacker about = iota
	atOnce         // on the attacker, and by a target of the plan at the first response
	endpoint       // on an endpoint: any severity, nobody accused
)

// plot is what a scenario puts into a day: calls of a from at on.
type plot struct {
	w    *world.World
	r    *rand.Rand
	look *inject.Reader
	who  int // the account
	at   clock.Time
	from packet.Addr
	lead int // calls of honest people that come first
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

// prelude says that what was put in so far is honest.
func (p *plot) prelude(steps int) { p.lead += steps }

// another is one of the staff who is not the attacker; n tells them apart.
func (p *plot) another(n int) int { return (p.who + 1 + n) % p.w.Staff() }

// request makes a call one to an endpoint that the world has not.
func request(c *call.Call, method, path, route string) {
	c.Method, c.Path, c.Target, c.Query, c.Route, c.Args = method, path, path, "", route, nil
	c.Endpoint = fnv(method + c.Host + route)
	c.FHIR, c.Flags, c.Status = call.FHIR{}, call.HealthAPI, 200
}

// arg adds a value of a request.
func (p *plot) arg(c *call.Call, where call.Where, name, text string) {
	c.Args = append(c.Args, call.Arg{Key: fnv(strconv.Itoa(int(where)) + name), Name: name, Text: text[:min(64, len(text))], Len: len(text),
		Value: fnv(text), Where: where, Look: p.look.Look([]byte(text))})
}

// prop is a property of an answer with a value that grants something.
func prop(name, value string) call.Prop {
	return call.Prop{Key: fnv("prop" + name), Name: name, Value: fnv(value)}
}

// fnv stands for the stable hashes of a call.
func fnv(s string) uint64 {
	h := fnv1a.New64a()
	h.Write([]byte(s))
	return h.Sum64() | 1
}

const requests = "python-requests/2.31.0"
