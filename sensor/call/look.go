package call

import "auscult/sensor/inject"

// Long values that are encoded data say at their beginning of what: no more of them is looked at.
const (
	longValue = 512
	longHead  = 256
)

// look is what a value shows.
func (b *Builder) look(v []byte) inject.Look {
	if len(v) > longValue && encodedData(v) {
		v = v[:longHead]
	}
	return b.inject.Look(v)
}

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
	switch string(name) {
	case "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$eq", "$regex", "$where", "$exists", "$or", "$and", "$nor", "$not",
		"$expr", "$function", "$accumulator", "$elemMatch", "$size", "$type", "$mod", "$all", "$text", "$jsonSchema":
		return true
	}
	return false
}
