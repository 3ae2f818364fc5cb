package inject

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
