package http

// Names is a set of the names of header fields that the stages ask for; each is a bit.
type Names uint32

// Names of header fields.
const (
	Told Names = 1 << iota // the set is known: a message has no header of another name that stands here
	Host
	ContentType
	ContentLength
	ContentEncoding
	TransferEncoding
	Expect
	UpgradeName
	SetCookie
	Location
	Origin
	Server
	PoweredBy
	AllowOrigin
	AllowCredentials
	RateLimits // its name begins with r or x and is longer than 8 bytes: one of those that say a rate limit is among them
)

// NameOf is the bit of a header's name, in any case, 0 for others.
func NameOf(name []byte) (n Names) {
	switch len(name) {
	case len("host"):
		n = when(name, "host", Host)
	case len("expect"):
		n = when(name, "expect", Expect) | when(name, "origin", Origin) | when(name, "server", Server)
	case len("upgrade"):
		n = when(name, "upgrade", UpgradeName)
	case len("location"):
		n = when(name, "location", Location)
	case len("set-cookie"):
		n = when(name, "set-cookie", SetCookie)
	case len("content-type"):
		n = when(name, "content-type", ContentType) | when(name, "x-powered-by", PoweredBy)
	case len("content-length"):
		n = when(name, "content-length", ContentLength)
	case len("content-encoding"):
		n = when(name, "content-encoding", ContentEncoding)
	case len("transfer-encoding"):
		n = when(name, "transfer-encoding", TransferEncoding)
	case len("access-control-allow-origin"):
		n = when(name, "access-control-allow-origin", AllowOrigin)
	case len("access-control-allow-credentials"):
		n = when(name, "access-control-allow-credentials", AllowCredentials)
	}
	if len(name) > 8 && (name[0]|0x20 == 'r' || name[0]|0x20 == 'x') {
		n |= RateLimits
	}
	return n
}

func when(name []byte, is string, n Names) Names {
	if EqualFold(name, is) {
		return n
	}
	return 0
}

// Lacks is whether m is known to have no header of any of names. It may have none and that not be known.
func (m *Message) Lacks(names Names) bool { return m.Names&Told != 0 && m.Names&names == 0 }
