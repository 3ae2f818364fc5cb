package ecs

// document is an alert in the fields of ECS 9.4, in the order in which they are written. What ECS has no field for
// is under auscult.
type document struct {
	Timestamp    string            `json:"@timestamp"`
	ECS          version           `json:"ecs"`
	Message      string            `json:"message,omitempty"`
	Tags         []string          `json:"tags,omitempty"`
	Labels       map[string]string `json:"labels"` // encoding/json sorts its keys
	Event        event             `json:"event"`
	Rule         rule              `json:"rule"`
	Threat       *threat           `json:"threat,omitempty"`
	User         *user             `json:"user,omitempty"`
	Client       *side             `json:"client,omitempty"`
	Source       *side             `json:"source,omitempty"`
	Server       *side             `json:"server,omitempty"`
	Destination  *side             `json:"destination,omitempty"`
	HTTP         *message          `json:"http,omitempty"`
	URL          *url              `json:"url,omitempty"`
	UserAgent    *original         `json:"user_agent,omitempty"`
	Network      *network          `json:"network,omitempty"`
	Observer     observer          `json:"observer"`
	Organization *named            `json:"organization,omitempty"`
	Related      related           `json:"related"`
	Auscult      own               `json:"auscult"`
}

type version struct {
	Version string `json:"version"`
}

type event struct {
	Kind      string   `json:"kind"`
	Category  []string `json:"category"`
	Type      []string `json:"type"`
	Action    string   `json:"action"`
	Code      string   `json:"code"`
	ID        string   `json:"id"` // of the finding; the same in each message of it
	Module    string   `json:"module"`
	Dataset   string   `json:"dataset"`
	Provider  string   `json:"provider"`
	Created   string   `json:"created"`
	Start     string   `json:"start"`
	End       string   `json:"end"`
	Duration  int64    `json:"duration"` // nanoseconds
	Severity  int      `json:"severity"`
	RiskScore int64    `json:"risk_score"`
	Outcome   string   `json:"outcome"`
	Sequence  int64    `json:"sequence"`
	Reason    string   `json:"reason,omitempty"`
}

type rule struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Category    string `json:"category,omitempty"`
	Description string `json:"description,omitempty"`
	Ruleset     string `json:"ruleset"`
	Version     string `json:"version,omitempty"`
	Reference   string `json:"reference,omitempty"`
}

type threat struct {
	Framework string     `json:"framework"`
	Tactic    labels     `json:"tactic"`
	Technique techniques `json:"technique"`
}

type labels struct {
	ID   []string `json:"id"`
	Name []string `json:"name"`
}

type techniques struct {
	labels
	Sub *labels `json:"subtechnique,omitempty"`
}

type user struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"` // only where names are revealed
	Hash   string `json:"hash,omitempty"` // the pseudonym
	Domain string `json:"domain,omitempty"`
}

type side struct {
	Address string `json:"address,omitempty"`
	Domain  string `json:"domain,omitempty"`
	IP      string `json:"ip,omitempty"`
	Port    int64  `json:"port"`
}

type message struct {
	Version  string  `json:"version,omitempty"`
	Request  request `json:"request"`
	Response *answer `json:"response,omitempty"`
}

type request struct {
	Method string `json:"method,omitempty"`
	Body   size   `json:"body"`
}

type answer struct {
	Status int64  `json:"status_code"`
	Body   size   `json:"body"`
	Type   string `json:"mime_type,omitempty"`
}

type size struct {
	Bytes int64 `json:"bytes"`
}

type url struct {
	Domain   string `json:"domain,omitempty"`
	Port     int64  `json:"port,omitempty"`
	Path     string `json:"path,omitempty"`
	Query    string `json:"query,omitempty"`
	Original string `json:"original,omitempty"`
}

type original struct {
	Original string `json:"original"`
}

type network struct {
	Transport string `json:"transport"`
	Protocol  string `json:"protocol"`
	Type      string `json:"type,omitempty"`
	Direction string `json:"direction,omitempty"`
	Community string `json:"community_id,omitempty"`
}

type observer struct {
	Name    string `json:"name,omitempty"`
	Type    string `json:"type"`
	Vendor  string `json:"vendor"`
	Product string `json:"product"`
	Version string `json:"version,omitempty"`
}

type named struct {
	ID string `json:"id"`
}

type related struct {
	IP    []string `json:"ip,omitempty"`
	User  []string `json:"user,omitempty"`
	Hosts []string `json:"hosts,omitempty"`
}

// own is what ECS has no field for.
type own struct {
	MessageID  string   `json:"message_id"` // of this message: what tells repeats
	Status     string   `json:"status"`
	Kinds      []string `json:"kinds,omitempty"`
	Endpoint   string   `json:"endpoint,omitempty"`
	Calls      int64    `json:"calls"`
	Objects    objects  `json:"objects"`
	People     int64    `json:"people"`
	Refusals   int64    `json:"refusals"`
	Members    int64    `json:"members"`
	Confidence int64    `json:"confidence"`
	Score      *float64 `json:"score,omitempty"`
	Threshold  *float64 `json:"threshold,omitempty"`
	Expected   string   `json:"expected,omitempty"`
	Observed   string   `json:"observed,omitempty"`
	Facts      []string `json:"facts,omitempty"` // name=value: an array of objects would lose which belongs to which
	Breach     bool     `json:"possible_breach"`
	Token      []string `json:"token,omitempty"`
	Evidence   evidence `json:"evidence"`
}

type objects struct {
	Distinct int64    `json:"distinct"`
	Sample   []string `json:"sample,omitempty"`
}

// evidence is where the calls shown are found: in the call log by id, in other tools by Community ID.
type evidence struct {
	Calls     []string `json:"call_id,omitempty"`
	Community []string `json:"community_id,omitempty"`
}
