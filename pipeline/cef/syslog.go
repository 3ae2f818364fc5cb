package cef

import (
	"strconv"

	"auscult/pipeline/ocsf"
)

// levels are the severities of syslog, by severity_id of OCSF.
var levels = [...]int{6, 6, 5, 4, 3, 2}

// AppendSyslog appends f as one syslog message (RFC 5424) of facility 0 to 23 (13 log audit, 16 local0), without the
// framing of its transport (RFC 5425: its length and a space before it). The message is MSG-ANY: a byte order mark
// before "CEF:" is more than receivers expect. Its host is the sensor, its time that of the finding, its id the kind;
// no process is named.
func AppendSyslog(dst []byte, f *ocsf.Finding, facility int) []byte {
	dst = strconv.AppendInt(append(dst, '<'), int64(min(max(facility, 0), 23)*8+level(f)), 10)
	dst = append(append(append(dst, ">1 "...), ocsf.Stamp(f.Time)...), ' ')
	dst = append(printable(dst, f.Metadata.Sensor, 255), " auscult - "...)
	dst = append(printable(dst, f.Info.Analytic.UID, 32), " - "...)
	return appendLine(dst, f)
}

func level(f *ocsf.Finding) int { return levels[min(max(f.Severity, 0), len(levels)-1)] }

// printable appends v as a field of the header, PRINTUSASCII of at most limit bytes; "-" when it is empty.
func printable(dst []byte, v string, limit int) []byte {
	if v == "" {
		return append(dst, '-')
	}
	for i := range min(len(v), limit) {
		c := v[i]
		if c <= ' ' || c > '~' {
			c = '_'
		}
		dst = append(dst, c)
	}
	return dst
}
