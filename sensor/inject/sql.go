package inject

import "bytes"

// sql looks for SQL. It asks first for a piece of syntax that a value must have to leave the place it was put in, and
// only then for the words.
func (r *Reader) sql(v []byte, l *Look, n noted) {
	r.tokens = tokenize(r.tokens, r.text)
	s := statement{text: r.text, tokens: r.tokens}
	s.read()
	if n.comment && !s.sure { // UN/**/ION
		r.tokens = tokenize(r.tokens, r.plain)
		plain := statement{text: r.plain, tokens: r.tokens}
		plain.read()
		s.found, s.sure, s.delay = s.found || plain.found, s.sure || plain.sure, max(s.delay, plain.delay)
	}
	if !s.found && s.doubtful() {
		s.found = library(v)
	}
	if s.whole() {
		return
	}
	if s.found {
		l.Families |= SQL
	}
	if s.sure {
		l.Families |= SQL
		l.Sure |= SQL
	}
	l.Delay = max(l.Delay, s.delay)
}

// statement is a value read as the middle of a statement of SQL.
type statement struct {
	text        []byte
	tokens      []token
	found, sure bool
	delay       uint8
	quotes      int
	words       int // that mean nothing to SQL
	comment     bool
	open        int  // brackets before the token at hand
	odd         bool // the number of quotes before it
	syntax      bool // a sign that a statement needs: more than quotes and commas
}

// at is the kind of token i; sqlEnd when there is none.
func (s *statement) at(i int) kind {
	if i < 0 || i >= len(s.tokens) {
		return sqlEnd
	}
	return s.tokens[i].kind
}

func (s *statement) string(i int) []byte {
	if i < 0 || i >= len(s.tokens) {
		return nil
	}
	return s.text[s.tokens[i].from:s.tokens[i].to]
}

// touching tells whether no space lies between tokens i and i+1.
func (s *statement) touching(i int) bool {
	return i >= 0 && i+1 < len(s.tokens) && s.tokens[i].to == s.tokens[i+1].from
}

// over is the first token from i on that is none of the kinds that may stand around an operand.
func (s *statement) over(i int) int {
	for {
		switch s.at(i) {
		case sqlQuote, sqlOpen, sqlClose, sqlNot:
			i++
		case sqlSign:
			if b := s.text[s.tokens[i].from]; b != '-' && b != '+' && b != '~' && b != '@' {
				return i
			}
			i++
		default:
			return i
		}
	}
}

func (s *statement) read() {
	for i := range s.tokens {
		switch s.tokens[i].kind {
		case sqlQuote:
			s.quotes++
		case sqlWord:
			s.words++
		case sqlComment:
			s.comment, s.syntax = true, true
		case sqlCompare, sqlAnd, sqlSemi, sqlOpen, sqlClose, sqlSign:
			s.syntax = true
		}
	}
	for i := range s.tokens {
		switch s.tokens[i].kind {
		case sqlUnion:
			s.union(i)
		case sqlAnd, sqlWhere:
			s.condition(i)
		case sqlSelect:
			s.selection(i)
		case sqlSemi:
			s.stacked(i)
		case sqlFunc:
			s.function(i)
		case sqlOrder:
			s.ordering(i)
		case sqlCase:
			if s.at(i+1) == sqlWhen && (s.at(i+2) == sqlOpen || s.at(i+2) == sqlNumber) {
				s.found = true
				s.sure = s.sure || s.then(i+2)
			}
		case sqlWait:
			if string(s.string(i+1)) == "delay" || string(s.string(i+1)) == "time" {
				s.found, s.sure = true, true
				s.delay = max(s.delay, clockDelay(s.text[s.tokens[i+1].to:]))
			}
		case sqlComment:
			s.cut(i)
		case sqlCompare:
			s.comparison(i)
		case sqlQuote:
			s.brokenOff(i)
		}
		switch s.tokens[i].kind {
		case sqlOpen:
			s.open++
		case sqlClose:
			s.open--
		case sqlQuote:
			s.odd = !s.odd
		}
	}
}

