package call

import (
	"strings"

	"auscult/sensor/fhir"
)

// trie learns which levels of a server's paths are names: a level under one parent with more words than a path
// of an API has becomes a parameter, {name}, for good. Only what the server answered well is learned, so that
// guessing teaches nothing.
type trie struct {
	root  branch
	nodes int
}

type branch struct {
	children map[string]*branch
	rare     int     // children that are words and were seen less than familiar times
	merged   *branch // what follows {name}, once the rare words were too many
	hits     int
}

// familiar is how often a word is seen before it is taken for one of the API's own.
const familiar = 16

const learned = "{name}"

// template rewrites a call whose path has names where others have words, and learns from it. It is done for
// paths that no grammar explains; the templates of FHIR calls are already right.
func (r *Resolver) template(c *Call) {
	if c.FHIR.Interaction != "" || !strings.HasPrefix(c.Route, "/") || strings.HasPrefix(c.Route, "/ws/") {
		return
	}
	if r.cfg.Described != nil && r.described(c) {
		return
	}
	key := serverHash(&c.Server)
	t := r.tries[key]
	if t == nil {
		if !c.OK() {
			return
		}
		if len(r.tries) >= r.cfg.TemplateHosts {
			r.Stats.Hosts++
			return
		}
		t = &trie{}
		r.tries[key] = t
	}
	var names [maxPathIDs]name
	if found := r.walk(t, c, names[:0]); len(found) > 0 {
		r.rewrite(c, found)
	}
}

// name is a segment of a route that turned out to be one, and the word before it.
type name struct {
	start, end int // in Route
	before     string
}

// walk follows the segments of the route down the trie, learning words from a success, and returns the segments
// that are names.
func (r *Resolver) walk(t *trie, c *Call, names []name) []name {
	at := &t.root
	before := ""
	for start := 1; start < len(c.Route) && at != nil; {
		end := len(c.Route)
		if i := strings.IndexByte(c.Route[start:], '/'); i >= 0 {
			end = start + i
		}
		word := c.Route[start:end]
		next := at.children[word]
		if next == nil && c.OK() && (at.merged == nil || literal(word) == 0) {
			next = r.grow(t, at, word)
		}
		if next == nil && at.merged != nil && literal(word) == 1 {
			next = at.merged
			if len(names) < cap(names) {
				names = append(names, name{start, end, before})
			}
		} else {
			before = word
		}
		if next != nil && c.OK() {
			if next.hits++; next.hits == familiar && next != at.merged {
				at.rare -= literal(word)
			}
		}
		at = next
		start = end + 1
	}
	return names
}

// literal is 1 for a word of a route, 0 for a parameter, whose braces may have an extension after them.
func literal(word string) int {
	if strings.HasPrefix(word, "{") {
		return 0
	}
	return 1
}

// grow adds a word below at, and merges the level when it has too many rare ones. It returns nil when the trie
// is full or the word has become a name.
func (r *Resolver) grow(t *trie, at *branch, word string) *branch {
	if t.nodes >= r.cfg.TemplateNodes {
		r.Stats.Nodes++
		return nil
	}
	if literal(word) == 1 && at.rare >= r.cfg.TemplateFanout {
		r.Stats.Merged++
		t.nodes++
		at.merged, at.rare = &branch{}, 0
		for w, child := range at.children {
			if literal(w) == 1 && child.hits < familiar {
				t.nodes -= 1 + child.size()
				delete(at.children, w)
			}
		}
		return nil
	}
	if at.children == nil {
		at.children = make(map[string]*branch)
	}
	b := &branch{}
	at.children[strings.Clone(word)] = b
	at.rare += literal(word)
	t.nodes++
	return b
}

// size is the number of branches below b.
func (b *branch) size() int {
	n := 0
	for _, c := range b.children {
		n += 1 + c.size()
	}
	if b.merged != nil {
		n += 1 + b.merged.size()
	}
	return n
}

// described gives a call the template of the API's description, and takes as names what stands where that has parameters.
// It is false when the description has none, or one that takes for a word what is an identifier.
func (r *Resolver) described(c *Call) bool {
	template := r.cfg.Described.Template(c.Host, c.Path)
	if template == "" {
		return false
	}
	if template == c.Route {
		return true
	}
	var names [maxPathIDs]name
	found := names[:0]
	before := ""
	rest := template
	for start := 1; ; {
		if rest == "" || rest[0] != '/' || start > len(c.Route) {
			return false
		}
		want := rest[1:]
		if i := strings.IndexByte(want, '/'); i >= 0 {
			want = want[:i]
		}
		rest = rest[1+len(want):]
		end := len(c.Route)
		if i := strings.IndexByte(c.Route[start:], '/'); i >= 0 {
			end = start + i
		}
		word := c.Route[start:end]
		switch {
		case strings.IndexByte(want, '{') < 0:
			if word != want {
				return false
			}
			before = word
		case literal(word) == 1 && len(found) < cap(found):
			found = append(found, name{start, end, before})
		}
		if end == len(c.Route) {
			break
		}
		start = end + 1
	}
	if rest != "" {
		return false
	}
	if len(found) > 0 {
		objects := make([]Object, 0, len(c.Objects)+len(found))
		for _, n := range found {
			objects = append(objects, r.object(c, n))
		}
		c.Objects = append(objects, c.Objects...)
	}
	c.Route = template
	var host [256]byte
	c.Endpoint = endpointKey(c.Method, endpointHost(host[:0], c), []byte(c.Route))
	return true
}

// rewrite puts {name} for the names in the route, and the names among the objects.
func (r *Resolver) rewrite(c *Call, names []name) {
	var route strings.Builder
	objects := make([]Object, 0, len(c.Objects)+len(names))
	last := 0
	for _, n := range names {
		route.WriteString(c.Route[last:n.start])
		route.WriteString(learned)
		last = n.end
		objects = append(objects, r.object(c, n))
	}
	route.WriteString(c.Route[last:])
	c.Route = route.String()
	c.Objects = append(objects, c.Objects...)
	var host [256]byte
	c.Endpoint = endpointKey(c.Method, endpointHost(host[:0], c), []byte(c.Route))
}

func (r *Resolver) object(c *Call, n name) Object {
	id := c.Route[n.start:n.end]
	word := []byte(n.before)
	space := spaceOf(word)
	if space == generic {
		space = record
	}
	if fhir.Lookup(word) != 0 {
		space = typeSpace(word)
	}
	kind := typeHash(word)
	return Object{
		Type: n.before, ID: id, Where: InPath, Patient: space == patient || space == business,
		Key: keyIn(space, kind, []byte(id)), Param: paramIn(serverHash(&c.Server), space, kind),
	}
}
