package call

import "auscult/sensor/inject"

// Long values that are encoded data say at their beginning of what: no more of them is looked at.
const (
	longValue = 512
	longHead  = 256
)

// looks remembers what short values show: the codes, systems and words of an API come again and again, and to look at
// one costs more than the rest of what is told of it. It is direct-mapped and compares whole values, so that nobody
// can have one taken for another.
type looks [512]struct {
	value [shortValue]byte
	n     uint8
	look  inject.Look
	text  string // the value, once it came a second time; never written again
}

// shortValue is the longest value that is remembered, in bytes.
const shortValue = 48

// look is what a value with that hash shows, and the value as a string if it is remembered.
func (b *Builder) look(v []byte, hash uint64) (inject.Look, string) {
	if len(v) > shortValue || bare(v) {
		if len(v) > longValue && encodedData(v) {
			v = v[:longHead]
		}
		return b.inject.Look(v), ""
	}
	slot := &b.looks[hash%uint64(len(b.looks))]
	switch {
	case string(slot.value[:slot.n]) != string(v):
		slot.n, slot.text = uint8(copy(slot.value[:], v)), ""
		slot.look = b.inject.Look(v)
	case slot.text == "":
		slot.text = string(v)
	}
	return slot.look, slot.text
}

// bare is whether v is of letters, digits, - and _ alone, as most identifiers and codes are: to look at it is quick, and
// few come again.
func bare(v []byte) bool {
	for _, c := range v {
		if !bareByte[c] {
			return false
		}
	}
	return true
}

var bareByte = func() (t [256]bool) {
	for c := range 256 {
		t[c] = letter(byte(c)) || digit(byte(c)) || c == '-' || c == '_'
	}
	return t
}()

// encodedData is whether v is of the characters of Base64 alone, in either alphabet.
func encodedData(v []byte) bool {
	for _, c := range v {
		if !letter(c) && !digit(c) && c != '+' && c != '/' && c != '=' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// mongo are the operators of MongoDB's query language that attacks put in the place of a value.
func mongo(name []byte) bool {
	if len(name) == 0 || name[0] != '$' {
		return false
	}
	switch string(name) {
	case "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$eq", "$regex", "$where", "$exists", "$or", "$and", "$nor", "$not",
		"$expr", "$function", "$accumulator", "$elemMatch", "$size", "$type", "$mod", "$all", "$text", "$jsonSchema":
		return true
	}
	return false
}