// union: UNION [ALL] SELECT and what may be selected.
func (s *statement) union(i int) {
	j := i + 1
	for k := s.at(j); k == sqlAll || k == sqlOpen || k == sqlSign || k == sqlNot; k = s.at(j) {
		j++
	}
	if s.at(j) == sqlWord && string(s.string(j)) == "values" && (s.at(j+1) == sqlOpen || s.at(j+2) == sqlOpen) {
		s.found, s.sure = true, true
	}
	if s.at(j) != sqlSelect {
		return
	}
	switch s.at(j + 1) {
	case sqlEnd:
		s.found = true
	case sqlWord: // UNION SELECT name, or a committee
		for k := j + 2; k < j+24; k++ {
			if x := s.at(k); x == sqlComma || x == sqlFrom || x == sqlComment || x == sqlOpen {
				s.found, s.sure = true, true
			}
		}
	default:
		s.found, s.sure = true, true
	}
}

// condition: AND, OR, WHERE or HAVING with a comparison of constants, a query or a function of SQL behind it.
func (s *statement) condition(i int) {
	j := s.over(i + 1)
	quoted := s.quoted(i+1, j)
	broken := s.broken(i)
	switch a := s.at(j); a {
	case sqlSelect:
		s.found = s.found || broken && s.quotes > 0 || s.at(j-1) == sqlOpen && s.at(j+1) != sqlWord
	case sqlFunc:
		if s.at(j+1) == sqlOpen && (broken || s.touching(j)) && (s.at(j+2) != sqlWord || s.quotes > 0 && string(s.string(j)) != "sleep") {
			s.found = true
			s.sure = s.sure || broken && s.quotes > 0 && s.touching(j)
		}
	case sqlCase:
		s.found = s.found || broken
	case sqlNumber, sqlNull, sqlWord, sqlEnd:
		empty := a == sqlEnd || a == sqlWord && !quoted
		if a == sqlWord && !quoted {
			return
		}
		k := j
		if !empty {
			k = s.over(j + 1)
		}
		if s.at(k) != sqlCompare { // or 1 --, ' or true#
			x := s.at(k)
			if broken && a != sqlWord && a != sqlEnd && (s.quotes > 0 || s.comment) && (x == sqlComment && (s.at(i-1) == sqlQuote || s.last(k)) || x == sqlEnd || x == sqlSemi) {
				s.found = true
				s.sure = s.sure || s.at(i-1) == sqlQuote && x == sqlComment
			}
			return
		}
		op := s.string(k)
		if !letter(op[0]) && op[0] != '=' && op[0] != '!' && len(op) < 2 && !quoted && !broken || op[0] == '=' && len(op) == 2 && op[1] == '>' {
			return // more or less: people write that too
		}
		for s.at(k+1) == sqlCompare && letter(s.string(k + 1)[0]) || s.at(k+1) == sqlNull && string(s.string(k)) == "is" { // NOT LIKE, IS NULL
			k++
		}
		m := s.over(k + 1)
		right := s.at(m)
		if !quoted && s.at(m+1) == sqlWord && s.at(k+1) != sqlQuote { // 1 or 2 = 2 tabs
			return
		}
		switch {
		case right == sqlEnd && s.quoted(k+1, m), right == sqlFunc && s.at(m+1) == sqlOpen, right == sqlSelect, right == sqlCase:
			s.found = true
			s.sure = s.sure || broken
		case quoted && (right == sqlWord || right == sqlNumber || right == sqlNull) && s.quoted(k+1, m) && s.at(j+1) == sqlQuote:
			s.found = true
			s.sure = s.sure || broken
		case a == sqlNumber && right == sqlNumber, a == sqlNull && right == sqlNull, quoted && a == sqlNumber && right == sqlQuote:
			s.found = true
			s.sure = s.sure || broken || bytes.Equal(s.string(j), s.string(m)) && len(s.string(j)) > 2
		}
	case sqlCompare: // ' or '='
		if quoted && s.quoted(j+1, s.over(j+1)) {
			s.found = true
			s.sure = s.sure || broken
		}
	}
}

// last tells whether no more than a word follows the comment at token i.
func (s *statement) last(i int) bool { return s.at(i+1) == sqlEnd || s.at(i+2) == sqlEnd }

