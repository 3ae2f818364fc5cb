// Package cef writes a finding as ArcSight's Common Event Format (CEF:0, implementation standard 27), bare or in a
// syslog message (RFC 5424): an ocsf.Finding goes in, one line comes out, below 8 KiB, with no name in it that the
// finding does not show.
package cef

import (
	"math"
	"net/netip"
	"strings"

	"auscult/pipeline/ocsf"
)

// MaxLine is what a syslog message with a finding never exceeds: receivers cut longer ones.
const MaxLine = 8 << 10

// severities are those of the header, 0 to 10, by severity_id of OCSF.
var severities = [...]int{0, 1, 3, 6, 8, 10}

// Append appends f as one line, its line end included.
func Append(dst []byte, f *ocsf.Finding) []byte {
	return append(appendLine(dst, f), '\n')
}

// appendLine writes the keys of the dictionary, and in the custom ones what it has none for, with their labels. The
// bounds are those of the dictionary or less, in bytes as escaped: together they stay below MaxLine.
func appendLine(dst []byte, f *ocsf.Finding) []byte {
	w := writer{b: append(dst, "CEF:0|Auscult|auscult"...)}
	w.header(f.Metadata.Product.Version, 31)
	w.header(f.Info.Analytic.UID, 128)
	w.header(f.Info.Analytic.Name, 128)
	w.headerNumber(severity(f))
	w.b = append(w.b, '|')
	w.pairs = len(w.b)

	w.text("externalId", f.Info.UID, 40)
	w.number("rt", f.Time)
	w.number("start", f.Start)
	w.number("end", f.End)
	w.number("cnt", min(f.Count, math.MaxInt32))
	w.text("act", f.Status(), 63)
	w.text("outcome", f.Outcome(), 63)
	w.text("deviceExternalId", strings.Trim(f.Metadata.Tenant+"/"+f.Metadata.Sensor, "/"), 128)
	name, _ := f.Principal()
	w.text("suid", name, 256)
	if calls := f.Calls(); len(calls) > 0 {
		w.call(&calls[0])
	}
	w.custom("cs1", "owaspApi", f.Tag("owasp.api"), 128)
	w.custom("cs2", "attackTechnique", techniques(f.Info.Attacks), 128)
	w.custom("cs3", "hipaa", bare("45CFR", f.Tag("hipaa")), 512)
	w.custom("cs4", "communityId", f.Communities(), 400)
	w.custom("cs5", "objectSample", f.Touched(), 1023)
	w.custom("cs6", "token", f.Tokens(), 256)
	w.labelled("cn1", "distinctObjects", f.Numbers.Objects)
	w.labelled("cn2", "confidence", f.Confidence)
	w.labelled("cn3", "risk", f.Risk)
	w.labelled("cfp1", "distinctPeople", f.Numbers.People)
	w.text("reason", f.Info.Desc, 1023)
	w.text("msg", f.Message, 1023)
	return w.b
}

// call writes what tells of one call, the first that is shown. CEF:0 has places of its own for IPv6.
func (w *writer) call(c *ocsf.Shown) {
	w.address("src", "c6a2", "Source IPv6 Address", c.Src.IP)
	w.number("spt", c.Src.Port)
	w.address("dst", "c6a3", "Destination IPv6 Address", c.Dst.IP)
	w.number("dpt", c.Dst.Port)
	w.text("dhost", c.Dst.Hostname, 255)
	w.text("proto", "TCP", 31)
	w.text("app", "HTTP", 31)
	switch c.Connection.Direction {
	case 1:
		w.number("deviceDirection", 0)
	case 2:
		w.number("deviceDirection", 1)
	}
	w.text("requestMethod", c.Request.Method, 32)
	request := c.Request.URL.Path
	if c.Request.URL.Query != "" {
		request += "?" + c.Request.URL.Query
	}
	w.text("request", request, 1023) // whether it was under TLS is not known here, so no scheme is made up
	w.text("requestClientApplication", c.Request.UserAgent, 400)
}

func (w *writer) address(v4, v6, label, ip string) {
	switch a, err := netip.ParseAddr(ip); {
	case err != nil:
	case a.Is4():
		w.text(v4, a.String(), 15)
	default:
		w.text(v6, a.WithZone("").String(), 45)
		w.text(v6+"Label", label, 64)
	}
}

func severity(f *ocsf.Finding) int { return severities[min(max(f.Severity, 0), len(severities)-1)] }

// techniques are the most exact identifiers of attacks.
func techniques(attacks []ocsf.Attack) []string {
	out := make([]string, 0, len(attacks))
	for i := range attacks {
		id := attacks[i].SubTechnique.UID
		if id == "" {
			id = attacks[i].Technique.UID
		}
		out = append(out, id)
	}
	return out
}

// bare is values without prefix.
func bare(prefix string, values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = strings.TrimPrefix(v, prefix)
	}
	return out
}
