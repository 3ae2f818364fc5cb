package page

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Role is what somebody may do.
type Role uint8

// Roles, each with all that those before it may.
const (
	Nobody Role = iota
	Analyst
	Operator
)

var roles = [...]string{"nobody", "analyst", "operator"}

func (r Role) String() string { return roles[r] }

// Token lets whoever shows it have a role. Only its hash is kept.
type Token struct {
	Role Role
	Name string // of whoever it was given to, for the audit; may be empty
	sum  [sha256.Size]byte
}

// Tokens are those of one file.
type Tokens []Token

const (
	leastToken = 32 // bytes: nobody guesses one, however often he may try
	mostTokens = 64
	mostName   = 64
)

// ParseTokens reads a line for each token: its role, the token, and after it the name of whom it is for, if it has one.
// Empty lines and those that begin with # are left out. An error tells the line, and no token.
func ParseTokens(text string) (list Tokens, err error) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		word := strings.Fields(line)
		if len(word) == 0 || word[0][0] == '#' {
			continue
		}
		role := Role(max(0, slices.Index(roles[:], word[0])))
		switch {
		case role == Nobody:
			return nil, fmt.Errorf("line %d begins with neither analyst nor operator", n)
		case len(word) == 1 || len(word[1]) < leastToken:
			return nil, fmt.Errorf("line %d: a token has at least %d characters; openssl rand -hex 32 makes one", n, leastToken)
		case len(list) == mostTokens:
			return nil, fmt.Errorf("line %d: there are more than %d tokens", n, mostTokens)
		}
		t := Token{Role: role, Name: clean(strings.Join(word[2:], " ")), sum: sha256.Sum256([]byte(word[1]))}
		if len(t.Name) > mostName {
			return nil, fmt.Errorf("line %d: the name has more than %d bytes", n, mostName)
		}
		if slices.ContainsFunc(list, func(o Token) bool { return o.sum == t.sum }) {
			return nil, fmt.Errorf("line %d: the token stands above too", n)
		}
		list = append(list, t)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no token in it; a line is a role, analyst or operator, and a token")
	}
	return list, nil
}

// find is whose token it is; every one is compared, in a time that does not depend on how much of it is right.
func (list Tokens) find(token string) (found Token) {
	sum := sha256.Sum256([]byte(token))
	for i := range list {
		if subtle.ConstantTimeCompare(sum[:], list[i].sum[:]) == 1 {
			found = list[i]
		}
	}
	return found
}

// gate knows who is logged in.
type gate struct {
	tokens Tokens
	open   bool // who has no token may look
	most   int
	stay   time.Duration

	mu       sync.Mutex
	sessions []session // the oldest first
}

// session is one login. The cookie's hash is kept, not the cookie.
type session struct {
	sum  [sha256.Size]byte
	who  Token
	ends time.Time
}

func newGate(c Config, tokens Tokens, open bool) *gate {
	return &gate{tokens: tokens, open: open, most: c.Sessions, stay: c.Session}
}

// Names of the cookie. The first can be set by this host alone, through TLS (RFC 6265bis, 4.1.3.2).
const (
	cookieTLS   = "__Host-auscult"
	cookiePlain = "auscult" // on loopback, where there may be no TLS
)

func cookieName(r *http.Request) string {
	if r.TLS != nil {
		return cookieTLS
	}
	return cookiePlain
}

// who asks: by his cookie or, as programs do, by a token in the request (RFC 6750).
func (g *gate) who(r *http.Request) Token {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return g.tokens.find(token) // a wrong one is not taken for none
	}
	if c, err := r.Cookie(cookieName(r)); err == nil {
		sum := sha256.Sum256([]byte(c.Value))
		g.mu.Lock()
		defer g.mu.Unlock()
		for i := range g.sessions {
			if subtle.ConstantTimeCompare(sum[:], g.sessions[i].sum[:]) == 1 && time.Now().Before(g.sessions[i].ends) {
				return g.sessions[i].who
			}
		}
	}
	if g.open {
		return Token{Role: Analyst}
	}
	return Token{}
}

// login begins a session for a token; false when it is none.
func (g *gate) login(out http.ResponseWriter, r *http.Request, token string) bool {
	who := g.tokens.find(token)
	if who.Role == Nobody {
		return false
	}
	value := rand.Text()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.sessions) >= g.most {
		g.sessions = slices.Delete(g.sessions, 0, 1)
	}
	g.sessions = append(g.sessions, session{sha256.Sum256([]byte(value)), who, time.Now().Add(g.stay)})
	http.SetCookie(out, &http.Cookie{Name: cookieName(r), Value: value, Path: "/", MaxAge: int(g.stay.Seconds()),
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
	return true
}

func (g *gate) logout(out http.ResponseWriter, r *http.Request) {
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return
	}
	sum := sha256.Sum256([]byte(c.Value))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sessions = slices.DeleteFunc(g.sessions, func(s session) bool { return s.sum == sum })
	http.SetCookie(out, &http.Cookie{Name: cookieName(r), Path: "/", MaxAge: -1, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
}

func (g *gate) expire(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sessions = slices.DeleteFunc(g.sessions, func(s session) bool { return !now.Before(s.ends) })
}

// ours is whether a request names this machine. A page elsewhere whose name was made to lead here does not (DNS
// rebinding): it names itself.
func ours(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	at, err := netip.ParseAddr(name)
	return err == nil && at.Unmap().IsLoopback()
}