// quoted tells whether a quote is among tokens i to j.
func (s *statement) quoted(i, j int) bool {
	for ; i < j; i++ {
		if s.at(i) == sqlQuote {
			return true
		}
	}
	return false
}

// broken tells whether the value seems to leave its place before token i, which is the one at hand: by a quote or a bracket that nothing in it
// has opened, or as a number.
func (s *statement) broken(i int) bool {
	switch s.at(i - 1) {
	case sqlNumber:
		return i == 1 || s.at(i-2) == sqlSign && i == 2 || s.at(i-2) == sqlQuote
	case sqlQuote, sqlClose:
		return s.open < 0 || s.odd
	case sqlNull, sqlComment:
		return i <= 2
	}
	return i == 0
}

// selection: a query inside of the value: SELECT behind a bracket or a sign, and what SQL only would select.
func (s *statement) selection(i int) {
	inner := s.at(i-1) == sqlOpen || s.at(i-1) == sqlSemi || s.at(i-1) == sqlSign && s.touching(i-1)
	j := i + 1
	for s.at(j) == sqlAll || s.at(j) == sqlOpen || s.at(j) == sqlQuote {
		j++
	}
	switch k := s.at(j); k {
	case sqlCase, sqlFunc, sqlTop, sqlNumber, sqlNull, sqlSign, sqlSelect:
		if inner && (k != sqlFunc || s.at(j+1) == sqlOpen) && (k != sqlNumber || s.at(j+1) != sqlWord) || k == sqlSign && s.text[s.tokens[j].from] == '@' {
			s.found = true
		}
		if k == sqlSign && s.at(j+1) == sqlFrom || s.from(j) && (k == sqlFunc || k == sqlTop) && s.at(j+1) == sqlOpen {
			s.found = true
		}
		s.sure = s.sure || inner && s.found && (s.from(j) || k == sqlCase || k == sqlFunc)
	case sqlWord:
		if s.from(j) && (inner || s.at(j+1) == sqlComma) {
			s.found = true
		}
	}
}

// from tells whether FROM follows soon behind token i.
func (s *statement) from(i int) bool {
	for j := i; j < i+32 && j < len(s.tokens); j++ {
		if s.tokens[j].kind == sqlFrom {
			return s.at(j+1) != sqlWord || s.at(j+2) != sqlWord // FROM a table, not from the list
		}
	}
	return false
}

// then tells whether THEN follows soon behind token i.
func (s *statement) then(i int) bool {
	for j := i; j < i+48 && j < len(s.tokens); j++ {
		if s.tokens[j].kind == sqlThen {
			return true
		}
	}
	return false
}

// stacked: a statement behind a semicolon.
func (s *statement) stacked(i int) {
	switch s.at(i + 1) {
	case sqlVerb:
		verb, next := string(s.string(i+1)), s.at(i+2)
		switch {
		case next == sqlTable && verb != "update", next == sqlInto && s.at(i+3) == sqlWord && s.at(i+4) != sqlWord, verb == "delete" && next == sqlFrom && (s.at(i+4) == sqlWhere || s.at(i+4) == sqlComment || s.at(i+4) == sqlSemi || s.at(i+4) == sqlEnd),
			verb == "declare" && next == sqlSign, verb == "update" && s.at(i+3) == sqlSet && s.at(i+5) == sqlCompare,
			(verb == "exec" || verb == "execute") && (next == sqlOpen || next == sqlWord && hasPrefix(s.string(i+2), "sp_", "xp_", "master")),
			verb == "exec" && next == sqlFunc, verb == "shutdown" && (next == sqlComment || next == sqlEnd) && s.broken(i),
			verb == "call" && next == sqlWord && s.at(i+3) == sqlOpen && s.touching(i+2), verb == "copy" && (next == sqlOpen || s.at(i+3) == sqlFrom || string(s.string(i+3)) == "to"),
			verb == "begin" && s.at(i+2) == sqlWord && s.at(i+3) == sqlSign:
			s.found, s.sure = true, true
		}
	case sqlSelect:
		switch s.at(i + 2) {
		case sqlFunc, sqlOpen, sqlTop, sqlNumber, sqlCase, sqlNull, sqlSign:
			s.found, s.sure = true, true
		case sqlWord:
			s.found = s.found || s.from(i+2)
		}
	case sqlFunc:
		s.found = s.found || string(s.string(i+1)) == "if" && s.at(i+2) == sqlOpen && s.broken(i)
	}
}

