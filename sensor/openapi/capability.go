package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// statement is the part of a FHIR CapabilityStatement that is asked for (R4, section 2.4).
type statement struct {
	Name           string
	Software       struct{ Name, Version string }
	Implementation struct{ URL string }
	Rest           []struct {
		Mode        string
		Resource    []resource
		Interaction []struct{ Code string }
		Operation   []struct{ Name string }
	}
}

type resource struct {
	Type        string
	Interaction []struct{ Code string }
	SearchParam []struct{ Name string }
	Operation   []struct{ Name string }
}

// compartments are the types whose records gather those of others: /Patient/1/Observation is a search.
var compartments = [...]string{"Patient", "Encounter", "Practitioner", "RelatedPerson", "Device"}

// addCapabilities makes the operations that a CapabilityStatement lists, as paths.
func (a *API) addCapabilities(data []byte) error {
	var st statement
	if err := json.Unmarshal(data, &st); err != nil {
		return oneLine(err)
	}
	d := &doc{fhir: true, title: strings.TrimSpace(st.Software.Name + " " + st.Software.Version)}
	if d.title == "" {
		d.title = st.Name
	}
	if _, err := url.Parse(st.Implementation.URL); err != nil {
		return fmt.Errorf("implementation.url: %.80q is no address", st.Implementation.URL)
	}
	var list openapi3.Servers
	if st.Implementation.URL != "" {
		list = openapi3.Servers{{URL: st.Implementation.URL}}
	}
	hosts, bases, err := places(list)
	if err != nil {
		return err
	}
	d.hosts, d.bases = hosts, bases
	a.docs = append(a.docs, d)
	some := false
	for _, r := range st.Rest {
		if r.Mode == "client" {
			continue
		}
		some = true
		f := fhirPaths{a, d, bases[0]}
		if err := f.system(codes(r.Interaction), r.Operation); err != nil {
			return err
		}
		for i := range r.Resource {
			if err := f.resource(&r.Resource[i]); err != nil {
				return fmt.Errorf("rest.resource[%d]: %w", i, err)
			}
		}
	}
	if !some {
		return errors.New("rest: it describes no server")
	}
	return nil
}

func codes(list []struct{ Code string }) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].Code
	}
	return out
}

// fhirPaths writes interactions as methods on paths (R4, section 3.1.0).
type fhirPaths struct {
	a    *API
	d    *doc
	base string
}

func (f *fhirPaths) put(method, path string, query []string) error {
	op := &Operation{Method: method, Template: strings.TrimSuffix(f.base+path, "/"), Doc: len(f.a.docs) - 1, FHIR: true, query: query}
	if op.Template == "" {
		op.Template = "/"
	}
	return f.a.put(f.d.root.add(op.Template), op)
}

// puts adds several methods on one path.
func (f *fhirPaths) puts(path string, query []string, methods ...string) error {
	for _, m := range methods {
		if err := f.put(m, path, query); err != nil {
			return err
		}
	}
	return nil
}

// system adds what is of no type. The pages of a search are at the base, or where a server likes.
func (f *fhirPaths) system(interactions []string, operations []struct{ Name string }) error {
	err := errors.Join(f.put("GET", "/metadata", nil), f.puts("/", nil, "GET", "POST"))
	if slices.Contains(interactions, "history-system") {
		err = errors.Join(err, f.put("GET", "/_history", nil))
	}
	if slices.Contains(interactions, "search-system") {
		err = errors.Join(err, f.put("POST", "/_search", nil))
	}
	for _, op := range operations {
		err = errors.Join(err, f.operation("", op.Name))
	}
	return err
}

func (f *fhirPaths) operation(under, name string) error {
	name = "$" + strings.TrimPrefix(name, "$")
	if strings.ContainsAny(name, "/{}") {
		return fmt.Errorf("operation: %.40q is no name", name)
	}
	return f.puts(under+"/"+name, nil, "GET", "POST")
}

// resource adds a type with its interactions.
func (f *fhirPaths) resource(r *resource) error {
	if r.Type == "" || strings.ContainsAny(r.Type, "/{}") {
		return fmt.Errorf("type: %.40q is no name", r.Type)
	}
	query := make([]string, 0, len(r.SearchParam))
	for _, p := range r.SearchParam {
		query = append(query, p.Name)
	}
	slices.Sort(query)
	at, one := "/"+r.Type, "/"+r.Type+"/{id}"
	var err error
	add := func(path string, query []string, methods ...string) {
		err = errors.Join(err, f.puts(path, query, methods...))
	}
	for _, code := range codes(r.Interaction) {
		switch code {
		case "read":
			add(one, nil, "GET", "HEAD")
		case "vread":
			add(one+"/_history/{vid}", nil, "GET")
		case "update":
			add(one, query, "PUT")
			add(at, query, "PUT")
		case "patch":
			add(one, query, "PATCH")
			add(at, query, "PATCH")
		case "delete":
			add(one, query, "DELETE")
			add(at, query, "DELETE")
		case "create":
			add(at, nil, "POST")
		case "history-instance":
			add(one+"/_history", nil, "GET")
		case "history-type":
			add(at+"/_history", nil, "GET")
		case "search-type":
			add(at, query, "GET")
			add(at+"/_search", query, "GET", "POST")
			for _, c := range compartments {
				add("/"+c+"/{id}/"+r.Type, query, "GET")
			}
		}
	}
	for _, op := range r.Operation {
		err = errors.Join(err, f.operation(at, op.Name), f.operation(one, op.Name))
	}
	return err
}
