package inject

// longest is how much of a value is looked at, in bytes.
const longest = 16 << 10

// Reader looks at values. It keeps room for the one at hand and nothing of those before: what it says is a function
// of the value alone. It belongs to one goroutine.
type Reader struct {
	text   []byte  // the value in normal form
	plain  []byte  // the same, with comments left out rather than made spaces
	tokens []token // of SQL
	lookup []byte  // a Log4j lookup, resolved
	list   *index
}

// New makes a Reader.
func New() *Reader {
	return &Reader{text: make([]byte, 0, longest), plain: make([]byte, 0, longest), tokens: make([]token, 0, longest),
		lookup: make([]byte, 0, maxLookup), list: newIndex()}
}

// Classes without which no family has a form: a value that holds none of them is looked at no further.
const (
	special = Slash | Equals | SingleQuote | DoubleQuote | Semicolon | Paren | Angle | Brace | Bracket | Dollar | Percent |
		Ampersand | Pipe | Backslash | Backtick | Hash | Star | Bang | Control | Beyond
	address = Dot | Colon | Slash
)

// Look says what v shows, of its first 16 kB. It takes time in proportion to the length of v, and allocates only
// for what already looks like SQL.
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
	if all&(Semicolon|Pipe|Ampersand|Backtick|Dollar|Brace|Control) != 0 {
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
	if all&(Control|Percent) != 0 {
		l.lines(v)
	}
	l.serial(v)
	l.target(v)
	return l
}
