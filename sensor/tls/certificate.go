package tls

import (
	"crypto/sha256"
	"net/netip"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Certificate is what a certificate says of its holder. Nothing of it is verified. It is never changed, and may
// be kept.
type Certificate struct {
	Subject string   // common name, or the organisation if there is none
	Issuer  string   // the same of who issued it
	Names   []string // subject alternative names: DNS names, IP and mail addresses, URIs; Config.Names of them
	More    int      // names that were not kept
}

// maxCertificate is the largest certificate that is read.
const maxCertificate = 64 << 10

// certificate reads a DER certificate, or takes it from memory. Nil if it is not one.
func (pool *Pool) certificate(der []byte) *Certificate {
	if len(der) > maxCertificate {
		pool.Stats.BadCerts++
		return nil
	}
	sum := sha256.Sum256(der)
	if c, ok := pool.certs[sum]; ok {
		if c == nil {
			pool.Stats.BadCerts++
		}
		return c
	}
	c := parseCertificate(der, pool.cfg.Names, pool.cfg.NameBytes)
	if c == nil {
		pool.Stats.BadCerts++
	}
	if len(pool.certs) >= pool.cfg.Certificates {
		clear(pool.certs)
	}
	pool.certs[sum] = c
	return c
}

// parseCertificate reads the parts of an X.509 certificate that name people and machines (RFC 5280 section 4.1).
func parseCertificate(der []byte, names, size int) *Certificate {
	in := cryptobyte.String(der)
	var cert, tbs, issuer, subject, skip cryptobyte.String
	if !in.ReadASN1(&cert, asn1.SEQUENCE) || !cert.ReadASN1(&tbs, asn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(asn1.Tag(0).ContextSpecific().Constructed()) || // version
		!tbs.SkipASN1(asn1.INTEGER) || // serial number
		!tbs.SkipASN1(asn1.SEQUENCE) || // signature algorithm
		!tbs.ReadASN1(&issuer, asn1.SEQUENCE) ||
		!tbs.SkipASN1(asn1.SEQUENCE) || // validity
		!tbs.ReadASN1(&subject, asn1.SEQUENCE) ||
		!tbs.SkipASN1(asn1.SEQUENCE) || // public key
		!tbs.SkipOptionalASN1(asn1.Tag(1).ContextSpecific()) || !tbs.SkipOptionalASN1(asn1.Tag(2).ContextSpecific()) {
		return nil
	}
	c := &Certificate{Subject: commonName(subject, size), Issuer: commonName(issuer, size)}
	var present bool
	var extensions cryptobyte.String
	if !tbs.ReadOptionalASN1(&skip, &present, asn1.Tag(3).ContextSpecific().Constructed()) || !present ||
		!skip.ReadASN1(&extensions, asn1.SEQUENCE) {
		return c
	}
	for !extensions.Empty() {
		var ext, id, value, list cryptobyte.String
		if !extensions.ReadASN1(&ext, asn1.SEQUENCE) || !ext.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) ||
			!ext.SkipOptionalASN1(asn1.BOOLEAN) || !ext.ReadASN1(&value, asn1.OCTET_STRING) {
			return c
		}
		if string(id) == "\x55\x1d\x11" && value.ReadASN1(&list, asn1.SEQUENCE) { // 2.5.29.17 subjectAltName
			c.addNames(list, names, size)
		}
	}
	return c
}

// addNames reads GeneralNames (RFC 5280 section 4.2.1.6).
func (c *Certificate) addNames(list cryptobyte.String, names, size int) {
	for !list.Empty() {
		var name cryptobyte.String
		var tag asn1.Tag
		if !list.ReadAnyASN1(&name, &tag) {
			return
		}
		var text string
		switch tag {
		case asn1.Tag(1).ContextSpecific(), asn1.Tag(2).ContextSpecific(), asn1.Tag(6).ContextSpecific():
			text = clean(name, size)
		case asn1.Tag(7).ContextSpecific():
			if ip, ok := netip.AddrFromSlice(name); ok {
				text = ip.String()
			}
		}
		if text == "" {
			continue
		}
		if len(c.Names) >= names {
			c.More++
			continue
		}
		c.Names = append(c.Names, text)
	}
}

// commonName is the last common name in a Name, else its last organisation.
func commonName(rdns cryptobyte.String, size int) string {
	var cn, org string
	for !rdns.Empty() {
		var set, attr, id, value cryptobyte.String
		var tag asn1.Tag
		if !rdns.ReadASN1(&set, asn1.SET) || !set.ReadASN1(&attr, asn1.SEQUENCE) ||
			!attr.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) || !attr.ReadAnyASN1(&value, &tag) {
			break
		}
		if tag == asn1.Tag(30) { // BMPString: UTF-16
			var b strings.Builder
			for i := 0; i+1 < len(value); i += 2 {
				b.WriteRune(rune(value[i])<<8 | rune(value[i+1]))
			}
			value = cryptobyte.String(b.String())
		}
		switch string(id) {
		case "\x55\x04\x03":
			cn = clean(value, size)
		case "\x55\x04\x0a":
			org = clean(value, size)
		}
	}
	if cn != "" {
		return cn
	}
	return org
}

// clean is at most size bytes of b as text: valid UTF-8 without control characters.
func clean(b []byte, size int) string {
	s := strings.ToValidUTF8(string(b[:min(len(b), size)]), "")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}
