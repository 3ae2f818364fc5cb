package sink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// cut is an alert in at most limit bytes: evidence, observables, resources and facts go, the later ones first, and at
// last all but what tells which incident it is of. metadata.is_truncated says so in it (OCSF 1.8.0). It is false when
// nothing helps.
func cut(body []byte, limit int) ([]byte, bool) {
	if len(body) <= limit {
		return body, true
	}
	all, err := members(body)
	if err != nil {
		return nil, false
	}
	all.truncated(len(body))
	for keep := 64; keep > 0; keep /= 2 {
		for i, m := range all {
			switch m.key {
			case "evidences", "observables", "resources":
				all[i].value = head(m.value, keep/2)
			case "unmapped":
				if inner, err := members(m.value); err == nil {
					for j, n := range inner {
						if n.key == "facts" {
							inner[j].value = head(n.value, keep/2)
						}
					}
					all[i].value = inner.bytes()
				}
			}
		}
		if b := all.bytes(); len(b) <= limit {
			return b, true
		}
	}
	all = all.only("metadata", "category_uid", "class_uid", "activity_id", "type_uid", "time", "start_time", "end_time", "count",
		"severity_id", "severity", "finding_info")
	for i, m := range all {
		if m.key == "finding_info" {
			if inner, err := members(m.value); err == nil {
				all[i].value = inner.only("uid", "title", "analytic").bytes()
			}
		}
	}
	b := all.bytes()
	return b, len(b) <= limit
}

// object is the members of a JSON object, in their order.
type object []member

type member struct {
	key   string
	value []byte
}

func members(b []byte) (o object, err error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("not an object: %w", err)
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := t.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		o = append(o, member{key, value})
	}
	return o, nil
}

// bytes is o as JSON; an empty array is left out.
func (o object) bytes() []byte {
	b := []byte{'{'}
	for _, m := range o {
		if string(m.value) == "[]" {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(append(b, '"'), m.key...), '"', ':'), m.value...)
	}
	return append(b, '}')
}

func (o object) only(keys ...string) object {
	return slices.DeleteFunc(o, func(m member) bool { return !slices.Contains(keys, m.key) })
}

// truncated says in metadata that evidence was cut, and how long the whole was.
func (o object) truncated(size int) {
	for i, m := range o {
		if m.key == "metadata" && len(m.value) > 2 {
			o[i].value = fmt.Appendf(bytes.Clone(m.value[:len(m.value)-1]), `,"is_truncated":true,"untruncated_size":%d}`, size)
		}
	}
}

// head is the first n elements of an array.
func head(b []byte, n int) []byte {
	var each []json.RawMessage
	if json.Unmarshal(b, &each) != nil || len(each) <= n {
		return b
	}
	out := []byte{'['}
	for i, e := range each[:n] {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, e...)
	}
	return append(out, ']')
}
