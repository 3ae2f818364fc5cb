package tls

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// ja4 is the JA4 fingerprint of a ClientHello over TCP (github.com/FoxIO-LLC/ja4, technical_details/JA4.md, under
// BSD-3-Clause): t13d1516h2_8daaf6152771_e5627efa2ab1. list is scratch, handed back grown.
func ja4(h *clientHello, list []uint16) (string, []uint16) {
	var out [36]byte
	out[0] = 't'
	copy(out[1:3], ja4Version(h))
	out[3] = 'i'
	extensions := 0
	for _, e := range h.extensions {
		if !grease(e) {
			extensions++
		}
		if e == extServerName {
			out[3] = 'd'
		}
	}
	list = list[:0]
	for b := h.suites; len(b) >= 2; b = b[2:] {
		if id := binary.BigEndian.Uint16(b); !grease(id) {
			list = append(list, id)
		}
	}
	putCount(out[4:6], len(list))
	putCount(out[6:8], extensions)
	copy(out[8:10], ja4ALPN(h.alpn))
	out[10], out[23] = '_', '_'
	slices.Sort(list)
	putHash(out[11:23], list, nil)
	list = list[:0]
	for _, e := range h.extensions {
		if !grease(e) && e != extServerName && e != extALPN {
			list = append(list, e)
		}
	}
	slices.Sort(list)
	putHash(out[24:36], list, h.sigAlgs)
	return string(out[:]), list
}

// grease is whether id is one of the values that mean nothing (RFC 8701).
func grease(id uint16) bool { return id&0x0f0f == 0x0a0a && id>>8 == id&0xff }

func ja4Version(h *clientHello) string {
	version := h.version
	if len(h.versions) > 0 {
		version = 0
	}
	for b := h.versions; len(b) >= 2; b = b[2:] {
		if v := binary.BigEndian.Uint16(b); !grease(v) {
			version = max(version, v)
		}
	}
	switch version {
	case 0x0304:
		return "13"
	case 0x0303:
		return "12"
	case 0x0302:
		return "11"
	case 0x0301:
		return "10"
	case 0x0300:
		return "s3"
	case 0x0002:
		return "s2"
	}
	return "00"
}

func ja4ALPN(p []byte) string {
	if len(p) == 0 {
		return "00"
	}
	first, last := p[0], p[len(p)-1]
	if alnum(first) && alnum(last) {
		return string([]byte{first, last})
	}
	const digits = "0123456789abcdef"
	return string([]byte{digits[first>>4], digits[last&15]})
}

func alnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func putCount(dst []byte, n int) {
	n = min(n, 99)
	dst[0], dst[1] = '0'+byte(n/10), '0'+byte(n%10)
}

// putHash writes the first 12 digits of the hash of a list in hexadecimal, and of the signature algorithms after
// it if there are any.
func putHash(dst []byte, list []uint16, sigAlgs []byte) {
	if len(list) == 0 {
		copy(dst, "000000000000")
		return
	}
	var space [1024]byte
	b := space[:0]
	for i, id := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = hex.AppendEncode(b, []byte{byte(id >> 8), byte(id)})
	}
	sep := byte('_')
	for ; len(sigAlgs) >= 2; sigAlgs = sigAlgs[2:] {
		b = append(b, sep)
		b = hex.AppendEncode(b, sigAlgs[:2])
		sep = ','
	}
	sum := sha256.Sum256(b)
	hex.Encode(dst, sum[:6])
}
