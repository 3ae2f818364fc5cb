package inject

// token is a piece of SQL: from lies in the text where it begins.
type token struct {
	kind     kind
	from, to uint16
}

type kind uint8

// Kinds of token. A quote is a token of its own: a value that breaks out of a string has them unpaired.
const (
	sqlEnd kind = iota
	sqlWord
	sqlNumber
	sqlQuote
	sqlOpen
	sqlClose
	sqlComma
	sqlSemi
	sqlCompare // = < > <> != <=> like rlike regexp in is between
	sqlSign    // + - * / % ^ | ~ ! @ :
	sqlComment // -- # /*
	sqlAnd     // and or xor && || div mod
	sqlNot     // not binary all any some
	sqlNull    // null true false default
	sqlUnion   // union except intersect minus
	sqlAll     // all distinct distinctrow
	sqlSelect
	sqlFrom
	sqlWhere // where having
	sqlOrder // order group
	sqlBy
	sqlCase
	sqlWhen
	sqlThen
	sqlVerb // insert delete drop alter create truncate exec declare shutdown update …
	sqlInto
	sqlSet
	sqlTable // table database schema view …
	sqlFunc  // a function that only SQL has
	sqlWait
	sqlTop // top count
)

// word is the kind of a word.
func word(w []byte) kind {
	switch string(w) {
	case "and", "or", "xor", "div":
		return sqlAnd
	case "not", "binary", "any", "some", "exists":
		return sqlNot
	case "null", "true", "false":
		return sqlNull
	case "union", "except", "intersect":
		return sqlUnion
	case "all", "distinct", "distinctrow":
		return sqlAll
	case "select":
		return sqlSelect
	case "from":
		return sqlFrom
	case "where", "having":
		return sqlWhere
	case "order", "group":
		return sqlOrder
	case "by":
		return sqlBy
	case "case":
		return sqlCase
	case "when":
		return sqlWhen
	case "then":
		return sqlThen
	case "insert", "delete", "drop", "alter", "create", "truncate", "exec", "execute", "declare", "shutdown", "update",
		"replace", "merge", "grant", "call", "begin", "copy", "attach":
		return sqlVerb
	case "into":
		return sqlInto
	case "set":
		return sqlSet
	case "table", "database", "schema", "user", "function", "procedure", "login", "tables":
		return sqlTable
	case "like", "rlike", "regexp", "in", "is", "between", "sounds":
		return sqlCompare
	case "waitfor":
		return sqlWait
	case "top", "count", "limit":
		return sqlTop
	case "sleep", "benchmark", "pg_sleep", "extractvalue", "updatexml", "ascii", "substring", "substr", "mid", "ord", "char",
		"chr", "nchar", "concat", "concat_ws", "group_concat", "cast", "convert", "version", "user_name", "db_name", "load_file",
		"length", "len", "hex", "unhex", "if", "iif", "elt", "ifnull", "nullif", "isnull", "coalesce", "greatest", "least",
		"make_set", "randomblob", "generate_series", "exp", "gtid_subset", "json_keys", "floor", "rand", "md5", "sha1",
		"receive_message", "get_host_address", "get_host_name", "getmappingxpath", "xmltype", "upper", "lower", "rpad", "lpad", "crypt_key",
		"regexp_substring", "current_user", "system_user", "session_user", "xp_cmdshell", "xp_dirtree", "openrowset",
		"get_lock", "sign", "atan2", "quarter", "cot", "cvar", "quote_ident", "query_to_xml", "database_to_xml",
		"to_char", "drithsx", "utl_inaddr", "left", "right", "reverse", "pi", "row", "bin", "host_name", "is_srvrolemember",
		"object_id", "hex_decode", "sqlite_version", "typeof", "instr", "locate", "strcmp", "last_insert_rowid", "sum", "max", "min", "abs",
		"multipoint", "polygon", "geometrycollection", "linestring", "multilinestring", "multipolygon", "name_const", "uuid_to_bin",
		"repeat", "space", "regexp_like", "rownum", "unicode", "bit_length", "octet_length", "char_length", "analyse":
		return sqlFunc
	}
	return sqlWord
}

