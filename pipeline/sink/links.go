package sink

import (
	"strconv"

	"auscult/pipeline/ocsf"
	"auscult/sensor/call"
	"auscult/sensor/pseudonym"
)

// LinkLog writes every connection that carried TLS or MLLP as one line of JSON, when it has ended: who talked to
// whom, how much, and what is known of it, be it decrypted or not. TLS keys follow ECS 9.4 (tls.*); ours begin with
// "auscult.". It is a CallLog in all else.
type LinkLog struct{ CallLog }

// OpenLinkLog makes or empties the connection log at path, readable by its owner only.
func OpenLinkLog(path string, names *pseudonym.Names, seed uint16) (*LinkLog, error) {
	l, err := openLog("connection log", path, names, seed)
	if err != nil {
		return nil, err
	}
	return &LinkLog{*l}, nil
}

// WriteCalls writes the connections among batch, in order. They are borrowed until it returns.
func (l *LinkLog) WriteCalls(batch []call.Call) error {
	for i := range batch {
		if batch[i].Kind != call.LinkOnly {
			continue
		}
		if err := l.write(l.Append(l.line[:0], &batch[i])); err != nil {
			return err
		}
	}
	return nil
}

// Append appends the connection of c as a line of JSON.
func (l *LinkLog) Append(b []byte, c *call.Call) []byte {
	k := c.Link
	l.names.At(c.Start)
	b = l.endpoints(b, c)
	b = append(b, `,"network.protocol.name":"`...)
	b = append(append(b, k.Protocol...), '"')
	b = millis(b, `,"auscult.duration_ms":`, int64(c.Duration))
	b = number(b, `,"client.bytes":`, k.Bytes[0])
	b = number(b, `,"server.bytes":`, k.Bytes[1])
	if k.Protocol == "mllp" {
		b = number(b, `,"auscult.mllp.client_messages":`, int64(k.Messages[0]))
		b = number(b, `,"auscult.mllp.server_messages":`, int64(k.Messages[1]))
	} else {
		b = l.tls(b, &k.TLS)
	}
	b = number(b, `,"auscult.calls":`, int64(k.Calls))
	if c.Loss != 0 {
		b = ocsf.AppendLoss(append(b, `,"auscult.loss":`...), c.Loss)
	}
	return append(b, '}', '\n')
}

// tls appends what is known of a TLS connection. A client's certificate names a person as often as a machine.
func (l *LinkLog) tls(b []byte, t *call.TLS) []byte {
	n := l.names
	word := func(key, value string) {
		if value == "" {
			return
		}
		var s int
		b, _ = open(append(b, ',', '"'), key)
		b, s = open(b, `":"`)
		b = ocsf.Seal(n.Word(b, value), s)
	}
	word("tls.version", t.Version)
	word("tls.cipher", t.Cipher)
	word("tls.client.server_name", t.ServerName)
	word("tls.next_protocol", t.ALPN)
	if t.JA4 != "" {
		b = append(append(append(b, `,"tls.client.ja4":"`...), t.JA4...), '"')
	}
	word("tls.server.subject", t.Subject)
	word("tls.server.issuer", t.Issuer)
	if len(t.Names) > 0 {
		b = append(b, `,"tls.server.x509.alternative_names":[`...)
		for i, name := range t.Names {
			if i > 0 {
				b = append(b, ',')
			}
			var s int
			b, s = open(b, `"`)
			b = ocsf.Seal(n.Word(b, name), s)
		}
		b = append(b, ']')
	}
	if t.Client != "" {
		var s int
		b, s = open(b, `,"tls.client.subject":"`)
		b = ocsf.Seal(n.User(b, &call.Principal{Kind: call.MTLS, ID: t.Client}), s)
	}
	b = strconv.AppendBool(append(b, `,"tls.resumed":`...), t.Resumed)
	b = strconv.AppendBool(append(b, `,"auscult.tls.decrypted":`...), t.Decrypted)
	if t.Opaque != "" {
		b = append(append(append(b, `,"auscult.tls.opaque":"`...), t.Opaque...), '"')
	}
	return b
}
