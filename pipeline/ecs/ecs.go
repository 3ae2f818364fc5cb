// Package ecs writes a finding as a document of the Elastic Common Schema 9.4: an ocsf.Finding goes in, one JSON
// object on one line comes out, with no name in it that the finding does not show.
package ecs

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"auscult/pipeline/ocsf"
)

// Version is that of the schema.
const Version = "9.4.0"

// severities are those that Elastic's own rules use, by severity_id of OCSF.
var severities = [...]int{0, 21, 21, 47, 73, 99}

// directions is network.direction by direction_id of OCSF.
var directions = [...]string{"unknown", "inbound", "outbound", "internal"}

// references are the pages of the OWASP API Security Top 10 of 2023, by number.
var references = [...]string{"", "0xa1-broken-object-level-authorization", "0xa2-broken-authentication",
	"0xa3-broken-object-property-level-authorization", "0xa4-unrestricted-resource-consumption",
	"0xa5-broken-function-level-authorization", "0xa6-unrestricted-access-to-sensitive-business-flows",
	"0xa7-server-side-request-forgery", "0xa8-security-misconfiguration", "0xa9-improper-inventory-management",
	"0xaa-unsafe-consumption-of-apis"}

// Append appends f as one line of JSON, its line end included.
func Append(dst []byte, f *ocsf.Finding) []byte {
	d := document{
		Timestamp: ocsf.Stamp(f.Time),
		ECS:       version{Version},
		Message:   f.Message,
		Tags:      tags(f),
		Labels:    map[string]string{"names": "pseudonyms"},
		Event:     eventOf(f),
		Rule:      ruleOf(f),
		Threat:    threatOf(f.Info.Attacks),
		Observer:  observer{f.Metadata.Sensor, "ids", "Auscult", "auscult", f.Metadata.Product.Version},
		Related:   related{User: f.Users()},
		Auscult:   ownOf(f),
	}
	for _, l := range f.Metadata.Labels {
		if key, ok := strings.CutPrefix(l, "pseudonym-key:"); ok {
			d.Labels["pseudonym_key"] = key
		}
	}
	if f.Revealed() {
		d.Labels["names"] = "revealed"
	}
	if f.Metadata.Tenant != "" {
		d.Organization = &named{f.Metadata.Tenant}
	}
	if id, domain := f.Principal(); id != "" {
		d.User = &user{ID: id, Domain: domain}
		if f.Revealed() {
			d.User.Name = id
		} else {
			d.User.Hash = id
		}
	}
	calls := f.Calls()
	for i := range calls {
		d.Related.add(&calls[i])
	}
	if len(calls) > 0 {
		d.call(&calls[0])
	}
	line := bytes.NewBuffer(dst)
	e := json.NewEncoder(line)
	e.SetEscapeHTML(false)
	if err := e.Encode(&d); err != nil {
		panic(err) // strings, integers and floats that were read from JSON are never refused
	}
	return line.Bytes()
}

// call sets the fields that tell of one call, the first that is shown.
func (d *document) call(c *ocsf.Shown) {
	client, server := sideOf(&c.Src), sideOf(&c.Dst)
	d.Client, d.Source, d.Server, d.Destination = client, client, server, server
	d.HTTP = &message{Version: c.Request.Version, Request: request{c.Request.Method, size{c.Request.Length}}}
	if c.Response.Code != 0 {
		d.HTTP.Response = &answer{c.Response.Code, size{c.Response.Length}, mediaType(c.Response.ContentType)}
	}
	host, port := splitHost(c.Dst.Hostname)
	if u := (url{host, port, c.Request.URL.Path, c.Request.URL.Query, c.Request.URL.Target}); u != (url{}) {
		d.URL = &u
	}
	if c.Request.UserAgent != "" {
		d.UserAgent = &original{c.Request.UserAgent}
	}
	d.Network = &network{Transport: "tcp", Protocol: "http", Community: c.Connection.Community}
	if n := c.Connection.Direction; n >= 0 && n < len(directions) {
		d.Network.Direction = directions[n]
	}
	if ip, err := netip.ParseAddr(c.Src.IP); err == nil {
		d.Network.Type = "ipv4"
		if ip.Is6() {
			d.Network.Type = "ipv6"
		}
	}
}

// add puts what c was between among what a consumer pivots on.
func (r *related) add(c *ocsf.Shown) {
	host, _ := splitHost(c.Dst.Hostname)
	if host != "" && !slices.Contains(r.Hosts, host) {
		r.Hosts = append(r.Hosts, host)
	}
	for _, s := range []*side{sideOf(&c.Src), sideOf(&c.Dst)} {
		if s.IP != "" && !slices.Contains(r.IP, s.IP) {
			r.IP = append(r.IP, s.IP)
		}
	}
}

func sideOf(e *ocsf.Endpoint) *side {
	s := &side{Address: e.IP, Port: e.Port}
	if ip, err := netip.ParseAddr(e.IP); err == nil { // one bad address, and an index refuses the whole document
		s.IP = ip.WithZone("").String()
	}
	if s.Domain, _ = splitHost(e.Hostname); s.Domain != "" {
		s.Address = s.Domain
	}
	return s
}

// splitHost is a Host header without its port, and the port; 0 when there is none. A pseudonym has colons, too.
func splitHost(h string) (host string, port int64) {
	i := strings.LastIndexByte(h, ':')
	if i < 0 || strings.IndexByte(h, ':') != i && !strings.HasPrefix(h, "[") {
		return h, 0
	}
	n, err := strconv.ParseUint(h[i+1:], 10, 16)
	if err != nil {
		return h, 0
	}
	return strings.Trim(h[:i], "[]"), int64(n)
}

// mediaType is a Content-Type without its parameters; empty when it stands there as a pseudonym.
func mediaType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	if strings.HasPrefix(s, "txt:") {
		return ""
	}
	return strings.TrimSpace(s)
}
