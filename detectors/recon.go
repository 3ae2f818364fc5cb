package detectors

import (
	"fmt"
	"strconv"
	"strings"

	"auscult/detectors/stats"
	"auscult/sensor/call"
	"auscult/sensor/exposure"
)

// recon finds those who look around: tools that name themselves, word lists tried on a server, and runs of refused
// objects. What is counted of a word list are different paths that are answered with no, not answers: a broken link
// repeats itself. Paths that work for others, files that browsers ask for by themselves, and logins say nothing.
type recon struct {
	*casebook[scout]
	tools toolMemo
	works stats.Set      // endpoints that were answered with success, to anybody
	ways  *lru[deadPath] // paths that were refused, and to whom first
}

// scout is what one caller has tried.
type scout struct {
	paths   stats.CUSUM // evidence from paths
	objects stats.CUSUM // evidence from refused objects
	tried   stats.Set   // paths counted, bounded by triedMost
	ids     stats.Set   // objects counted
	honest  float64     // share of refused objects that was taken for honest when the run began
	unknown int         // paths that are not there
	named   int         // of them, names that attackers look for
	refused int         // objects
	found   int         // operators' interfaces that answered
	tool    string      // that named itself
	toolUse int
	verbs   int // odd methods
}

// deadPath is a path that does not work.
type deadPath struct{ first uint64 }

const (
	// scanHonest and scanAttack are the shares of refusals among different paths, of the honest and of word lists.
	scanHonest, scanAttack = 0.1, 0.9
	// namedNats is what a name that only attackers look for says beside its refusal.
	namedNats = 2
	// knownNats is what a refused path of the API itself says: a client that tries what it may.
	knownNats = 0.7
	// brokenNats is what a path says that does not work for others either.
	brokenNats = 0.3
	// closedNats is what a path says that asks for a credential of one who shows none: a session that has ended does too.
	closedNats = 0.5
	toolCalls  = 3 // of a tool that names itself
	triedMost  = 256
	// objectHonest is the least share of refused objects taken for honest.
	objectHonest = 0.2
)

// probeH is the threshold of paths and of objects: one call in fifty advances them, for a fiftieth of the budget.
func (c Config) probeH() float64 { return max(13.5, stats.Threshold(0.02, 0.02, c.Budget, 1)) }

func newRecon(s *scene) *recon {
	d := &recon{ways: newLRU(s.cfg.Suspects, func(*deadPath) bool { return true }, nil)}
	d.casebook = newCasebook(s, s.cfg.Suspects, d.describe)
	return d
}

func (*recon) Name() string { return "recon_probe" }
func (*recon) Key() Key     { return ByPrincipal }

func (d *recon) count(st *Stats) {
	d.casebook.count(st)
	st.EvictedSuspects += d.ways.evicted
}

// Observe folds one call.
func (d *recon) Observe(dst []Signal, c *call.Call) []Signal {
	if c.Continued || c.Flags&call.Health != 0 {
		return dst
	}
	tool := d.tools.of(c.UserAgent)
	if tool == "" && c.Status < 400 && !oddMethod(c.Method) && !decoy(c) {
		return d.success(dst, c)
	}
	no := refusal(c) || c.Status == 401 && c.Auth.Scheme == call.NoCredential && !d.works.Has(c.Endpoint)
	no = no || decoy(c)
	if tool == "" && (!no && !oddMethod(c.Method) || c.Flags&call.Login != 0) {
		return dst
	}
	f := d.of(callerKey(c))
	p := &f.state
	said := false
	if tool != "" {
		p.tool, p.toolUse = tool, p.toolUse+1
		said = true
	}
	if no || oddMethod(c.Method) {
		said = d.path(p, c) || said
		said = d.object(p, c) || said
	}
	if !said && !f.open(d.scene.now) {
		return dst
	}
	d.note(f, c)
	if !d.guilty(p, c) {
		return dst
	}
	return d.tell(dst, f, c)
}

// guilty tells whether what a caller has tried is enough.
func (d *recon) guilty(p *scout, c *call.Call) bool {
	h := d.scene.cfg.probeH()
	paths := h
	if !human(c) {
		paths = 2 * h // of many people, or of a job with an old configuration
	}
	return p.toolUse >= toolCalls || float64(p.paths) >= paths || float64(p.objects) >= h && human(c)
}

