package inject

import "bytes"

// query looks for operators of MongoDB and others, and for JavaScript in their conditions.
func (l *Look) query(t []byte) {
	open := 0 // brackets
	for i, b := range t {
		switch b {
		case '(':
			open++
		case ')':
			if open--; open < 0 && filter(t[i+1:], i > 0 && t[i-1] == '*') {
				l.add(LDAP, false)
			}
		case '$':
			if operator(t, i) {
				l.add(NoSQL, false)
			}
		case '|', '&':
			if i+1 < len(t) && t[i+1] == b && i+2 < len(t) && identity(t[i+2:]) && bytes.IndexByte(t[:i], '\'') >= 0 {
				l.add(NoSQL, true)
			}
		}
	}
	if l.Families&NoSQL != 0 && len(t) > 2 && t[0] == '\'' && (bytes.Contains(t, []byte("return true")) || bytes.Contains(t, []byte("return(true"))) {
		l.add(NoSQL, true)
	}
}

// filter tells whether behind a bracket that nothing opened t goes on as a filter of LDAP.
func filter(t []byte, star bool) bool {
	if star {
		return len(t) > 1 && (t[0] == ')' || t[0] == '(')
	}
	if len(t) == 2 && t[0] == '(' && (t[1] == '&' || t[1] == '|' || t[1] == '*' || t[1] == '!') {
		return true
	}
	if len(t) < 3 || t[0] != '(' {
		return false
	}
	if t[1] == '|' || t[1] == '&' || t[1] == '!' {
		return t[2] == '(' || t[2] == ')'
	}
	i := 1
	for i < len(t) && alnum(t[i]) {
		i++
	}
	return i > 1 && i < len(t) && t[i] == '='
}

// operator tells whether an operator stands at t[i], as a name or a key.
func operator(t []byte, i int) bool {
	if i > 0 {
		switch t[i-1] {
		case '[', '{', '"', '\'', '.', ',', ' ', '\n', ':':
		default:
			return false
		}
	}
	w := i + 1
	for w < len(t) && (letter(t[w])) {
		w++
	}
	if w < len(t) && t[w] != ']' && t[w] != '"' && t[w] != '\'' && t[w] != ':' && t[w] != ' ' && t[w] != '.' {
		return false
	}
	switch string(t[i:w]) {
	case "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$eq", "$regex", "$where", "$exists", "$or", "$and", "$not", "$nor",
		"$elemmatch", "$expr", "$func", "$function", "$jsonschema", "$type", "$mod", "$all", "$size", "$options", "$accumulator",
		"$unionwith", "$merge", "$out", "$project", "$group":
		return w < len(t) || i == 0
	case "$lookup", "$match": // operations of FHIR too
		return i > 0 && w < len(t)
	}
	return false
}

// identity tells whether t begins with a comparison of a constant with itself, as JavaScript writes it: 1==1, '1'=='1.
func identity(t []byte) bool {
	skip := func() {
		for len(t) > 0 && (t[0] == ' ' || t[0] == '\'' || t[0] == '"' || t[0] == '(') {
			t = t[1:]
		}
	}
	skip()
	if len(t) < 4 || !alnum(t[0]) {
		return false
	}
	a := t[0]
	t = t[1:]
	skip()
	if len(t) < 3 || t[0] != '=' || t[1] != '=' {
		return false
	}
	for len(t) > 0 && t[0] == '=' {
		t = t[1:]
	}
	skip()
	return len(t) > 0 && t[0] == a
}
