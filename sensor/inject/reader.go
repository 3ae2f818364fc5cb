package inject

import "bytes"

const (
	longest = 16 << 10                      // bytes of a value in which anything is looked for
	room    = fits + (windows+1)*len(joint) // bytes looked at closely
)

// Reader looks at values. It keeps room for the one at hand and nothing of those before: what it says is a function
// of the value alone. It belongs to one goroutine.
type Reader struct {
	text   []byte  // the value in normal form
	plain  []byte  // the same, with comments left out rather than made spaces
	tokens []token // of SQL
	lookup []byte  // a Log4j lookup, resolved
	kept   []byte  // of a long value, what is looked at
	list   *index
}

// New makes a Reader.
func New() *Reader {
	return &Reader{text: make([]byte, 0, room), plain: make([]byte, 0, room), tokens: make([]token, 0, room),
		lookup: make([]byte, 0, maxLookup), kept: make([]byte, 0, room), list: newIndex()}
}

// Classes without which no family has a form: a value that holds none of them is looked at no further.
const (
	special = Slash | Equals | SingleQuote | DoubleQuote | Semicolon | Paren | Angle | Brace | Bracket | Dollar | Percent |
		Ampersand | Pipe | Backslash | Backtick | Hash | Star | Bang | Control | Beyond
	address = Dot | Colon | Slash
)

// Look says what v shows, of its first 16 kB; of more than 2 kB, in the places that cut chooses. It takes time in
// proportion to the length of v up to there, and allocates only for what already looks like SQL.
func (r *Reader) Look(v []byte) Look {
	var l Look
	if len(v) > longest {
		v = v[:longest]
	}
	var set Chars
	for _, b := range v {
		set |= classes[b]
	}
	l.Chars = set
	if set&(special|Space) == 0 || len(v) < 3 && set&special != 0 {
		if set&address != 0 {
			if set&Dot != 0 && set&(Lower|Upper) != 0 {
				l.dotted(v)
			}
			l.target(v)
		} else if len(v) >= 5 {
			l.serial(v)
			l.localName(v)
		}
		return l
	}
	if set&special == 0 && !orders(v) { // words and spaces
		return l
	}
	if len(v) > fits {
		v = r.cut(v)
	}
	n := r.normal(v, set)
	l.Chars |= n.set
	all := l.Chars
	r.list.match(r.text, &l)
	if all&(SingleQuote|DoubleQuote|Paren|Equals|Semicolon|Hash|Star|Backtick) != 0 || n.percent > 0 || orders(r.text) {
		r.sql(v, &l, n)
	}
	if all&(Angle|SingleQuote|DoubleQuote|Backtick|Paren|Equals) != 0 {
		l.markup(r.text)
	}
	if all&(Semicolon|Pipe|Ampersand|Backtick|Dollar|Brace|Control) != 0 || all&Slash != 0 && all&(Bang|Bracket|Star) != 0 {
		l.shell(r.text)
	}
	if all&Dot != 0 {
		l.path(r.text, n)
	}
	if all&(Dollar|Paren|Pipe|Ampersand) != 0 {
		l.query(r.text)
	}
	if all&(Brace|Percent|Angle|At) != 0 {
		l.template(r.text)
	}
	if all&Dollar != 0 {
		r.jndi(&l)
	}
	if all&(Control|Percent|Backslash|Beyond) != 0 {
		l.lines(v)
	}
	l.serial(v)
	l.target(v)
	if l.Sure&(Path|Command|SQL) != 0 && prose(r.text) { // it speaks of a file or a command
		l.Sure &^= Path | Command
		if len(r.text) > text {
			l.Sure &^= SQL
		}
	}
	return l
}

const (
	sentence = 6   // words in a row that are nothing but words
	text     = 256 // bytes from which SQL may be an example in it
)

// prose tells whether t has a piece of a sentence: words of letters alone with single spaces between them.
func prose(t []byte) bool {
	words, letters := 0, 0
	for _, b := range t {
		switch {
		case letter(b):
			letters++
		case b == ' ' && letters > 0:
			if words++; words >= sentence {
				return true
			}
			letters = 0
		default:
			words, letters = 0, 0
		}
	}
	return false
}

// dotted looks at a value of letters, digits, dots, slashes and colons alone.
func (l *Look) dotted(v []byte) {
	switch v[0] {
	case '.':
		if bytes.Contains(v, []byte("..0x")) || bytes.HasPrefix(v, []byte("0x2e0x2e")) {
			l.add(Path, true)
		}
	case '0':
		if bytes.HasPrefix(v, []byte("0x2e0x2e")) {
			l.add(Path, true)
		}
	case 'j', 'c', 'o', 'b':
		if class(v) {
			l.add(Template, false)
		}
	}
}

// class tells whether v begins as the name of a class of Java that gives whoever may name one the run of a server.
func class(v []byte) bool {
	for _, name := range [...]string{"java.lang.", "java.io.", "java.net.", "java.util.", "javax.naming", "javax.script", "com.sun.", "com.opensymphony.xwork", "org.apache.commons.collections", "bsh.interpreter", "org.springframework.context"} {
		if hasFold(v, name) {
			return true
		}
	}
	return false
}