// refusal is an answer that says that there is nothing, or nothing for this caller. 401 says that a session ended.
func refusal(c *call.Call) bool {
	return c.Status == 404 || c.Status == 403 || c.Status == 405 || c.Status == 400 || c.Status == 410 || c.Status == 501
}

// decoy is a file that no application has, in place of which it sends its one page, as it does for every path.
func decoy(c *call.Call) bool {
	if c.Status != 200 || c.Method != "GET" || len(c.ContentType) < 9 || c.ContentType[:9] != "text/html" || c.Answer.Set != 0 {
		return false
	}
	for _, w := range [...]string{"/.env", "/.git", "/.svn", "/.aws", "/.ssh", "/.ht", "/.ds_store", "/web.config", "/phpunit", ".sql", ".bak", ".swp", "/id_rsa"} {
		if i := strings.Index(c.Path, w); i >= 0 && (w[0] == '/' || i+len(w) == len(c.Path)) {
			return true
		}
	}
	return false
}

// oddMethod tells of methods that no client of an API uses.
func oddMethod(m string) bool {
	switch m {
	case "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "":
		return false
	case "TRACE", "TRACK", "PROPFIND", "CONNECT", "DEBUG":
		return true
	}
	return false
}

// success is a call that was answered: the more different ones, the less does a caller look around.
func (d *recon) success(dst []Signal, c *call.Call) []Signal {
	if !c.OK() {
		return dst
	}
	if c.Flags&call.Operator == 0 && d.works.Len() < d.scene.cfg.Endpoints {
		d.works.Add(c.Endpoint)
	}
	if d.files.len() == 0 {
		return dst
	}
	f := d.find(callerKey(c))
	if f == nil {
		return dst
	}
	p := &f.state
	if c.Flags&call.Operator != 0 {
		if c.Answer.Set&(exposure.Management|exposure.Configuration|exposure.Secret) != 0 && p.paths > 0 && p.try(pathKey(c)) {
			p.found++
			d.note(f, c)
			if f.open(d.scene.now) {
				return d.tell(dst, f, c)
			}
		}
		return dst
	}
	if f.open(d.scene.now) {
		return dst
	}
	if p.paths > 0 && p.try(pathKey(c)) {
		p.paths.Add(stats.Bernoulli(false, scanAttack, scanHonest))
	}
	if p.objects > 0 {
		for i := range d.scene.contacts {
			if k := &d.scene.contacts[i]; k.why != again && k.why != created && p.id(k.Key) {
				p.objects.Add(stats.Bernoulli(false, scanAttack, p.honest))
			}
		}
	}
	if p.paths <= 0 && p.objects <= 0 && p.tool == "" && (f.calls > 0 || !p.blank()) {
		d.drop(f)
	}
	return dst
}

// blank tells whether nothing is remembered.
func (p *scout) blank() bool {
	return p.tried.Len() == 0 && p.ids.Len() == 0 && p.unknown|p.named|p.refused|p.found|p.toolUse|p.verbs == 0 &&
		p.paths == 0 && p.objects == 0 && p.honest == 0
}

// path weighs a path that was refused. It tells whether that says anything.
func (d *recon) path(p *scout, c *call.Call) bool {
	if c.Flags&call.Admin != 0 && c.Status == 403 {
		return false // a function that is there, for others
	}
	path := c.Path
	name := sensitive(path)
	if name == "" && usualFile(path) {
		return false
	}
	key := pathKey(c)
	known := d.works.Has(c.Endpoint)
	if name == "" && (len(d.scene.contacts) > 0 || known) {
		key = c.Endpoint // one way with many objects, which object weighs
	}
	if !p.try(key) {
		return false
	}
	odd := oddMethod(c.Method)
	z := stats.Bernoulli(true, scanAttack, scanHonest)
	way, fresh := d.ways.use(key)
	if fresh {
		way.first = callerKey(c)
	}
	switch {
	case name != "" || odd:
	case way.first != callerKey(c), known:
		z = brokenNats
	case c.Status == 401:
		z = closedNats
	case c.Flags&call.HealthAPI != 0:
		z = knownNats
	}
	p.paths.Add(z)
	p.unknown++
	if odd {
		p.verbs++
	}
	if name != "" || odd {
		p.named++
		p.paths.Add(namedNats)
	}
	return true
}

