package inject

import "bytes"

// longestHost is the longest name of a host (RFC 1035 section 2.3.4).
const longestHost = 255

// target says where v points a server that would follow it: as a URL, or as the bare address of a host.
func (l *Look) target(v []byte) {
	for len(v) > 0 && v[0] <= ' ' {
		v = v[1:]
	}
	if len(v) < 3 {
		return
	}
	rest, web := v, false
	switch end := schemeEnd(v); {
	case end > 0:
		switch s := v[:end]; {
		case hasFold(s, "http") && end <= 5, hasFold(s, "ws") && end <= 3, hasFold(s, "ftp") && end == 3:
			rest, web = v[end+1:], true
			for len(rest) > 0 && (rest[0] == '/' || rest[0] == '\\') {
				rest = rest[1:]
			}
		case odd(s, v[end+1:]):
			l.Target = OddScheme
			l.Host = hash(v[:end])
			return
		case bytes.HasPrefix(v[end+1:], []byte("//")):
			return // jdbc://, mllp://: settings, not fetched by HTTP
		}
	case bytes.HasPrefix(v, []byte("//")), bytes.HasPrefix(v, []byte(`/\`)):
		rest, web = v[2:], true
	}
	if web && bytes.IndexByte(rest, '|') >= 0 { // system|value of a FHIR search
		l.Target = Outside
		return
	}
	var room [longestHost + 1]byte
	host, port, hidden := authority(room[:0], rest)
	if len(host) == 0 {
		return
	}
	if !web && (hidden || !bytes.Equal(port, []byte{}) && !number(port)) {
		return
	}
	t, disguised, known := place(host)
	if web && !known && t == Private && v[0] == '/' { // a comment
		return
	}
	if !web {
		if !known || disguised || t == Outside {
			return
		}
		if t == Metadata && !bytes.HasSuffix(host, []byte(".254")) && !bytes.HasSuffix(host, []byte("internal")) {
			t = Private // addresses that machines give themselves (RFC 3927)
		}
		l.Bare = true
	}
	l.Target, l.Disguise = t, t >= Private && (disguised || hidden)
	l.Host = hash(host) ^ hash(port)*31
}

// schemeEnd is where the scheme of v ends, at its colon; 0 when it has none.
func schemeEnd(v []byte) int {
	for i, b := range v {
		switch {
		case b == ':' && i > 0:
			return i
		case letter(lower(b)), i > 0 && (digit(b) || b == '+' || b == '-') && i < 16:
		default:
			return 0
		}
	}
	return 0
}

// odd tells whether a scheme is one that a server should never be asked to follow. file: needs a path behind it: the
// word stands before other things too.
func odd(s, rest []byte) bool {
	slashes := len(rest) > 1 && rest[0] == '/'
	for _, name := range [...]string{"file", "gopher", "dict", "tftp", "sftp", "ldap", "ldaps", "smb", "netdoc", "expect", "php", "phar",
		"ssh2", "ogg", "zip", "local_file", "gophers"} {
		if len(s) == len(name) && hasFold(s, name) {
			return slashes || name == "netdoc" && len(rest) > 1
		}
	}
	return len(s) == 3 && hasFold(s, "jar") && (hasFold(rest, "http") || hasFold(rest, "file")) ||
		len(s) == 3 && hasFold(s, "url") && (hasFold(rest, "http") || hasFold(rest, "file"))
}

// authority takes the host and the port from v, up to the path; the host in small letters in room. hidden tells that
// a user part stood before it.
func authority(room, v []byte) (host, port []byte, hidden bool) {
	end := bytes.IndexAny(v, "/?#\\ \t\r\n")
	if end < 0 {
		end = len(v)
	}
	v = v[:end]
	if at := bytes.LastIndexByte(v, '@'); at >= 0 {
		v, hidden = v[at+1:], true
	}
	if len(v) > 0 && v[0] == '[' {
		end := bytes.IndexByte(v, ']')
		if end < 0 {
			return nil, nil, hidden
		}
		host = v[1:end]
		if v = v[end+1:]; len(v) > 0 && v[0] == ':' {
			port = v[1:]
		}
		return host, port, hidden
	}
	if colon := bytes.LastIndexByte(v, ':'); colon >= 0 {
		v, port = v[:colon], v[colon+1:]
	}
	for i := 0; i < len(v) && len(room) < longestHost; i++ {
		b := v[i]
		switch {
		case b == 0xe2 && i+2 < len(v) && v[i+1] == 0x91 && v[i+2] >= 0xa0 && v[i+2] <= 0xa8: // digits in circles, U+2460
			b = v[i+2] - 0xa0 + '1'
			i += 2
		case b == 0xe2 && i+2 < len(v) && v[i+1] == 0x93 && v[i+2] == 0xaa:
			b = '0'
			i += 2
		case b == 0xe3 && i+2 < len(v) && v[i+1] == 0x80 && v[i+2] == 0x82: // U+3002, a full stop
			b = '.'
			i += 2
		case b == '%' && i+2 < len(v):
			c, width := decoded(v[i:])
			b = c
			i += width - 1
		}
		room = append(room, lower(b))
	}
	if len(room) > 1 && room[len(room)-1] == '.' {
		room = room[:len(room)-1]
	}
	return room, port, hidden
}

func number(v []byte) bool {
	for _, b := range v {
		if !digit(b) {
			return false
		}
	}
	return len(v) > 0 && len(v) <= 5
}

// place is the Target of a host. known tells that the host is an address, or a name that means one inside: anything
// else may be any word.
func place(host []byte) (t Target, disguised, known bool) {
	if bytes.IndexByte(host, ':') >= 0 {
		t, disguised = sixth(host)
		return t, disguised, t != Nowhere
	}
	if a, usual, ok := fourth(host); ok {
		return inside(a), !usual, true
	}
	switch string(host) {
	case "localhost", "ip6-localhost", "ip6-loopback", "localhost.localdomain", "loopback":
		return Loopback, false, string(host) != "loopback"
	case "metadata.google.internal", "metadata.goog", "instance-data.ec2.internal", "metadata.azure.internal", "metadata.tencentyun.com":
		return Metadata, false, true
	case "metadata", "instance-data":
		return Metadata, false, false
	}
	for _, name := range [...]string{".localhost", "localtest.me", "lvh.me", "vcap.me", "lacolhost.com", "yoogle.com", "bugbounty.dod.network", "spoofed.burpcollaborator.net", "localdomain.pw", "company.localdomain.pw"} {
		if bytes.HasSuffix(host, []byte(name)) {
			return Loopback, true, true
		}
	}
	for _, name := range [...]string{".nip.io", ".sslip.io", ".xip.io", ".1u.ms", ".rbndr.us", ".xip.name", ".ip6.name"} {
		if bytes.HasSuffix(host, []byte(name)) {
			return rebound(host[:len(host)-len(name)]), true, true
		}
	}
	dot := bytes.LastIndexByte(host, '.')
	if dot < 0 {
		for _, b := range host {
			if !alnum(b) && b != '-' {
				return Nowhere, false, false
			}
		}
		return Private, false, false
	}
	switch string(host[dot+1:]) {
	case "internal", "local", "lan", "intranet", "intra", "corp", "svc", "private", "localdomain":
		return Private, false, true
	}
	for _, b := range host {
		if !alnum(b) && b != '-' && b != '.' && b < 0x80 {
			return Nowhere, false, false
		}
	}
	return Outside, false, false
}

// rebound is the Target of the address that the name of a rebinding service holds: 127.0.0.1, 127-0-0-1, app-7f000001.
func rebound(name []byte) Target {
	var a [4]byte
	n, value, digits, hex := 0, uint32(0), 0, true
	best := Outside
	for i := 0; i <= len(name); i++ {
		if i < len(name) && digit(name[i]) && digits < 3 {
			value, digits = value*10+uint32(name[i]-'0'), digits+1
			continue
		}
		if digits > 0 && value < 256 {
			copy(a[:], a[1:])
			a[3] = byte(value)
			if n++; n >= 4 {
				best = max(best, inside(a))
			}
		} else {
			n = 0
		}
		value, digits = 0, 0
	}
	if last := name[bytes.LastIndexAny(name, ".-")+1:]; len(last) == 8 {
		var x uint32
		for _, b := range last {
			d := hexDigit(b)
			hex = hex && d < 16
			x = x<<4 | uint32(d&15)
		}
		if hex {
			best = max(best, inside([4]byte{byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)}))
		}
	}
	return best
}

// inside is the Target of an IPv4 address.
func inside(a [4]byte) Target {
	switch {
	case a[0] == 127, a[0] == 0:
		return Loopback
	case a[0] == 169 && a[1] == 254, a == [4]byte{100, 100, 100, 200}, a == [4]byte{192, 0, 0, 192}:
		return Metadata
	case a[0] == 10, a[0] == 192 && a[1] == 168, a[0] == 172 && a[1]&0xf0 == 16, a[0] == 100 && a[1]&0xc0 == 64:
		return Private
	}
	return Outside
}

// fourth reads an IPv4 address as inet_aton does: one to four numbers, decimal, octal or hexadecimal, of which the last
// fills the rest. usual tells that it is written as four decimal ones.
func fourth(h []byte) (a [4]byte, usual, ok bool) {
	usual = true
	var parts [4]uint64
	n := 0
	for len(h) > 0 {
		end := bytes.IndexByte(h, '.')
		part := h
		if end >= 0 {
			part, h = h[:end], h[end+1:]
			if len(h) == 0 {
				return a, false, false
			}
		} else {
			h = nil
		}
		if n == 4 || len(part) == 0 || len(part) > 20 {
			return a, false, false
		}
		base, digits := uint64(10), part
		switch {
		case len(part) > 2 && part[0] == '0' && part[1] == 'x':
			base, digits = 16, part[2:]
		case len(part) > 1 && part[0] == '0':
			base, digits = 8, part[1:]
		}
		usual = usual && base == 10
		for _, b := range digits {
			d := uint64(hexDigit(b))
			if d >= base || parts[n] > 1<<40 {
				return a, false, false
			}
			parts[n] = parts[n]*base + d
		}
		n++
	}
	if n == 0 {
		return a, false, false
	}
	usual = usual && n == 4
	for i := range n - 1 {
		if parts[i] > 255 {
			return a, false, false
		}
		a[i] = byte(parts[i])
	}
	last := parts[n-1]
	if last >= 1<<(8*uint(5-n)) {
		return a, false, false
	}
	for i := 3; i >= n-1; i-- {
		a[i] = byte(last)
		last >>= 8
	}
	return a, usual, true
}

// sixth is the Target of an IPv6 address; Nowhere when it is none.
func sixth(h []byte) (t Target, disguised bool) {
	if zone := bytes.IndexByte(h, '%'); zone >= 0 {
		h = h[:zone]
	}
	var w [8]uint16
	n, gap := 0, -1
	for len(h) > 0 {
		if h[0] == ':' {
			if len(h) > 1 && h[1] == ':' && gap < 0 {
				gap, h = n, h[2:]
				continue
			}
			if n == 0 || len(h) == 1 {
				return Nowhere, false
			}
			h = h[1:]
		}
		if dots := bytes.IndexByte(h, '.'); dots >= 0 && bytes.IndexByte(h, ':') < 0 {
			a, _, ok := fourth(h)
			if !ok || n > 6 {
				return Nowhere, false
			}
			w[n], w[n+1] = uint16(a[0])<<8|uint16(a[1]), uint16(a[2])<<8|uint16(a[3])
			n += 2
			break
		}
		i, x := 0, uint16(0)
		for ; i < len(h) && i < 4 && hexDigit(h[i]) < 16; i++ {
			x = x<<4 | uint16(hexDigit(h[i]))
		}
		if i == 0 || n == 8 || i < len(h) && h[i] != ':' {
			return Nowhere, false
		}
		w[n] = x
		n++
		h = h[i:]
	}
	if gap >= 0 {
		copy(w[gap+8-n:], w[gap:n])
		clear(w[gap : gap+8-n])
	} else if n != 8 {
		return Nowhere, false
	}
	four := [4]byte{byte(w[6] >> 8), byte(w[6]), byte(w[7] >> 8), byte(w[7])}
	switch zero := w[0]|w[1]|w[2]|w[3] == 0; {
	case zero && w[4]|w[5]|w[6] == 0 && w[7] <= 1:
		return Loopback, false
	case zero && w[4] == 0 && (w[5] == 0xffff || w[5] == 0), w[0] == 0x64 && w[1] == 0xff9b:
		return inside(four), true
	case w[0] == 0x2002:
		return inside([4]byte{byte(w[1] >> 8), byte(w[1]), byte(w[2] >> 8), byte(w[2])}), true
	case w[0] == 0xfd00 && w[1] == 0xec2, w[0] == 0xfd20 && w[1] == 0xce:
		return Metadata, false
	case w[0]&0xfe00 == 0xfc00, w[0]&0xffc0 == 0xfe80:
		return Private, false
	}
	return Outside, false
}

// localName notes the one name of a host that has no sign at all.
func (l *Look) localName(v []byte) {
	if len(v) == len("localhost") && hasFold(v, "localhost") {
		l.Target, l.Bare, l.Host = Loopback, true, hash([]byte("localhost"))
	}
}

// hash is FNV-1a, 64 bits.
func hash(v []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range v {
		h = (h ^ uint64(lower(b))) * 1099511628211
	}
	return h
}
