package inventory

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// draft is an OpenAPI 3.1 document, as far as calls can tell one. encoding/json writes the keys of its maps in order.
type draft struct {
	OpenAPI    string              `json:"openapi"`
	Info       info                `json:"info"`
	Paths      map[string]pathItem `json:"paths"`
	Components components          `json:"components"`
}

type info struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Description string `json:"description"`
}

type components struct {
	Schemes map[string]scheme `json:"securitySchemes,omitempty"`
}

type scheme struct {
	Type   string `json:"type"`
	Scheme string `json:"scheme,omitempty"`
}

// pathItem is the methods of a path in lower case, and "servers".
type pathItem map[string]any

type server struct {
	URL string `json:"url"`
}

type operation struct {
	ID             string                `json:"operationId"`
	Deprecated     bool                  `json:"deprecated,omitempty"`
	Parameters     []draftParameter      `json:"parameters,omitempty"`
	Responses      map[string]response   `json:"responses"`
	Security       []map[string][]string `json:"security,omitempty"`
	Calls          uint64                `json:"x-auscult-calls"`
	Callers        int                   `json:"x-auscult-callers"`
	State          State                 `json:"x-auscult-state"`
	Classes        []string              `json:"x-auscult-data-classes,omitempty"`
	Authentication []string              `json:"x-auscult-authentication,omitempty"`
}

type draftParameter struct {
	Name     string            `json:"name"`
	In       string            `json:"in"`
	Required bool              `json:"required,omitempty"`
	Schema   map[string]string `json:"schema"`
}

type response struct {
	Description string              `json:"description"`
	Content     map[string]struct{} `json:"content,omitempty"`
}

// schemes are the ways to prove who calls that OpenAPI can state without the name of a header or cookie.
var schemes = map[string]scheme{"jwt": {"http", "bearer"}, "basic": {"http", "basic"}, "mtls": {"mutualTLS", ""}}

// OpenAPI is a draft of a description of what was seen, in JSON, as OpenAPI 3.1: its authors correct and complete it. Of
// endpoints that differ by their host alone there is one operation.
func (d *Document) OpenAPI() ([]byte, error) {
	out := draft{OpenAPI: "3.1.0", Paths: map[string]pathItem{}, Components: components{map[string]scheme{}}, Info: info{
		"APIs seen in traffic", "draft",
		"Drafted by Auscult from " + strconv.FormatUint(d.Summary.Calls, 10) + " calls, " + d.First + " to " + d.Last + ". What was not called is not in it."}}
	ids := map[string]int{}
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		if e.State == Page || !strings.HasPrefix(e.Route, "/") || e.Method == "QUERY" || e.Successes == 0 {
			continue // QUERY came with OpenAPI 3.2
		}
		path, params := unique(e.Route)
		item := out.Paths[path]
		if item == nil {
			item = pathItem{"servers": []server{}}
			out.Paths[path] = item
		}
		item.serve(e.Host)
		method := strings.ToLower(e.Method)
		op, _ := item[method].(*operation)
		if op == nil {
			id := method + name(path)
			if ids[id]++; ids[id] > 1 {
				id += strconv.Itoa(ids[id])
			}
			op = &operation{ID: id, Responses: map[string]response{}, State: e.State, Parameters: params}
			item[method] = op
		}
		op.take(e, out.Components.Schemes)
	}
	text, err := json.MarshalIndent(out, "", "  ")
	return append(text, '\n'), err
}

func (p pathItem) serve(host string) {
	servers := p["servers"].([]server)
	if s := (server{"//" + host}); !slices.Contains(servers, s) {
		p["servers"] = append(servers, s)
	}
}

// take adds what one endpoint shows.
func (op *operation) take(e *Endpoint, used map[string]scheme) {
	op.Calls += e.Calls
	op.Callers = max(op.Callers, e.Callers)
	op.Deprecated = op.Deprecated || e.State == Zombie
	for _, p := range e.Parameters {
		q := draftParameter{p.Name, p.In, false, map[string]string{"type": "string"}}
		if p.In == "query" && !slices.ContainsFunc(op.Parameters, func(r draftParameter) bool { return r.In == "query" && r.Name == q.Name }) {
			op.Parameters = append(op.Parameters, q)
		}
	}
	for _, s := range e.Statuses {
		r := op.Responses[s.Name]
		r.Description = "seen"
		if s.Name[0] == '2' && s.Name != "204" {
			for _, m := range e.ContentTypes {
				if r.Content == nil {
					r.Content = map[string]struct{}{}
				}
				r.Content[m] = struct{}{}
			}
		}
		op.Responses[s.Name] = r
	}
	for _, c := range e.Classes {
		if !slices.Contains(op.Classes, c) {
			op.Classes = append(op.Classes, c)
		}
	}
	for _, a := range e.Authentication {
		if slices.Contains(op.Authentication, a.Name) {
			continue
		}
		op.Authentication = append(op.Authentication, a.Name)
		if s, ok := schemes[a.Name]; ok {
			used[a.Name] = s
			op.Security = append(op.Security, map[string][]string{a.Name: {}})
		} else if a.Name == "none" {
			op.Security = append(op.Security, map[string][]string{})
		}
	}
}

// unique is a route with a name of its own for each parameter: /patients/{id}/notes/{id2}. What SOAP puts behind #, the
// action, is left out: one path serves all of them.
func unique(route string) (path string, params []draftParameter) {
	route, _, _ = strings.Cut(route, "#")
	var b strings.Builder
	for {
		open := strings.IndexByte(route, '{')
		if open < 0 {
			break
		}
		shut := strings.IndexByte(route[open:], '}')
		if shut < 0 {
			break
		}
		b.WriteString(route[:open])
		id := "id"
		if len(params) > 0 {
			id += strconv.Itoa(len(params) + 1)
		}
		b.WriteString("{" + id + "}")
		params = append(params, draftParameter{id, "path", true, map[string]string{"type": "string"}})
		route = route[open+shut+1:]
	}
	b.WriteString(strings.NewReplacer("{", "", "}", "").Replace(route))
	return b.String(), params
}

// name is a path as a part of an operationId: /api/v2/patients/{id} is ApiV2PatientsId.
func name(path string) string {
	var b strings.Builder
	up := true
	for _, c := range []byte(path) {
		switch {
		case c >= 'a' && c <= 'z' && up:
			c -= 'a' - 'A'
			fallthrough
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			b.WriteByte(c)
			up = false
		default:
			up = true
		}
	}
	return b.String()
}
