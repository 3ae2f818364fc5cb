package ocsf

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Finding is a line of Append, read back: what the encoders of other formats write their own from. Names in it are
// as they were written, pseudonyms or in the clear; no other format can tell more than the line does.
type Finding struct {
	Metadata struct {
		UID     string `json:"uid"` // of the message: the finding's and its sequence
		Product struct {
			Version string `json:"version"`
		} `json:"product"`
		Sequence int64    `json:"sequence"`
		Tenant   string   `json:"tenant_uid"`
		Sensor   string   `json:"log_provider"`
		Labels   []string `json:"labels"`
	} `json:"metadata"`
	Activity   int    `json:"activity_id"` // 1 create, 2 update, 3 close
	Time       int64  `json:"time"`        // milliseconds since 1970, as are Start and End
	Start      int64  `json:"start_time"`
	End        int64  `json:"end_time"`
	Count      int64  `json:"count"`
	Severity   int    `json:"severity_id"`
	Confidence int64  `json:"confidence_score"` // 0 to 100, as is Risk
	Risk       int64  `json:"risk_score"`
	Message    string `json:"message"`
	Info       struct {
		UID      string   `json:"uid"`
		Desc     string   `json:"desc"`
		Types    []string `json:"types"` // every kind that joined
		Analytic struct {
			UID  string `json:"uid"`
			Name string `json:"name"`
		} `json:"analytic"`
		Attacks []Attack `json:"attacks"`
		Tags    []struct {
			Name   string   `json:"name"`
			Values []string `json:"values"`
		} `json:"tags"`
	} `json:"finding_info"`
	Resources []struct {
		UID  string `json:"uid"`
		Role int    `json:"role_id"` // 1 the endpoint it ran on, 3 whom it touched
	} `json:"resources"`
	Analyses []struct {
		Targets []struct {
			Name string `json:"name"`
		} `json:"analysis_targets"`
		Anomalies []observed `json:"anomalies"`
		Baselines []observed `json:"baselines"`
	} `json:"anomaly_analyses"`
	Evidences   []Shown `json:"evidences"`
	Remediation struct {
		Desc string `json:"desc"`
	} `json:"remediation"`
	Numbers struct {
		Calls     int64    `json:"calls"`
		Objects   int64    `json:"objects"`
		People    int64    `json:"people"`
		Refusals  int64    `json:"refusals"`
		Members   int64    `json:"members"`
		Score     *float64 `json:"score"`
		Threshold *float64 `json:"threshold"`
		Facts     []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"facts"`
	} `json:"unmapped"`
}

// Attack is an ATT&CK technique, and its part where it is one.
type Attack struct {
	Tactic       Label `json:"tactic"`
	Technique    Label `json:"technique"`
	SubTechnique Label `json:"sub_technique"`
}

// Label is an identifier with its name.
type Label struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
}

type observed struct {
	Observations []struct {
		Value string `json:"value"`
	} `json:"observations"`
}

// Shown is a call that shows a finding, or one of the accused whom no call shows: then it has an actor only.
type Shown struct {
	UID   string `json:"uid"`
	Actor struct {
		User struct {
			UID    string `json:"uid"`
			Domain string `json:"domain"`
		} `json:"user"`
	} `json:"actor"`
	API struct {
		Operation string `json:"operation"`
		Token     struct {
			UID string `json:"uid"`
		} `json:"token"`
	} `json:"api"`
	Request struct {
		Method string `json:"http_method"`
		URL    struct {
			Path   string `json:"path"`
			Query  string `json:"query_string"`
			Target string `json:"url_string"` // as sent, where names are revealed
		} `json:"url"`
		UserAgent string `json:"user_agent"`
		Version   string `json:"version"`
		Length    int64  `json:"body_length"`
	} `json:"http_request"`
	Response struct {
		Code        int64  `json:"code"` // 0: no response was seen
		Length      int64  `json:"length"`
		ContentType string `json:"content_type"`
	} `json:"http_response"`
	Src        Endpoint `json:"src_endpoint"`
	Dst        Endpoint `json:"dst_endpoint"`
	Connection struct {
		Direction int    `json:"direction_id"` // 0 unknown, 1 inbound, 2 outbound, 3 lateral
		Community string `json:"community_uid"`
	} `json:"connection_info"`
}

// Endpoint is one end of a call's connection.
type Endpoint struct {
	IP       string `json:"ip"`
	Port     int64  `json:"port"`
	Hostname string `json:"hostname"` // Host header of the call
}

// Read reads one line of Append.
func Read(line []byte) (*Finding, error) {
	f := &Finding{}
	if err := json.Unmarshal(line, f); err != nil {
		return nil, fmt.Errorf("read a finding: %w", err)
	}
	return f, nil
}

// Calls are the evidences that are calls.
func (f *Finding) Calls() []Shown {
	n := 0
	for n < len(f.Evidences) && f.Evidences[n].API.Operation != "" {
		n++
	}
	return f.Evidences[:n]
}

// Users are the accused, each once, in the order of the evidence.
func (f *Finding) Users() []string {
	return each(f.Evidences, func(s *Shown) string { return s.Actor.User.UID })
}

// each is what of gives for every item, each once and none empty.
func each(list []Shown, of func(*Shown) string) []string {
	var out []string
	for i := range list {
		if v := of(&list[i]); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// Principal is the first of the accused, and where the name is from; empty when the finding is about a server.
func (f *Finding) Principal() (name, domain string) {
	if len(f.Analyses) == 0 || len(f.Analyses[0].Targets) == 0 {
		return "", ""
	}
	name = f.Analyses[0].Targets[0].Name
	for i := range f.Evidences {
		if u := &f.Evidences[i].Actor.User; name != "" && u.UID == name {
			return name, u.Domain
		}
	}
	return "", ""
}

// Communities are the Community IDs of the calls shown, each once.
func (f *Finding) Communities() []string {
	return each(f.Evidences, func(s *Shown) string { return s.Connection.Community })
}

// Tokens are the pseudonyms of the credentials of the calls shown, each once.
func (f *Finding) Tokens() []string {
	return each(f.Evidences, func(s *Shown) string { return s.API.Token.UID })
}

// Endpoint is the method and template that the finding is about.
func (f *Finding) Endpoint() string {
	for i := range f.Resources {
		if f.Resources[i].Role == 1 {
			return f.Resources[i].UID
		}
	}
	return ""
}

// Touched is a sample of the patients and records it is about.
func (f *Finding) Touched() []string {
	var out []string
	for i := range f.Resources {
		if f.Resources[i].Role == 3 {
			out = append(out, f.Resources[i].UID)
		}
	}
	return out
}

// Tag is the values of a tag of finding_info: owasp.api, cwe, hipaa, gdpr, …
func (f *Finding) Tag(name string) []string {
	for i := range f.Info.Tags {
		if f.Info.Tags[i].Name == name {
			return f.Info.Tags[i].Values
		}
	}
	return nil
}

// Observed is what was seen, and what was expected.
func (f *Finding) Observed() (seen, expected string) {
	text := func(side []observed) string {
		if len(side) == 0 || len(side[0].Observations) == 0 {
			return ""
		}
		return side[0].Observations[0].Value
	}
	if len(f.Analyses) == 0 {
		return "", ""
	}
	return text(f.Analyses[0].Anomalies), text(f.Analyses[0].Baselines)
}

// Outcome is whether the calls succeeded: "failure" when all were refused, "unknown" when none was counted.
func (f *Finding) Outcome() string {
	switch n := &f.Numbers; {
	case n.Calls <= 0:
		return "unknown"
	case n.Refusals >= n.Calls:
		return "failure"
	}
	return "success"
}

// Status is the activity in a word: create, update or close.
func (f *Finding) Status() string {
	return [...]string{"unknown", "create", "update", "close"}[min(max(f.Activity, 0), 3)]
}

// Revealed is whether names are in the clear.
func (f *Finding) Revealed() bool { return slices.Contains(f.Metadata.Labels, "names:revealed") }

// Stamp is milliseconds since 1970 as RFC 3339 in UTC; what is not in the years 0 to 9999, which it can write, is
// put at their nearer end.
func Stamp(ms int64) string {
	const first, last = -62167219200000, 253402300799999
	return time.UnixMilli(min(max(ms, first), last)).UTC().Format("2006-01-02T15:04:05.000Z")
}