func hasPrefix(w []byte, prefixes ...string) bool {
	for _, p := range prefixes {
		if len(w) >= len(p) && string(w[:len(p)]) == p {
			return true
		}
	}
	return false
}

// function: what only a database has, called.
func (s *statement) function(i int) {
	if s.at(i+1) != sqlOpen {
		return
	}
	k := s.at(i + 2)
	switch name := string(s.string(i)); name {
	case "sleep", "pg_sleep":
		if j := s.over(i + 2); s.at(j) == sqlNumber && (s.at(j+1) == sqlClose || s.at(j+1) == sqlQuote || s.at(j+1) == sqlSign || s.at(j+1) == sqlEnd) {
			s.found = s.found || name != "sleep" || s.touching(i)
			s.sure = s.sure || s.found && s.touching(i) && (name != "sleep" || s.quotes > 0 || s.at(i-1) != sqlWord && i > 0 && s.at(i-1) != sqlComma)
			s.delay = max(s.delay, seconds(s.string(j)))
		} else if s.at(j) == sqlFunc && s.at(j+1) == sqlOpen || s.at(j) == sqlSelect {
			s.found, s.sure = true, true
		}
	case "benchmark":
		if k == sqlNumber && s.at(i+3) == sqlComma {
			s.found, s.sure = true, true
			s.delay = max(s.delay, 1)
		}
	case "receive_message":
		s.found, s.sure = true, true
		for j := i + 2; j < i+24; j++ {
			if s.at(j) == sqlNumber && s.at(j+1) == sqlClose && s.at(j-1) == sqlComma {
				s.delay = max(s.delay, seconds(s.string(j)))
			}
		}
	case "get_lock":
		if s.at(i+2) == sqlQuote {
			s.found, s.sure = true, true
		}
	case "extractvalue", "updatexml", "gtid_subset", "json_keys", "xp_cmdshell", "xp_dirtree", "getmappingxpath", "xmltype",
		"get_host_address", "get_host_name", "load_file", "query_to_xml", "database_to_xml", "drithsx", "crypt_key",
		"regexp_substring", "openrowset", "name_const", "is_srvrolemember", "randomblob", "make_set", "group_concat":
		s.found = true
		s.sure = s.sure || k != sqlClose && k != sqlEnd
	case "char", "chr", "nchar":
		if k == sqlNumber && s.at(i+3) == sqlClose && (s.at(i+4) == sqlSign || s.at(i+4) == sqlAnd) && s.at(i+5) == sqlFunc {
			s.found, s.sure = true, true
		}
	case "concat", "concat_ws", "elt", "cast", "convert", "unhex", "hex", "if", "iif", "ascii", "ord", "substring", "substr", "mid", "exp", "floor", "length":
		if k == sqlSelect || k == sqlOpen && s.at(i+3) == sqlSelect || k == sqlNumber && len(s.string(i+2)) > 4 && s.text[s.tokens[i+2].from+1] == 'x' {
			s.found = true
			s.sure = s.sure || k != sqlNumber
		}
		if k == sqlFunc && s.at(i+3) == sqlOpen && (s.quotes > 0 || s.comment) {
			s.found = true
		}
	}
}

// ordering: ORDER BY with a number, or GROUP BY, behind what left its place.
func (s *statement) ordering(i int) {
	if s.at(i+1) != sqlBy {
		return
	}
	j := s.over(i + 2)
	if end := s.at(j + 1); s.at(j) == sqlNumber && (end == sqlEnd || end == sqlComment || end == sqlComma) {
		if s.broken(i) || end == sqlComment {
			s.found = true
			s.sure = s.sure || end == sqlComment
		}
	} else if s.broken(i) && s.quotes > 0 && (end == sqlComment || s.at(j) == sqlOpen || s.at(i+2) == sqlSign) {
		s.found = true
	}
}

