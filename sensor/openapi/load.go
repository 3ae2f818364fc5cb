package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/yaml"
)

// Bounds of a description: a file past them is refused.
const (
	maxFile    = 16 << 20
	maxNesting = 100
	maxOps     = 50_000
	maxFiles   = 64
)

// Load reads descriptions, JSON or YAML. A description may not make the program read anything else: references to
// other files and addresses are errors. Errors name the file and the place in it.
func Load(paths ...string) (*API, error) {
	if len(paths) > maxFiles {
		return nil, fmt.Errorf("%d descriptions of APIs, more than %d", len(paths), maxFiles)
	}
	a := &API{}
	for _, p := range paths {
		data, err := read(p)
		if err == nil {
			err = a.Add(data)
		}
		if err != nil {
			var perr *os.PathError
			if errors.As(err, &perr) {
				return nil, fmt.Errorf("API description: %w", err)
			}
			return nil, fmt.Errorf("API description %s: %w", filepath.ToSlash(p), err)
		}
	}
	return a, nil
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	return data, err
}

// Add adds one description.
func (a *API) Add(data []byte) (err error) {
	defer func() {
		if r := recover(); r != nil { // the parsers of others, on a file of others
			err = fmt.Errorf("cannot be read as a description (%v)", r)
		}
	}()
	data, err = toJSON(data)
	if err != nil {
		return err
	}
	var kind struct {
		OpenAPI      any    `json:"openapi"`
		Swagger      any    `json:"swagger"`
		ResourceType string `json:"resourceType"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return errors.New("not a JSON or YAML object")
	}
	switch {
	case kind.ResourceType == "CapabilityStatement":
		return a.addCapabilities(data)
	case kind.ResourceType != "":
		return fmt.Errorf("resourceType: a FHIR %.40q, not a CapabilityStatement", kind.ResourceType)
	case kind.OpenAPI == nil && kind.Swagger == nil:
		return errors.New("neither openapi, swagger nor resourceType stands at its top")
	case kind.OpenAPI != nil && !strings.HasPrefix(fmt.Sprint(kind.OpenAPI), "3."):
		return fmt.Errorf("openapi: version %.20q is not 3.x", fmt.Sprint(kind.OpenAPI))
	case kind.OpenAPI == nil && !strings.HasPrefix(fmt.Sprint(kind.Swagger), "2"):
		return fmt.Errorf("swagger: version %.20q is not 2.0", fmt.Sprint(kind.Swagger))
	}
	loader := openapi3.NewLoader()
	var t *openapi3.T
	if kind.OpenAPI != nil {
		t, err = loader.LoadFromData(data)
	} else {
		t, err = fromSwagger(loader, data)
	}
	if err != nil {
		return oneLine(err)
	}
	return a.addOpenAPI(t)
}

// toJSON turns YAML into JSON, and refuses what is nested deeper than any description: parsers go as deep as the text.
func toJSON(data []byte) ([]byte, error) {
	if !json.Valid(data) {
		if depth(data) > maxNesting {
			return nil, fmt.Errorf("nested deeper than %d", maxNesting)
		}
		out, err := yaml.YAMLToJSON(data)
		if err != nil {
			return nil, oneLine(err)
		}
		data = out
	}
	if len(data) > 4*maxFile {
		return nil, errors.New("its aliases unfold to too much")
	}
	if depth(data) > maxNesting {
		return nil, fmt.Errorf("nested deeper than %d", maxNesting)
	}
	return data, nil
}

// depth is how deep the brackets of a text go, outside of strings.
func depth(data []byte) int {
	most, now, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			most = max(most, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return most
}

func fromSwagger(loader *openapi3.Loader, data []byte) (*openapi3.T, error) {
	var t2 openapi2.T
	if err := json.Unmarshal(data, &t2); err != nil {
		return nil, err
	}
	return openapi2conv.ToV3WithLoader(&t2, loader, nil)
}

// oneLine is err in one short line.
func oneLine(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return errors.New(text)
}

// addOpenAPI takes what a description says. What it says wrongly beyond its paths is left to its authors' own tools.
func (a *API) addOpenAPI(t *openapi3.T) error {
	d := &doc{}
	if t.Info != nil {
		d.title = strings.TrimSpace(t.Info.Title + " " + t.Info.Version)
	}
	hosts, bases, err := places(t.Servers)
	if err != nil {
		return err
	}
	d.hosts, d.bases = hosts, bases
	a.docs = append(a.docs, d)
	if t.Paths == nil {
		return errors.New("paths: there are none")
	}
	for _, path := range slices.Sorted(maps.Keys(t.Paths.Map())) {
		item := t.Paths.Value(path)
		if !strings.HasPrefix(path, "/") {
			return fmt.Errorf("paths.%.80q does not begin with /", path)
		}
		if item == nil {
			continue
		}
		under := bases
		if len(item.Servers) > 0 {
			if _, under, err = places(item.Servers); err != nil {
				return fmt.Errorf("paths.%.80s.%w", path, err)
			}
		}
		for _, base := range under {
			if err := a.addPath(d, t, base+path, item); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *API) addPath(d *doc, t *openapi3.T, template string, item *openapi3.PathItem) error {
	if template = strings.TrimRight(template, "/"); template == "" {
		template = "/"
	}
	n := d.root.add(template)
	operations := item.Operations()
	for _, method := range slices.Sorted(maps.Keys(operations)) {
		o := operations[method]
		if o == nil {
			continue
		}
		op := &Operation{Method: method, Template: template, Doc: len(a.docs) - 1, Deprecated: o.Deprecated, Security: security(t, o)}
		for _, list := range [...]openapi3.Parameters{item.Parameters, o.Parameters} {
			for _, p := range list {
				if p != nil && p.Value != nil && p.Value.In == "query" {
					op.query = append(op.query, p.Value.Name)
				}
			}
		}
		slices.Sort(op.query)
		if o.RequestBody != nil && o.RequestBody.Value != nil {
			op.Body = a.schemaOf(o.RequestBody.Value.Content)
		}
		op.answers, op.media = a.answersOf(o.Responses)
		if err := a.put(n, op); err != nil {
			return err
		}
	}
	return nil
}

func (a *API) put(n *node, op *Operation) error {
	if len(a.ops) >= maxOps {
		return fmt.Errorf("more than %d operations", maxOps)
	}
	if n.put(op) {
		op.Index = len(a.ops)
		a.ops = append(a.ops, op)
	}
	return nil
}

func (a *API) answersOf(rs *openapi3.Responses) (out []answer, media []string) {
	if rs == nil {
		return nil, nil
	}
	for _, status := range slices.Sorted(maps.Keys(rs.Map())) {
		r := rs.Value(status)
		if r == nil || r.Value == nil {
			continue
		}
		code := 0
		if len(status) == 3 && status[0] >= '1' && status[0] <= '5' {
			code = int(status[0] - '0')
			if !strings.EqualFold(status[1:], "XX") {
				fmt.Sscanf(status, "%d", &code)
			}
		}
		out = append(out, answer{code, a.schemaOf(r.Value.Content)})
		for name := range r.Value.Content {
			name, _, _ = strings.Cut(name, ";")
			media = append(media, strings.ToLower(strings.TrimSpace(name)))
		}
	}
	slices.Sort(media)
	return out, slices.Compact(media)
}

func security(t *openapi3.T, o *openapi3.Operation) Security {
	list := t.Security
	if o.Security != nil {
		list = *o.Security
	} else if t.Security == nil {
		return Unsaid
	}
	for _, r := range list {
		if len(r) == 0 {
			return Open
		}
	}
	if len(list) == 0 {
		return Open
	}
	return Required
}

// places are the hosts and base paths of a list of servers. One without a host, on the machine itself, or with a variable
// in its host, may be any, and names none.
func places(list openapi3.Servers) (hosts, bases []string, err error) {
	for i, s := range list {
		if s == nil {
			continue
		}
		text := s.URL
		for _, name := range slices.Sorted(maps.Keys(s.Variables)) {
			if v := s.Variables[name]; v != nil && v.Default != "" {
				text = strings.ReplaceAll(text, "{"+name+"}", v.Default)
			}
		}
		open := strings.Contains(hostOf(s.URL), "{")
		u, err := url.Parse(text)
		if err != nil {
			return nil, nil, fmt.Errorf("servers[%d].url: %.80q is no address", i, s.URL)
		}
		base := strings.TrimRight(u.Path, "/")
		if base != "" && base[0] != '/' {
			base = "/" + base
		}
		if !slices.Contains(bases, base) {
			bases = append(bases, base)
		}
		host := strings.ToLower(hostname(u.Host))
		if host != "" && !open && !here(host) && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	if len(bases) == 0 {
		bases = []string{""}
	}
	return hosts, bases, nil
}

// hostOf is the host of an address as written, before variables are put in.
func hostOf(address string) string {
	_, after, found := strings.Cut(address, "//")
	if !found {
		return ""
	}
	host, _, _ := strings.Cut(after, "/")
	return host
}

// here is whether a host is the machine itself, or an example: descriptions are often made on a developer's.
func here(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) ||
		strings.HasSuffix(host, ".example.com") || strings.HasSuffix(host, ".example.org") || host == "example.com" || host == "example.org"
}