// tokenize splits t.
func tokenize(dst []token, t []byte) []token {
	dst = dst[:0]
	for i := 0; i < len(t); {
		from, k := i, sqlSign
		switch b := t[i]; {
		case b == ' ' || b == '\n':
			i++
			continue
		case digit(b) || b == '.' && i+1 < len(t) && digit(t[i+1]):
			i, k = numberEnd(t, i), sqlNumber
		case alnum(b) || b == '$' || b >= 0x80:
			i = wordEnd(t, i)
			k = word(t[from:i])
			if k == sqlWord && i+1 < len(t) && t[i] == '\'' && letter(t[i+1]) { // O'Brien, didn't
				if end := wordEnd(t, i+1); word(t[i+1:end]) == sqlWord && (end == len(t) || t[end] != '\'' && t[end] != '<') {
					i = end
				}
			} else if k == sqlWord && i+2 < len(t) && t[i] == '\'' && t[i+1] == ' ' && letter(t[i+2]) && t[i-1] == 's' { // patients' rights
				if end := wordEnd(t, i+2); word(t[i+2:end]) == sqlWord {
					i = end
				}
			}
		default:
			k, i = sign(t, i)
			if k == sqlComment { // to the end of its line, when text follows behind that
				if end := lineEnd(t, i); end > 0 {
					i = end
					continue
				}
			}
		}
		if len(dst) == cap(dst) {
			return dst
		}
		dst = append(dst, token{k, uint16(from), uint16(i)})
	}
	return dst
}

// wordEnd is where the word at t[i] ends.
func wordEnd(t []byte, i int) int {
	for i < len(t) && (alnum(t[i]) || t[i] == '$' || t[i] >= 0x80) {
		i++
	}
	return i
}

// numberEnd is where the number at t[i] ends: 12, 1.5, 1e3, 0x1f; letters behind it are a word of their own (1union).
func numberEnd(t []byte, i int) int {
	if t[i] == '0' && i+2 < len(t) && t[i+1] == 'x' && hexDigit(t[i+2]) < 16 {
		for i += 2; i < len(t) && hexDigit(t[i]) < 16; i++ {
		}
		return i
	}
	for i < len(t) && (digit(t[i]) || t[i] == '.') {
		i++
	}
	if i+1 < len(t) && t[i] == 'e' && digit(t[i+1]) {
		for i++; i < len(t) && digit(t[i]); i++ {
		}
	}
	if i+2 < len(t) && t[i] == '\'' && digit(t[i+1]) { // 5'10", feet and inches
		j := i + 1
		for j < len(t) && (digit(t[j]) || t[j] == ' ' && j == i+1) {
			j++
		}
		if j < len(t) && t[j] == '"' {
			return j + 1
		}
	}
	return i
}

// sign is the kind of what begins with the sign t[i], and where it ends.
func sign(t []byte, i int) (kind, int) {
	next := byte(0)
	if i+1 < len(t) {
		next = t[i+1]
	}
	switch t[i] {
	case '\'', '"', '`':
		return sqlQuote, i + 1
	case '\\':
		if next == '\'' || next == '"' {
			return sqlQuote, i + 2
		}
	case '(':
		return sqlOpen, i + 1
	case ')':
		return sqlClose, i + 1
	case ',':
		return sqlComma, i + 1
	case ';':
		return sqlSemi, i + 1
	case '=', '<', '>':
		for i++; i < len(t) && (t[i] == '=' || t[i] == '>' || t[i] == '<'); i++ {
		}
		return sqlCompare, i
	case '!':
		if next == '=' {
			return sqlCompare, i + 2
		}
		return sqlNot, i + 1
	case '-':
		if next == '-' {
			return sqlComment, i + 2
		}
	case '/':
		if next == '*' {
			return sqlComment, i + 2
		}
	case '#':
		return sqlComment, i + 1
	case '&', '|':
		if next == t[i] {
			return sqlAnd, i + 2
		}
	}
	return sqlSign, i + 1
}

// lineEnd is where the line of a comment ends, if it is short, of letters, and text follows; else 0.
func lineEnd(t []byte, i int) int {
	for end := i; end < len(t) && end < i+64; end++ {
		if t[end] == '\n' && end+1 < len(t) {
			return end + 1
		}
		if !alnum(t[end]) && t[end] != ' ' && t[end] != '-' {
			return 0
		}
	}
	return 0
}