// object weighs refused objects that nothing had delivered to the caller.
func (d *recon) object(p *scout, c *call.Call) bool {
	if c.Status != 404 && c.Status != 403 && c.Status != 410 {
		return false
	}
	said := false
	for i := range d.scene.contacts {
		k := &d.scene.contacts[i]
		if k.list || k.why == again || k.why == delivered || !p.id(k.Key) {
			continue
		}
		if p.objects <= 0 || p.honest == 0 {
			p.honest = d.failing() // as it was before this run, which teaches too
		}
		p.objects.Add(stats.Bernoulli(true, scanAttack, p.honest))
		p.refused++
		said = true
	}
	return said
}

// failing is the share of first contacts that fail the honest of this site, as the scene's groups have learned it.
func (d *recon) failing() float64 {
	g := &d.scene.groups[groupCount]
	return min(0.6, max(objectHonest, 1.5*float64(g.failed+4)/float64(g.tried+40)))
}

func (p *scout) try(key uint64) bool { return p.tried.Len() < triedMost && p.tried.Add(key) }
func (p *scout) id(key uint64) bool  { return p.ids.Len() < triedMost && p.ids.Add(key) }

// describe states a caller's case.
func (d *recon) describe(f *dossier[scout]) Signal {
	p := &f.state
	h := d.scene.cfg.probeH()
	sig := Signal{Detector: d.Name(), Severity: Medium, Confidence: sureness(&f.accused, 80), Threshold: h}
	sig.Score = max(float64(p.paths), float64(p.objects))
	sig.Expected = "Clients ask for what the server has, and for records that a list has given them"
	switch {
	case p.toolUse >= toolCalls:
		sig.Title = fmt.Sprintf("{principal} runs %s, a tool that looks for weaknesses", p.tool)
		sig.Score, sig.Threshold, sig.Confidence = float64(p.toolUse), toolCalls, sureness(&f.accused, 90)
		sig.Expected = "Clients of this server are applications, not scanners; a test that was agreed on belongs on the allow-list"
		sig.Observed = fmt.Sprintf("%s whose User-Agent names %s", count(p.toolUse, "request"), p.tool)
	case float64(p.objects) >= h:
		sig.Title = fmt.Sprintf("{principal} was refused %s in a run, and asked for more", count(p.refused, "different record"))
		sig.Observed = fmt.Sprintf("%s that do not exist or are not for this caller, and that no answer had named to it", count(p.refused, "record"))
	default:
		sig.Title = fmt.Sprintf("{principal} tried %s that the server does not have or does not give", count(p.unknown, "path"))
		sig.Observed = fmt.Sprintf("%s refused, %d of them names that attackers look for", count(p.unknown, "different path"), p.named)
	}
	if p.found > 0 {
		sig.Severity, sig.Confidence = High, sureness(&f.accused, 90)
		sig.Observed += fmt.Sprintf("; %s answered", count(p.found, "interface for operators"))
	}
	sig.Facts = []Fact{{"paths refused", strconv.Itoa(p.unknown)}, {"telling names", strconv.Itoa(p.named)},
		{"records refused", strconv.Itoa(p.refused)}, {"odd methods", strconv.Itoa(p.verbs)}, {"tool", word(p.tool)}}
	return sig
}

func word(w string) string {
	if w == "" {
		return "none named"
	}
	return w
}

// usualFile tells of what browsers and devices ask for by themselves, and of the parts of a page.
func usualFile(path string) bool {
	if strings.HasPrefix(path, "/.well-known/") {
		return true
	}
	last := path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case strings.HasPrefix(last, "apple-touch-icon"), strings.HasPrefix(last, "favicon"), last == "robots.txt", last == "wpad.dat",
		last == "browserconfig.xml", last == "manifest.json", last == "site.webmanifest", last == "sitemap.xml", last == "crossdomain.xml",
		last == "autodiscover.xml", last == "service-worker.js", last == "sw.js", last == "ads.txt", last == "security.txt":
		return true
	}
	dot := strings.LastIndexByte(last, '.')
	if dot < 0 {
		return false
	}
	switch strings.ToLower(last[dot+1:]) {
	case "js", "mjs", "css", "map", "png", "jpg", "jpeg", "gif", "svg", "ico", "webp", "avif", "woff", "woff2", "ttf", "eot", "otf", "mp3", "mp4", "webm", "wasm":
		return true
	}
	return false
}
