package openapi

import "strings"

// node is a place in the paths of one description. A word wins over a parameter, as OpenAPI 3.0.3 has it ("concrete
// definitions are matched first").
type node struct {
	words    map[string]*node
	param    *node
	mixed    []mixed // {id}.json, {id}:archive
	template string  // empty when no path ends here
	ops      []*Operation
}

// mixed is a segment that is a parameter with text around it.
type mixed struct {
	prefix, suffix string
	to             *node
}

// maxWord bounds the word of a path that is compared with those of the description.
const maxWord = 128

// add returns the node of template, made as needed.
func (n *node) add(template string) *node {
	for seg := range strings.SplitSeq(template, "/") {
		if seg != "" {
			n = n.child(seg)
		}
	}
	if n.template == "" {
		n.template = template
	}
	return n
}

func (n *node) child(seg string) *node {
	open, shut := strings.IndexByte(seg, '{'), strings.LastIndexByte(seg, '}')
	switch {
	case open == 0 && shut == len(seg)-1:
		if n.param == nil {
			n.param = &node{}
		}
		return n.param
	case open >= 0 && shut > open:
		m := mixed{prefix: seg[:open], suffix: seg[shut+1:]}
		for _, k := range n.mixed {
			if k.prefix == m.prefix && k.suffix == m.suffix {
				return k.to
			}
		}
		m.to = &node{}
		n.mixed = append(n.mixed, m)
		return m.to
	}
	if n.words == nil {
		n.words = map[string]*node{}
	}
	next := n.words[seg]
	if next == nil {
		next = &node{}
		n.words[seg] = next
	}
	return next
}

// put adds an operation unless the node has one of that method.
func (n *node) put(op *Operation) bool {
	if n.operation(op.Method) != nil {
		return false
	}
	n.ops = append(n.ops, op)
	return true
}

func (n *node) operation(method string) *Operation {
	for _, op := range n.ops {
		if op.Method == method {
			return op
		}
	}
	return nil
}

// find is the node where a path ends, or nil. Segments are read as a server would: empty and "." ones left out, escapes
// undone. Each node is met at most once, so a path costs no more than the description is large. In FHIR no parameter
// begins with $.
func (n *node) find(path string, fhir bool) *node {
	for {
		for len(path) > 0 && path[0] == '/' {
			path = path[1:]
		}
		if path == "" {
			if n.template == "" {
				return nil
			}
			return n
		}
		end := strings.IndexByte(path, '/')
		if end < 0 {
			end = len(path)
		}
		seg := path[:end]
		rest := path[end:]
		if seg == "." {
			path = rest
			continue
		}
		next := n.word(seg)
		if n.param == nil && len(n.mixed) == 0 {
			if next == nil {
				return nil
			}
			n, path = next, rest
			continue
		}
		if next != nil {
			if found := next.find(rest, fhir); found != nil {
				return found
			}
		}
		for _, m := range n.mixed {
			if len(seg) > len(m.prefix)+len(m.suffix) && strings.HasPrefix(seg, m.prefix) && strings.HasSuffix(seg, m.suffix) {
				if found := m.to.find(rest, fhir); found != nil {
					return found
				}
			}
		}
		if n.param == nil || fhir && seg[0] == '$' {
			return nil
		}
		n, path = n.param, rest
	}
}

// word is the child of a segment as sent.
func (n *node) word(seg string) *node {
	if next := n.words[seg]; next != nil || strings.IndexByte(seg, '%') < 0 || len(seg) > maxWord {
		return next
	}
	var buf [maxWord]byte
	out := buf[:0]
	for i := 0; i < len(seg); i++ {
		if seg[i] == '%' && i+2 < len(seg) && hex(seg[i+1]) >= 0 && hex(seg[i+2]) >= 0 {
			out = append(out, byte(hex(seg[i+1])<<4|hex(seg[i+2])))
			i += 2
			continue
		}
		out = append(out, seg[i])
	}
	return n.words[string(out)]
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// versioned is the template of before/VERSION/after for a version other than now.
func (n *node) versioned(before, after, now string) string {
	at := n
	for seg := range strings.SplitSeq(before, "/") {
		if seg == "" {
			continue
		}
		if at = at.word(seg); at == nil {
			return ""
		}
	}
	// The greatest of them, so that the order of the map does not show.
	same, other := "", ""
	for w, next := range at.words {
		if w == now || version(w) < 0 {
			continue
		}
		if found := next.find(after, false); found != nil {
			same = max(same, found.template)
		}
		other = max(other, next.first())
	}
	if same != "" {
		return same
	}
	return other
}

// first is the least template below n, for a version whose paths are others.
func (n *node) first() string {
	best := n.template
	for _, c := range n.words {
		if t := c.first(); t != "" && (best == "" || t < best) {
			best = t
		}
	}
	if n.param != nil {
		if t := n.param.first(); t != "" && (best == "" || t < best) {
			best = t
		}
	}
	return best
}

// Version is where the first version in a path stands, without its slashes, and its number: of v2 2000, of v0.5 500,
// of FHIR's releases, dstu2 or r4b, those that FHIR gives them (https://hl7.org/fhir/directory.html). A word like r4 is
// a release where fhir says that the path is one of FHIR, or it has fhir in it.
// start is -1 when there is none.
func Version(path string, fhir bool) (start, end, number int) {
	for start = 0; start < len(path); start = end + 1 {
		end = len(path)
		if i := strings.IndexByte(path[start:], '/'); i >= 0 {
			end = start + i
		}
		if n := version(path[start:end]); n >= 0 && (fhir || path[start]|0x20 != 'r' || aboutFHIR(path[:start]) || aboutFHIR(path[end:])) {
			return start, end, n
		}
	}
	return -1, -1, 0
}

// aboutFHIR is whether a part of a path has fhir in it; without that r4 is a room as well as a release.
func aboutFHIR(s string) bool {
	for i := 0; i+4 <= len(s); i++ {
		if s[i]|0x20 == 'f' && strings.EqualFold(s[i:i+4], "fhir") {
			return true
		}
	}
	return false
}

// release is the number of the FHIR release that a word names, alone or as HAPI writes it, baseR4; -1 for other words.
func release(w string) int {
	if len(w) > 4 && strings.EqualFold(w[:4], "base") {
		w = w[4:]
	}
	for _, r := range [...]struct {
		name   string
		number int
	}{{"dstu1", 500}, {"dstu2", 1000}, {"stu3", 3000}, {"dstu3", 3000}, {"r2", 1000}, {"r3", 3000}, {"r4", 4000}, {"r4b", 4300}, {"r5", 5000}, {"r6", 6000}} {
		if strings.EqualFold(w, r.name) {
			return r.number
		}
	}
	return -1
}

// version is the number of a word like v2, v0.5 or r4; -1 for other words.
func version(w string) int {
	if len(w) < 2 || len(w) > 9 {
		return -1
	}
	if w[0]|0x20 != 'v' {
		switch w[0] | 0x20 {
		case 'r', 'd', 's', 'b':
			return release(w)
		}
		return -1
	}
	if len(w) > 6 {
		return -1
	}
	major, minor, scale := 0, 0, 0
	for _, c := range []byte(w[1:]) {
		switch {
		case c == '.' && scale == 0 && w[1] != '.':
			scale = 1000
		case c < '0' || c > '9':
			return -1
		case scale == 0:
			major = 10*major + int(c-'0')
		default:
			scale /= 10
			minor += scale * int(c-'0')
		}
	}
	return 1000*major + minor
}
