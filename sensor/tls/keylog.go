package tls

import "bytes"

// Label says what a secret is for.
type Label uint8

// Labels, as the key log has them (draft-ietf-tls-keylogfile).
const (
	ClientRandom    Label = iota // master secret, TLS 1.2 and before
	ClientEarly                  // CLIENT_EARLY_TRAFFIC_SECRET
	ClientHandshake              // CLIENT_HANDSHAKE_TRAFFIC_SECRET
	ServerHandshake
	ClientTraffic // CLIENT_TRAFFIC_SECRET_0
	ServerTraffic
	Premaster       // PMS_CLIENT_RANDOM: premaster secret
	PremasterCipher // RSA: premaster secret, by the first 8 bytes of its encryption
	SessionID       // RSA Session-ID:… Master-Key:…: master secret, by session id
)

// ID names a secret. Shorter names than a client random are filled up with zeros.
type ID struct {
	Label  Label
	Random [32]byte
}

// Secret is one line of a key log.
type Secret struct {
	ID
	size  uint8
	bytes [64]byte
}

// Value is the secret itself: 16 to 64 bytes.
func (s *Secret) Value() []byte { return s.bytes[:s.size] }

// Line is what a line of a key log turned out to be.
type Line uint8

// Kinds of line.
const (
	Blank Line = iota // empty, or a comment
	Good
	Other // well formed, but of a label that decrypts nothing here: exporter and ECH secrets
	Bad
)

// Secrets is where sessions look secrets up. What Lookup returns is nil when there is none, and is never changed
// afterwards. Version grows when secrets are added; it is 0 while there has never been one.
type Secrets interface {
	Lookup(label Label, random *[32]byte) []byte
	Version() uint64
}

var labels = [...]struct {
	name  string
	label Label
	bytes int // of its name
}{
	{"CLIENT_RANDOM", ClientRandom, 32},
	{"CLIENT_EARLY_TRAFFIC_SECRET", ClientEarly, 32},
	{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", ClientHandshake, 32},
	{"SERVER_HANDSHAKE_TRAFFIC_SECRET", ServerHandshake, 32},
	{"CLIENT_TRAFFIC_SECRET_0", ClientTraffic, 32},
	{"SERVER_TRAFFIC_SECRET_0", ServerTraffic, 32},
	{"PMS_CLIENT_RANDOM", Premaster, 32},
	{"RSA", PremasterCipher, 8},
}

// maxLine is longer than any line that can be Good.
const maxLine = 512

// ParseKeyLog reads one line of an NSS key log into s, which is valid if the line is Good. The line may end in
// CR and LF.
func ParseKeyLog(s *Secret, line []byte) Line {
	line = bytes.TrimSpace(line)
	switch {
	case len(line) == 0 || line[0] == '#':
		return Blank
	case len(line) > maxLine:
		return Bad
	}
	name, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok {
		return Bad
	}
	id, value, ok := bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
	if !ok {
		return Bad
	}
	value = bytes.TrimLeft(value, " ")
	*s = Secret{}
	for i := range labels {
		l := &labels[i]
		if string(name) != l.name {
			continue
		}
		if sid, has := bytes.CutPrefix(id, []byte("Session-ID:")); has && l.label == PremasterCipher {
			id = sid
			if value, ok = bytes.CutPrefix(value, []byte("Master-Key:")); !ok {
				return Bad
			}
			s.Label = SessionID
		} else if len(id) != 2*l.bytes {
			return Bad
		} else {
			s.Label = l.label
		}
		if len(id) == 0 || len(id) > 64 || len(value) < 32 || len(value) > 128 || !unhex(s.Random[:], id) || !unhex(s.bytes[:], value) {
			return Bad
		}
		s.size = uint8(len(value) / 2)
		if (s.Label == ClientRandom || s.Label == SessionID || s.Label == PremasterCipher) && s.size != 48 {
			return Bad
		}
		if s.Label < Premaster && s.size != 32 && s.size != 48 {
			return Bad
		}
		return Good
	}
	if len(id) != 64 || len(value) > 128 || !unhex(s.Random[:], id) || !unhex(s.bytes[:], value) {
		return Bad
	}
	return Other
}

// unhex fills dst from the hexadecimal digits of src, which must fit.
func unhex(dst, src []byte) bool {
	if len(src)%2 != 0 {
		return false
	}
	for i := 0; i < len(src); i += 2 {
		a, b := nibble(src[i]), nibble(src[i+1])
		if a > 15 || b > 15 {
			return false
		}
		dst[i/2] = a<<4 | b
	}
	return true
}

func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}
