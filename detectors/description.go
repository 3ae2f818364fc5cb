package detectors

import (
	"auscult/sensor/call"
	"auscult/sensor/openapi"
)

// description is what the API's description says of a call; of nothing when there is none.
type description struct{ api *openapi.API }

func (d description) operation(c *call.Call) *openapi.Operation {
	if d.api == nil {
		return nil
	}
	return d.api.Find(c.Method, c.Host, c.Path)
}

// Unlisted is whether the answer to c is described and a property called name is not among what it lists. Where some
// part of the description takes any property, only what is grave cannot be meant.
func (d description) Unlisted(c *call.Call, name string) bool {
	op := d.operation(c)
	if op == nil {
		return false
	}
	s := op.Answer(c.Status)
	if s == nil || s.Empty() || s.Lists(name) {
		return false
	}
	if !s.Free() {
		return true
	}
	for i := range c.Answer.Props {
		if p := &c.Answer.Props[i]; p.Name == name {
			return p.Class&(grave&^byName) != 0
		}
	}
	return false
}

// guards is whether the operation demands a credential.
func (d description) guards(c *call.Call) bool {
	op := d.operation(c)
	return op != nil && op.Security == openapi.Required
}

// free is whether the operation is described to be for anybody.
func (d description) free(c *call.Call) bool {
	op := d.operation(c)
	return op != nil && op.Security == openapi.Open
}

// takes is whether the body of the request is described, and a property at path is among what it lists.
func (d description) takes(c *call.Call, path string) (described, listed bool) {
	op := d.operation(c)
	if op == nil || op.Body == nil || op.Body.Empty() {
		return false, false
	}
	return true, op.Body.Allows(path)
}
