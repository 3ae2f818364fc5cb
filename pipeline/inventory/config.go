package inventory

import "fmt"

// Config bounds what the inventory holds. What comes past a bound is left out and counted.
type Config struct {
	// Endpoints is how many endpoints are held, a KiB each and, of one that very many call, up to 16 more.
	Endpoints int `yaml:"endpoints"`
	// Hosts is how many names of servers are held.
	Hosts int `yaml:"hosts"`
	// Parameters is how many names of parameters are held of an endpoint.
	Parameters int `yaml:"parameters"`
	// Callers is how many principals are named of an endpoint; all are counted.
	Callers int `yaml:"callers"`
}

// Defaults suit the APIs of a large hospital, with its vendors'.
func Defaults() Config { return Config{Endpoints: 4096, Hosts: 512, Parameters: 48, Callers: 8} }

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	for _, f := range [...]struct {
		name       string
		value, top int
	}{{"endpoints", c.Endpoints, 1 << 20}, {"hosts", c.Hosts, 1 << 16}, {"parameters", c.Parameters, 1024}, {"callers", c.Callers, 1024}} {
		if f.value < 1 || f.value > f.top {
			return fmt.Errorf("%s: %d is not between 1 and %d", f.name, f.value, f.top)
		}
	}
	return nil
}

// Stats counts what the inventory does not hold.
type Stats struct {
	Unanswered uint64 `json:"calls_never_answered"` // to what has not answered with success, nor is described: scanners' noise
	Methods    uint64 `json:"calls_other_methods"`  // OPTIONS, CONNECT, TRACE, and words that are no method
	Endpoints  uint64 `json:"calls_past_endpoints"` // to endpoints past Config.Endpoints or hosts past Config.Hosts
	Parameters uint64 `json:"parameters_past_bound"`
	Other      uint64 `json:"values_past_bound"` // statuses, content types, addresses and banners past what is held of one endpoint or host
}
