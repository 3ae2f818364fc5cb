package inject

import "bytes"

// serial looks for the first bytes of serialised objects, which make a server build what their sender chose.
func (l *Look) serial(v []byte) {
	if len(v) < 5 {
		return
	}
	switch v[0] {
	case 'r':
		if bytes.HasPrefix(v, []byte("rO0AB")) { // Java, base64 of AC ED 00 05
			l.add(Deserialising, true)
		}
	case 0xac:
		if bytes.HasPrefix(v, []byte{0xac, 0xed, 0x00, 0x05}) {
			l.add(Deserialising, true)
		}
	case 'a':
		if bytes.HasPrefix(v, []byte("aced0005")) {
			l.add(Deserialising, true)
		}
	case 'A':
		if bytes.HasPrefix(v, []byte("AAEAAAD/////")) { // BinaryFormatter of .NET
			l.add(Deserialising, true)
		} else if bytes.HasPrefix(v, []byte("ACED0005")) {
			l.add(Deserialising, true)
		}
	case 'g': // pickle of Python: protocols 2 to 5
		if len(v) >= 16 && v[1] == 'A' && (v[2] == 'S' || v[2] == 'J' || v[2] == 'N') && (v[2] != 'S' || bytes.Contains(v[4:16], []byte("AAAAA"))) &&
			(v[2] == 'S' || v[3] == 'j' || v[3] == 'c') {
			l.add(Deserialising, v[2] == 'S')
		}
	case 'O', 'C':
		if v[1] == ':' && object(v[2:]) { // PHP: O:8:"stdClass":0:{}
			l.add(Deserialising, true)
		}
	case 'B': // Ruby's Marshal of an object or a list, base64 of 04 08
		if len(v) > 12 && (bytes.HasPrefix(v, []byte("BAho")) || bytes.HasPrefix(v, []byte("BAhb"))) {
			l.add(Deserialising, false)
		}
	case 'Y':
		if bytes.HasPrefix(v, []byte("Y3Bvc2l4")) || bytes.HasPrefix(v, []byte("Y29zCnN5c3RlbQ")) { // pickle of protocol 0
			l.add(Deserialising, true)
		}
	}
	if l.Chars&Brace != 0 && l.Chars&DoubleQuote != 0 {
		if i := bytes.Index(v, []byte(";O:")); i >= 0 && object(v[i+3:]) {
			l.add(Deserialising, true)
		}
	}
}

// object tells whether v goes on as the length and name of a class do.
func object(v []byte) bool {
	i := 0
	for i < len(v) && i < 4 && digit(v[i]) {
		i++
	}
	return i > 0 && i+2 < len(v) && v[i] == ':' && v[i+1] == '"' && bytes.Contains(v[i+2:], []byte(`":`))
}
