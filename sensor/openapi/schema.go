package openapi

import (
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Schema is which properties a body has.
type Schema struct {
	paths map[string]struct{} // as call.Arg names them: hiRequest.consent.id, arrays without indices
	names map[string]struct{} // the last part of each
	free  map[string]struct{} // paths below which anything may stand; "" is the root
	// Closed is whether the schema forbids what it does not list (additionalProperties: false, at its root).
	Closed bool
	left   int // parts that may still be looked at
}

// Bounds of a schema: what is past them makes it free. References may lead back, so parts are counted too: of one schema,
// and of all together.
const (
	maxNames = 4096
	maxDepth = 12
	maxParts = 20_000
	allParts = 20_000_000
)

// Lists is whether a property called name, wherever it stands, is in the schema.
func (s *Schema) Lists(name string) bool {
	_, ok := s.names[name]
	return ok
}

// Free is whether some part of the schema takes any property.
func (s *Schema) Free() bool { return len(s.free) > 0 }

// Empty is whether the schema lists no property, and so says nothing.
func (s *Schema) Empty() bool { return len(s.names) == 0 }

// Allows is whether a property may stand at path.
func (s *Schema) Allows(path string) bool {
	if _, ok := s.paths[path]; ok || s.Empty() {
		return true
	}
	if _, ok := s.free[""]; ok {
		return true
	}
	for at := len(path); at > 0; at = strings.LastIndexByte(path[:at], '.') {
		if _, ok := s.free[path[:at]]; ok {
			return true
		}
	}
	return false
}

// schemaOf is what the bodies of content have in common: the names of all its media types.
func (a *API) schemaOf(content openapi3.Content) *Schema {
	s := &Schema{left: min(maxParts, allParts-a.parts), paths: map[string]struct{}{}, names: map[string]struct{}{}, free: map[string]struct{}{}, Closed: len(content) > 0}
	some := false
	for _, m := range content {
		if m == nil || m.Schema == nil || m.Schema.Value == nil {
			continue
		}
		some = true
		s.add("", m.Schema.Value, 0)
		s.Closed = s.Closed && closed(m.Schema.Value, 0)
	}
	a.parts += maxParts - s.left
	if !some {
		return nil
	}
	return s
}

// closed is whether a schema, or that of the elements of an array, forbids what it does not list.
func closed(v *openapi3.Schema, depth int) bool {
	if v.Items != nil && v.Items.Value != nil && depth < maxDepth {
		return closed(v.Items.Value, depth+1)
	}
	return v.AdditionalProperties.Has != nil && !*v.AdditionalProperties.Has
}

func (s *Schema) add(path string, v *openapi3.Schema, depth int) {
	if s.left--; depth > maxDepth || len(s.paths) >= maxNames || s.left < 0 {
		s.free[path] = struct{}{}
		return
	}
	parts := false
	for _, list := range [...]openapi3.SchemaRefs{v.AllOf, v.OneOf, v.AnyOf} {
		for _, r := range list {
			if r != nil && r.Value != nil {
				parts = true
				s.add(path, r.Value, depth+1)
			}
		}
	}
	if v.Items != nil && v.Items.Value != nil {
		parts = true
		s.add(path, v.Items.Value, depth+1)
	}
	for name, r := range v.Properties {
		parts = true
		below := name
		if path != "" {
			below = path + "." + name
		}
		s.paths[below], s.names[name] = struct{}{}, struct{}{}
		if r != nil && r.Value != nil {
			s.add(below, r.Value, depth+1)
		}
	}
	more := v.AdditionalProperties
	object := v.Type == nil && depth > 0 && !parts && v.Enum == nil || v.Type != nil && v.Type.Is("object")
	switch {
	case more.Schema != nil, more.Has != nil && *more.Has, len(v.PatternProperties) > 0:
		s.free[path] = struct{}{}
	case object && !parts && more.Has == nil:
		s.free[path] = struct{}{}
	}
}