// cut: a comment right behind a quote or bracket that nothing has opened: admin'--
func (s *statement) cut(i int) {
	if !s.broken(i) || s.at(i-1) == sqlNumber && !s.touching(i-1) {
		return
	}
	last := s.at(i+1) == sqlEnd || s.at(i+2) == sqlEnd && s.at(i+1) != sqlQuote || s.at(i+1) == sqlSign
	switch s.at(i - 1) {
	case sqlQuote, sqlClose:
		if last && s.quotes > 0 && (s.touching(i-1) || s.at(i+1) == sqlEnd) {
			s.found = true
		}
	case sqlNumber:
		if i == 1 && last && s.at(i+1) == sqlEnd && s.tokens[i].to-s.tokens[i].from == 2 {
			s.found = s.found || string(s.string(i)) == "/*"
		}
	}
	if s.at(i-1) == sqlSemi && s.quotes%2 == 1 && last {
		s.found = true
	}
}

// comparison: two constants around a sign of comparison, each in quotes of which the value has only a part:
// '=' and 1'='1.
func (s *statement) comparison(i int) {
	if s.at(i-1) == sqlQuote && s.at(i+1) == sqlQuote && s.quotes <= 4 && i <= 3 && (i > 1 || !letter(s.string(i)[0])) { // not a word in quotes
		lone := s.at(i-2) == sqlEnd || s.at(i-3) == sqlEnd && s.at(i-2) != sqlQuote
		rest := s.at(i+2) == sqlEnd || s.at(i+3) == sqlEnd
		if lone && rest && bytes.Equal(s.string(i-1), s.string(i+1)) {
			s.found = true
		}
	}
}

// brokenOff: quotes of two kinds and brackets in a heap, as scanners send to see an error: ")'.,((",
func (s *statement) brokenOff(i int) {
	if i > 0 && s.at(i-1) == sqlQuote || s.found {
		return
	}
	heap, kinds := 0, 0
	for j := i; j < len(s.tokens) && j < i+12; j++ {
		b := s.text[s.tokens[j].from]
		switch b {
		case '\'':
			kinds |= 1
		case '"':
			kinds |= 2
		case '(', ')':
			kinds |= 4
		case '<', '>':
			kinds |= 8
		case ',', '.', ';', '#', '\\', '`':
		default:
			j = len(s.tokens)
			continue
		}
		heap++
	}
	if single := kinds & 3; single == 3 && heap >= 3 && kinds > 3 || heap >= 5 && kinds >= 5 && single != 0 && s.words <= 1 {
		s.found = true
	}
}

// whole tells whether the value is a statement from its first word on, as a console sends it: it leaves no place.
func (s *statement) whole() bool {
	k := s.at(0)
	return (k == sqlSelect || k == sqlVerb && s.at(1) != sqlEnd) && s.open == 0 && !s.odd && s.at(len(s.tokens)-1) != sqlComment
}

// asked is the longest text that the library is asked about: it takes three times the time of all the rest.
const asked = 256

// doubtful tells whether the library is worth asking: signs that break out, and few words of prose.
func (s *statement) doubtful() bool {
	return s.words <= 3 && s.quotes > 0 && s.syntax && len(s.tokens) >= 3 && len(s.text) <= asked
}

// seconds is a number of seconds as a Delay.
func seconds(w []byte) uint8 {
	n := 0
	for _, b := range w {
		if !digit(b) || n > 255 {
			break
		}
		n = n*10 + int(b-'0')
	}
	return uint8(min(n, 255))
}

// clockDelay is the seconds of WAITFOR DELAY '0:0:5'.
func clockDelay(t []byte) uint8 {
	n, part, any := 0, 0, false
	for i, b := range t {
		switch {
		case digit(b):
			part, any = min(part*10+int(b-'0'), 1000), true
		case b == ':':
			n, part = min((n+part)*60, 100000), 0
		case any || i > 8:
			return uint8(min(n+part, 255))
		}
	}
	return uint8(min(n+part, 255))
}
