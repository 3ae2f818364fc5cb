package call

// Kind is what a Call tells of.
type Kind uint8

// Kinds.
const (
	HTTP     Kind = iota // an HTTP exchange
	MLLP                 // an HL7 v2 message over MLLP, with its acknowledgement
	LinkOnly             // a connection as a whole: Link says what there is to know, and nothing is judged
)

// Link sums up a connection that carries more, or something else, than plain HTTP: TLS, or HL7 v2 over MLLP. Its
// strings are what the peers sent, bounded.
type Link struct {
	Protocol string    // "tls" or "mllp"
	Bytes    [2]int64  // of the TCP stream: of the client, of the server
	Messages [2]uint64 // MLLP messages, likewise
	Calls    uint32    // calls that were read from it
	TLS      TLS
}

// TLS is what is known of a TLS connection, be it decrypted or not.
type TLS struct {
	Version    string // "1.3"
	Cipher     string // "TLS_AES_128_GCM_SHA256"
	ServerName string // server name indication (RFC 6066 section 3)
	ALPN       string // the protocol agreed on, else the first offered
	JA4        string
	Subject    string   // of the server's certificate
	Issuer     string   // likewise
	Names      []string // its subject alternative names
	Client     string   // subject of the client's certificate
	Resumed    bool
	Decrypted  bool
	Opaque     string // why not all of it was decrypted
}
