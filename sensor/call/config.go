package call

import (
	"fmt"
	"net/netip"
	"path"
	"time"
)

// Config is what telling calls apart depends on. Names of headers and cookies are compared without case.
type Config struct {
	Hosts          []HostRule `yaml:"hosts"`           // where a header of its own names the user, by host
	SessionCookies []string   `yaml:"session_cookies"` // beside the known names and what looks like one
	APIKeyHeaders  []string   `yaml:"api_key_headers"`
	APIKeyParams   []string   `yaml:"api_key_params"`  // query parameters
	Services       []string   `yaml:"services"`        // principal or client ids that are machine accounts
	TrustedProxies []string   `yaml:"trusted_proxies"` // CIDR prefixes whose X-Forwarded-For is believed

	Params          int `yaml:"params"`           // query parameters read for each call; more are counted
	Objects         int `yaml:"objects"`          // objects of a request; more are counted
	ResponseObjects int `yaml:"response_objects"` // patients of a response that are listed
	Delivered       int `yaml:"delivered"`        // ids of a response that are kept as keys; more are counted
	IDBytes         int `yaml:"id_bytes"`         // of an identifier kept in the clear; its key is of all of it
	Args            int `yaml:"args"`             // values of a request; more are counted, but for the last sixth only what looks like an attack is kept

	Sessions       int           `yaml:"sessions"`        // sessions and tokens whose user is remembered
	SessionTTL     time.Duration `yaml:"session_ttl"`     // since a session was last used
	Addresses      int           `yaml:"addresses"`       // client addresses watched for being shared
	SharedAfter    int           `yaml:"shared_after"`    // user agents or credentialed principals in 24 h
	TemplateHosts  int           `yaml:"template_hosts"`  // hosts with learned templates
	TemplateNodes  int           `yaml:"template_nodes"`  // path segments remembered for each host
	TemplateFanout int           `yaml:"template_fanout"` // words under one parent before they become a parameter

	// Described knows the templates of paths from a description of the API; nil without one.
	Described Templates `yaml:"-"`
}

// Templates are what a description of an API has for paths. It is asked by several goroutines.
type Templates interface {
	// Template is the template of a path on host, /api/v2/patients/{id}, or nothing. It is a pure function.
	Template(host, path string) string
}

// HostRule names the header that carries the user on some hosts, set by a gateway that strips it from clients.
type HostRule struct {
	Host   string `yaml:"host"`   // shell pattern on the host, without port: *.clinic.example
	Header string `yaml:"header"` // X-Remote-User
}

// Defaults is the Config for an unknown site.
func Defaults() Config {
	return Config{
		APIKeyHeaders: []string{"x-api-key", "api-key", "apikey", "ocp-apim-subscription-key", "x-auth-token", "x-access-token"},
		APIKeyParams:  []string{"api_key", "apikey", "api-key", "subscription-key"},

		Params:          256,
		Objects:         256,
		ResponseObjects: 32,
		Delivered:       4096,
		IDBytes:         256,
		Args:            48,

		Sessions:       1 << 17,
		SessionTTL:     24 * time.Hour,
		Addresses:      1 << 16,
		SharedAfter:    3,
		TemplateHosts:  256,
		TemplateNodes:  8192,
		TemplateFanout: 50,
	}
}

// Validate tells the first field whose value cannot work.
func (c Config) Validate() error {
	for _, b := range [...]struct {
		name     string
		value    int
		min, max int
	}{
		{"params", c.Params, 1, 1 << 16},
		{"objects", c.Objects, 1, 1 << 16},
		{"response_objects", c.ResponseObjects, 0, 1 << 16},
		{"delivered", c.Delivered, 0, 1 << 20},
		{"id_bytes", c.IDBytes, 16, 1 << 16},
		{"args", c.Args, 6, 4096},
		{"sessions", c.Sessions, 1, 1 << 26},
		{"addresses", c.Addresses, 1, 1 << 26},
		{"shared_after", c.SharedAfter, 2, maxFaces},
		{"template_hosts", c.TemplateHosts, 1, 1 << 20},
		{"template_nodes", c.TemplateNodes, 1, 1 << 24},
		{"template_fanout", c.TemplateFanout, 2, 1 << 20},
	} {
		if b.value < b.min || b.value > b.max {
			return fmt.Errorf("%s: %d is not between %d and %d", b.name, b.value, b.min, b.max)
		}
	}
	if c.SessionTTL <= 0 {
		return fmt.Errorf("session_ttl: %v is not positive", c.SessionTTL)
	}
	for i, h := range c.Hosts {
		if _, err := path.Match(h.Host, ""); err != nil || h.Host == "" {
			return fmt.Errorf("hosts[%d].host: %q is not a pattern", i, h.Host)
		}
		if h.Header == "" {
			return fmt.Errorf("hosts[%d].header: is empty", i)
		}
	}
	for i, p := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			return fmt.Errorf("trusted_proxies[%d]: %q is not a CIDR prefix", i, p)
		}
	}
	return nil
}

// Stats counts what the bounds of a Builder and a Resolver cut off.
type Stats struct {
	Params      uint64 // query parameters past the bound
	Objects     uint64 // objects of requests past the bound
	Delivered   uint64 // ids of responses past the bound
	LongIDs     uint64 // identifiers cut for display
	Args        uint64 // values of requests past the bound
	LongPaths   uint64 // paths past a bound of the route
	Envelopes   uint64 // exchanges with SOAP or HL7 v2 of more bytes than are kept of it
	EnvelopeIDs uint64 // identifiers in SOAP, HL7 v2 and DICOM past the bound
	BadTokens   uint64 // bearer tokens that look like a JWT and are none
	Sessions    uint64 // sessions forgotten because the table was full
	Addresses   uint64 // addresses forgotten because the table was full
	Hosts       uint64 // calls to hosts past the bound of learned templates
	Nodes       uint64 // path segments not learned because the host's bound was reached
	Merged      uint64 // levels of a path that became a parameter
	Resolved    uint64 // calls whose user a login had told
	SharedAddrs uint64 // calls on an address that carries many
}
