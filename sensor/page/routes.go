package page

import (
	"bytes"
	"embed"
	"encoding/json"
	"html"
	"io/fs"
	"mime"
	"net/http"
	"path"
)

//go:embed web
var web embed.FS

// policy lets the page load from here, and do nothing else: no script or style inside it, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'"

const mostBody = 16 << 10

func (p *Page) routes(requests int) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.role(Analyst, p.index))
	mux.HandleFunc("GET /incident", p.role(Analyst, p.incident))
	mux.HandleFunc("GET /events", p.role(Analyst, p.events))
	mux.HandleFunc("POST /expect", p.role(Operator, p.expect))
	mux.HandleFunc("GET /login", p.loginPage)
	mux.HandleFunc("POST /login", p.login)
	mux.HandleFunc("POST /logout", p.logout)
	files, _ := fs.Glob(web, "web/*") // of such a pattern it cannot fail
	for _, name := range files {
		if ext := path.Ext(name); ext != ".html" {
			text, _ := web.ReadFile(name)
			mux.HandleFunc("GET /"+path.Base(name), asset(text, mime.TypeByExtension(ext)))
		}
	}
	return p.guard(requests, mux)
}

// asset serves a file that says nothing of what is watched.
func asset(text []byte, kind string) http.HandlerFunc {
	return func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", kind)
		out.Header().Set("Cache-Control", "no-cache")
		out.Write(text)
	}
}

// guard refuses what no browser of an analyst sends, and more than requests at a time. Those who follow have a bound of
// their own.
func (p *Page) guard(requests int, next http.Handler) http.Handler {
	places := make(chan struct{}, requests)
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		h := out.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if p.opt.Local && !ours(r.Host) {
			p.count(&p.counts.Foreign)
			http.Error(out, "This page is of this machine alone: ask for it as localhost or 127.0.0.1.", http.StatusMisdirectedRequest)
			return
		}
		if err := cross.Check(r); err != nil {
			p.count(&p.counts.Foreign)
			http.Error(out, "This request comes from another site.", http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(out, r.Body, mostBody)
		if r.URL.Path != "/events" {
			select {
			case places <- struct{}{}:
				defer func() { <-places }()
			default:
				p.busy(out)
				return
			}
		}
		next.ServeHTTP(out, r)
	})
}

func (p *Page) busy(out http.ResponseWriter) {
	p.count(&p.counts.Full)
	out.Header().Set("Retry-After", "5")
	http.Error(out, "Too many ask at a time.", http.StatusServiceUnavailable)
}

// role lets in who has at least the role.
func (p *Page) role(least Role, next func(http.ResponseWriter, *http.Request, Token)) http.HandlerFunc {
	return func(out http.ResponseWriter, r *http.Request) {
		who := p.gate.who(r)
		switch {
		case who.Role >= least:
			next(out, r, who)
			return
		case len(p.opt.Tokens) == 0 && least == Analyst:
			p.count(&p.counts.Denied)
			http.Error(out, "Names are revealed, so this page asks for a token, and there is none: start with --listen-tokens FILE.", http.StatusForbidden)
		case r.URL.Path == "/":
			http.Redirect(out, r, "/login", http.StatusSeeOther)
		case who.Role == Nobody:
			p.count(&p.counts.Denied)
			out.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(out, "Log in first.", http.StatusUnauthorized)
		default:
			p.count(&p.counts.Denied)
			http.Error(out, "Only an operator may do that.", http.StatusForbidden)
		}
	}
}

func (p *Page) index(out http.ResponseWriter, _ *http.Request, _ Token) { p.html(out, "page.html", "") }

// html writes a file, with a message where it has a place for one.
func (p *Page) html(out http.ResponseWriter, name, message string) {
	text, _ := web.ReadFile("web/" + name) // it is embedded
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	out.Write(bytes.Replace(text, []byte("<!--message-->"), []byte(html.EscapeString(message)), 1))
}

func (p *Page) loginPage(out http.ResponseWriter, _ *http.Request) {
	message := ""
	if len(p.opt.Tokens) == 0 {
		message = "There is no token to log in with: start with --listen-tokens FILE."
	}
	p.html(out, "login.html", message)
}

func (p *Page) login(out http.ResponseWriter, r *http.Request) {
	if !p.gate.login(out, r, r.PostFormValue("token")) {
		p.count(&p.counts.Denied)
		out.WriteHeader(http.StatusUnauthorized)
		p.html(out, "login.html", "That is no token of this sensor.")
		return
	}
	p.count(&p.counts.Logins)
	http.Redirect(out, r, "/", http.StatusSeeOther)
}

func (p *Page) logout(out http.ResponseWriter, r *http.Request) {
	p.gate.logout(out, r)
	http.Redirect(out, r, "/", http.StatusSeeOther)
}

// incident is one incident with all that is known of it.
func (p *Page) incident(out http.ResponseWriter, r *http.Request, _ Token) {
	d, ok := p.detail(r.URL.Query().Get("uid"))
	if !ok {
		http.Error(out, "That incident is not kept any more; the alerts have it.", http.StatusNotFound)
		return
	}
	writeJSON(out, &d)
}

func writeJSON(out http.ResponseWriter, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	out.Write(text)
}
