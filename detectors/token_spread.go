package detectors

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// spread follows a token that was used at more than two places, by network: who shares a token, or sells it, shows it
// from several that have nothing to do with each other. A pool of proxies shows one program wherever it goes out; a
// device that roams does not come back within minutes.
type spread struct {
	sites [maxSites]site
	n     int
	now   int // index of the site of the last call
}

// site is a network that used a token, by the first address of it.
type site struct {
	place
	entered int // times that the token came here from another site
}

const (
	maxSites    = 6
	spreadSites = 3
	spreadTurns = 2 // into each of them
	spreadTime  = 10 * minute
)

// unrelated is whether two addresses lie in networks of different owners. All private ones (RFC 1918, RFC 4193) are
// the hospital's own: its servers call with their users' tokens.
func unrelated(a, b packet.Addr) bool {
	x, y := a.IP(), b.IP()
	if x.IsPrivate() || y.IsPrivate() {
		return x.IsPrivate() != y.IsPrivate()
	}
	return apart(a, b)
}

// spreadFrom begins with the two places that are known; the third is that of the call at hand.
func spreadFrom(u *tokenUse) *spread {
	s := &spread{}
	for i := range 2 {
		if at := u.at(i); i == 0 || unrelated(u.home.addr, at.addr) {
			s.sites[s.n] = site{place: *at, entered: 1}
			s.n++
		}
	}
	s.now = s.n - 1
	return s
}

// note counts a call where it came from. The site that was used longest ago makes room.
func (s *spread) note(c *call.Call) {
	at := -1
	for i := range s.n {
		if !unrelated(s.sites[i].addr, c.Client.Addr) {
			at = i
			break
		}
	}
	if at < 0 {
		if at = s.n; s.n < maxSites {
			s.n++
		} else {
			at = 0
			for i := range s.sites {
				if s.sites[i].last < s.sites[at].last {
					at = i
				}
			}
		}
		s.sites[at] = site{}
	}
	w := &s.sites[at]
	if w.calls == 0 || c.Time-w.last > spreadTime {
		*w = site{place: place{client: clientKey(c), addr: c.Client.Addr, tls: ciphers(c.Secure.JA4)}}
	}
	if at != s.now || w.entered == 0 {
		w.entered++
		w.lapse = max(w.lapse, c.Time-s.sites[s.now].last)
	}
	w.note(c)
	s.now = at
}

// spread tells whether sites came in turns within minutes, with health data, one of them with a program that none of
// the others has; and how many turns and calls they made.
func (d *tokenReuse) spread(s *spread, now clock.Time) (p parallel, enough bool) {
	other := false
	for i := range s.n {
		a := &s.sites[i]
		if !d.counts(a, now) {
			continue
		}
		p.sites++
		p.turns += a.entered
		p.calls[min(i, 1)] += a.calls
		p.health[min(i, 1)] += a.health
		alone := true
		for j := range s.n {
			b := &s.sites[j]
			alone = alone && (i == j || b.calls == 0 || differ(&a.place, &b.place))
		}
		other = other || alone
	}
	p.other = other
	return p, other && p.sites >= spreadSites
}

// counts is whether a site came again and again of late, for itself.
func (d *tokenReuse) counts(a *site, now clock.Time) bool {
	return a.entered >= spreadTurns && a.health >= spreadTurns && now-a.last <= spreadTime && a.lapse > relayLapse && !d.relay(&a.place)
}
