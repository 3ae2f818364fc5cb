package inject

import "bytes"

// lines looks for a line of a header behind the end of a line.
func (l *Look) lines(v []byte) {
	for i, b := range v {
		if b != '\n' && b != '\r' && b != '%' && b != '\\' && b != 0x98 && b != 0x8a && b != 0x8d || i+5 >= len(v) {
			continue
		}
		rest := v[i+1:]
		switch {
		case b == '\\': // written out, for what reads it once more
			if v[i+1] != 'n' && v[i+1] != 'r' {
				continue
			}
			rest = v[i+2:]
			for len(rest) > 2 && rest[0] == '\\' && (rest[1] == 'n' || rest[1] == 'r') {
				rest = rest[2:]
			}
		case b >= 0x80 && !cut16(v[:i+1]):
			continue
		}
		if b == '%' {
			if v[i+1] != '0' || lower(v[i+2]) != 'a' && lower(v[i+2]) != 'd' {
				continue
			}
			rest = v[i+3:]
		}
		for n := 0; n < 4 && len(rest) > 0 && (rest[0] == '\n' || rest[0] == '\r' || rest[0] == ' '); n++ {
			rest = rest[1:]
		}
		switch {
		case hasFold(rest, "set-cookie:"), hasFold(rest, "transfer-encoding:"), hasFold(rest, "http/1."), hasFold(rest, "access-control-allow-"):
			l.add(Lines, true)
		case hasFold(rest, "content-length:"), hasFold(rest, "location: http"), hasFold(rest, "location:http"), hasFold(rest, "location: /"), hasFold(rest, "x-forwarded-"), hasFold(rest, "content-type:"),
			hasFold(rest, "refresh:"), hasFold(rest, "link: <"), hasFold(rest, "link:<"), hasFold(rest, "x-content-type-options:"), hasFold(rest, "bcc:"), hasFold(rest, "x-xss-protection:"), hasFold(rest, "x-injected"), hasFold(rest, "x-test:"), hasFold(rest, "x-crlf"), hasFold(rest, "header-test:"),
			hasFold(rest, "cache-control:"), hasFold(rest, "x-frame-options:"), hasFold(rest, "x-powered-by:"), hasFold(rest, "strict-transport-security:"), hasFold(rest, "trailer:"), hasFold(rest, "content-security-policy:"), hasFold(rest, "x-injected:"), hasFold(rest, "<script"), hasFold(rest, "<html"):
			l.add(Lines, false)
		}
	}
}

// cut16 tells whether v ends in a character of which servers that keep eight bits of sixteen make CR or LF: U+560A, U+560D,
// U+010A, U+010D.
func cut16(v []byte) bool {
	return bytes.HasSuffix(v, []byte("\xe5\x98\x8a")) || bytes.HasSuffix(v, []byte("\xe5\x98\x8d")) || bytes.HasSuffix(v, []byte("\xc4\x8a")) || bytes.HasSuffix(v, []byte("\xc4\x8d"))
}
