package call

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// xmlArgs takes the texts and attributes of an XML text: of elements by the local names on the way with dots, of
// attributes with @ before their name. Nothing is expanded but the five entities of XML and numbers; a document type
// declaration is a value of its own. It is false when there is no element.
func (b *Builder) xmlArgs(ar *Arena, text []byte) bool {
	var ends [maxJSONDepth]int // of the names in b.nameBuf
	b.nameBuf = b.nameBuf[:0]
	depth, elements := 0, 0
	for {
		open := bytes.IndexByte(text, '<')
		if open < 0 {
			return elements > 0
		}
		if v := trimSpace(text[:open]); len(v) > 0 && depth > 0 {
			b.put(ar, InBody, b.nameBuf, b.entities(v), String)
		}
		text = text[open:]
		switch {
		case bytes.HasPrefix(text, []byte("<!--")):
			text = after(text, "-->")
		case bytes.HasPrefix(text, []byte("<![CDATA[")):
			inside, _, _ := bytes.Cut(text[9:], []byte("]]>"))
			if v := trimSpace(inside); len(v) > 0 {
				b.put(ar, InBody, b.nameBuf, v, String)
			}
			text = after(text, "]]>")
		case bytes.HasPrefix(text, []byte("<!")):
			n := declaration(text)
			if len(text) > 3 && bytes.EqualFold(text[2:min(len(text), 9)], []byte("DOCTYPE")) {
				b.put(ar, InBody, nameDoctype, text[:n], String)
			}
			text = text[n:]
		case bytes.HasPrefix(text, []byte("<?")):
			text = after(text, "?>")
		default:
			end := tagEnd(text)
			tag := text[1:end]
			text = text[min(len(text), end+1):]
			if len(tag) == 0 {
				continue
			}
			if tag[0] == '/' {
				depth = max(0, depth-1)
				if depth < len(ends) {
					b.nameBuf = b.nameBuf[:ends[depth]]
				}
				continue
			}
			elements++
			if depth < len(ends) {
				ends[depth] = len(b.nameBuf)
				b.name(localName(tag), "")
			}
			depth++
			b.attributes(ar, tag)
			if tag[len(tag)-1] == '/' {
				depth--
				if depth < len(ends) {
					b.nameBuf = b.nameBuf[:ends[depth]]
				}
			}
		}
	}
}

// name appends one name to b.nameBuf, within its bound.
func (b *Builder) name(name []byte, mark string) {
	if room := maxArgName - len(b.nameBuf) - 1 - len(mark); room > 0 {
		if len(b.nameBuf) > 0 {
			b.nameBuf = append(b.nameBuf, '.')
		}
		b.nameBuf = append(append(b.nameBuf, mark...), name[:min(len(name), room)]...)
	}
}

// attributes takes those of a tag that are not about name spaces.
func (b *Builder) attributes(ar *Arena, tag []byte) {
	rest := tag
	for {
		eq := bytes.IndexByte(rest, '=')
		if eq < 0 {
			return
		}
		key := trimSpace(rest[:eq])
		key = key[bytes.LastIndexAny(key, " \t\r\n")+1:]
		rest = trimSpace(rest[eq+1:])
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return
		}
		value := rest[1 : 1+end]
		rest = rest[end+2:]
		if len(value) == 0 || bytes.HasPrefix(key, []byte("xmlns")) {
			continue
		}
		n := len(b.nameBuf)
		b.name(key[bytes.LastIndexByte(key, ':')+1:], "@")
		b.put(ar, InBody, b.nameBuf, b.entities(value), String)
		b.nameBuf = b.nameBuf[:n]
	}
}

// tagEnd is where the tag at the beginning of text ends: its >, outside quotes; the end of text if there is none.
func tagEnd(text []byte) int {
	var quote byte
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i
		}
	}
	return len(text)
}

// declaration is the length of the <! declaration at the beginning of text, with its internal subset.
func declaration(text []byte) int {
	inside := false
	for i, c := range text {
		switch {
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case c == '>' && !inside:
			return i + 1
		}
	}
	return len(text)
}

// after is what follows the first mark in text.
func after(text []byte, mark string) []byte {
	i := bytes.Index(text, []byte(mark))
	if i < 0 {
		return nil
	}
	return text[i+len(mark):]
}

// entities is v with the predefined entities and numeric references of XML resolved (XML 1.0 sections 4.1 and 4.6).
func (b *Builder) entities(v []byte) []byte {
	if bytes.IndexByte(v, '&') < 0 {
		return v
	}
	out := b.valueBuf[:0]
	for i := 0; i < len(v); i++ {
		if v[i] != '&' {
			out = append(out, v[i])
			continue
		}
		end := bytes.IndexByte(v[i:min(len(v), i+12)], ';')
		c, ok := rune(0), false
		if end > 1 {
			c, ok = entity(v[i+1 : i+end])
		}
		if !ok {
			out = append(out, '&')
			continue
		}
		out = utf8.AppendRune(out, c)
		i += end
	}
	b.valueBuf = out
	return out
}

func entity(name []byte) (rune, bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if name[0] != '#' || len(name) < 2 {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0]|0x20 == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(string(digits), base, 21)
	return rune(n), err == nil
}

func trimSpace(b []byte) []byte { return bytes.Trim(b, " \t\r\n") }
