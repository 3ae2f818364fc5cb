package call

import (
	"bytes"
	"strconv"

	"auscult/sensor/fhir"
)

// query reads the query of a call: identifiers, page size, page step, and credentials in it.
func (b *Builder) query(c *Call, ar *Arena, r *Route, query []byte, who *credentials) {
	for n, whole := 0, len(query); len(query) > 0; n++ {
		if n == b.cfg.Params {
			b.Stats.Params += uint64(bytes.Count(query, []byte("&")) + 1)
			return
		}
		pair, off := query, whole-len(query)
		if i := bytes.IndexByte(query, '&'); i >= 0 {
			pair, query = query[:i], query[i+1:]
		} else {
			query = nil
		}
		key, value, _ := bytes.Cut(pair, []byte("="))
		if len(key) == 0 && len(value) == 0 {
			continue
		}
		key = decoded(&b.keyBuf, key)
		value = decoded(&b.valueBuf, value)
		b.queryArg(c, ar, r, pair, key, value, off)
		if len(key) == 0 || len(value) == 0 {
			continue
		}
		if len(key) > 128 {
			continue
		}
		if b.page(c, key, value) || b.credential(r, key, value, who) {
			continue
		}
		b.named(c, ar, r, key, value)
	}
}

// decoded is b, or its decoded form in buf when it has escapes.
func decoded(buf *[]byte, b []byte) []byte {
	if bytes.IndexByte(b, '%') < 0 && bytes.IndexByte(b, '+') < 0 {
		return b
	}
	*buf = unescape((*buf)[:0], b, true)
	return *buf
}

// page takes arguments that shape a list: its size, and steps through it.
func (b *Builder) page(c *Call, key, value []byte) bool {
	var low [32]byte
	if len(key) > len(low) {
		return false
	}
	switch string(lower(low[:0], key)) {
	case "_count", "limit", "_limit", "size", "pagesize", "page_size", "per_page", "perpage", "$top", "top", "rows", "max", "maxresults", "first", "count", "take":
		if n, err := strconv.Atoi(string(value[:min(len(value), 10)])); err == nil && n > c.Asked {
			c.Asked = n
		}
		return true
	case "_getpages", "_getpagesoffset", "_offset", "page", "_page", "offset", "start", "startindex", "cursor", "ct", "after",
		"pagetoken", "page_token", "_page_token", "$skip", "$skiptoken", "skip", "_cursor", "pagenumber", "continuationtoken", "_pageid":
		c.Flags |= PageStep
		return true
	case "_sort", "sort", "order", "orderby", "$orderby", "_include", "_revinclude", "_elements", "_summary", "_format", "_pretty",
		"_total", "_fields", "fields", "includefield", "fuzzymatching", "_bundletype", "date", "_lastupdated", "_since", "from", "to", "v", "q", "_":
		return true
	}
	return false
}

// Words that end in id and name no object of the service: the exchange itself or its client.
func plumbing(key []byte) bool {
	var buf [48]byte
	switch string(canonical(&buf, key)) {
	case "request", "correlation", "trace", "span", "client", "session", "app", "tenant", "transaction", "message":
		return true
	}
	return false
}

// transaction is whether a key names an exchange of health information between ABDM's parties, which is a record
// of theirs.
func transaction(key []byte) bool {
	var buf [48]byte
	return string(canonical(&buf, key)) == "transaction"
}

// named takes the identifiers under one query key.
func (b *Builder) named(c *Call, ar *Arena, r *Route, key, value []byte) {
	if bytes.HasPrefix(key, []byte("_has:")) {
		b.reverse(c, ar, key, value)
		return
	}
	key, as, chain := chained(key)
	space, typ := b.classify(r, key, as, chain, value)
	if space == nobody {
		return
	}
	for len(value) > 0 {
		v, rest, _ := bytes.Cut(value, []byte(","))
		value = rest
		if bar := bytes.LastIndexByte(v, '|'); bar >= 0 { // system|value
			v = v[bar+1:]
		}
		if t, id, ok := reference(v); ok {
			b.add(c, ar, typeSpace(t), t, id, InQuery, false)
			continue
		}
		b.add(c, ar, space, typ, v, InQuery, false)
	}
}

// reverse takes the identifiers under a reverse chain (FHIR search, section 3.1.1.5): _has:Observation:patient:_id=5
// names an Observation, _has:Group:member:patient=7 a patient.
func (b *Builder) reverse(c *Call, ar *Arena, key, value []byte) {
	last := bytes.LastIndexByte(key, ':')
	typ, key := key[:last], key[last+1:]
	typ = typ[:max(0, bytes.LastIndexByte(typ, ':'))]
	typ = typ[bytes.LastIndexByte(typ, ':')+1:]
	for len(value) > 0 {
		var v []byte
		v, value, _ = bytes.Cut(value, []byte(","))
		space, of := nobody, typ
		switch {
		case string(key) == "_id" && fhir.Lookup(typ) != 0:
			space = typeSpace(typ)
		case wordSpace(key) == patient && hasDigit(v):
			space, of = patient, typePatient
		}
		if t, id, ok := reference(v); ok {
			space, of, v = typeSpace(t), t, id
		}
		b.add(c, ar, space, of, v, InQuery, false)
	}
}

// chained takes a FHIR search key apart (section 3.1.1.3): subject:Patient.identifier is subject, Patient,
// identifier. filter[patient] and patient[] are what is in or before the brackets.
func chained(key []byte) (name, as, chain []byte) {
	if n := len(key); n > 2 && key[n-1] == ']' {
		open := bytes.LastIndexByte(key, '[')
		if open > 0 && open+2 < n {
			key = key[open+1 : n-1]
		} else if open > 0 {
			key = key[:open]
		}
	}
	// Of a longer chain the last hop says whose the value is: result.subject:Patient.identifier.
	if i := bytes.LastIndexByte(key, '.'); i > 0 {
		key = key[bytes.LastIndexByte(key[:i], '.')+1:]
	}
	name, chain, _ = bytes.Cut(key, []byte("."))
	name, as, _ = bytes.Cut(name, []byte(":"))
	return name, as, chain
}

// classify is the name space of the values under a query key, and the word for their type.
func (b *Builder) classify(r *Route, key, as, chain, value []byte) (nameSpace, []byte) {
	isFHIR := r.FHIR.Shape != fhir.NotFHIR
	if len(chain) > 0 {
		switch {
		case string(chain) == "identifier" && (string(as) == "Patient" || wordSpace(key) == patient):
			return business, chain
		case string(chain) != "_id" && string(chain) != "id":
			return nobody, nil
		}
	}
	if space, typ := dicomKey(key); space != nobody {
		return space, typ
	}
	m := b.words.of(key)
	space := m.space
	switch {
	case string(as) == "Patient":
		return patient, as
	case string(as) == "identifier" && space == patient:
		return business, as
	case string(as) == "of-type" && string(key) == "identifier" && string(r.FHIR.Type) == "Patient":
		return business, key // system|code|value (FHIR R5 section 3.2.1.5.5.15, and IHE profiles of R4)
	case fhir.Lookup(as) != 0:
		return record, as
	case len(as) > 0 && isFHIR:
		return nobody, nil // :exact, :contains, :missing, …
	case space == generic:
		return b.bare(r, value)
	case isFHIR && string(key) == "identifier" && string(r.FHIR.Type) != "Patient":
		return record, r.FHIR.Type
	case isFHIR && space == patient && (string(key) == "patient" || hasDigit(value)):
		return patient, typePatient
	case (space == patient || space == business || space == record) && abha(value):
		return business, key
	case (space == patient || space == business) && hasDigit(value):
		return space, key
	case space == patient || space == business:
		return nobody, nil
	case isFHIR:
		return b.fhirParam(key, value)
	case plumbing(key) && !(r.ABDM && transaction(key)) || !hasDigit(value):
		return nobody, nil
	case pidKey(key) && clinical(r.Template):
		return patient, key
	case m.identifies:
		return record, key
	}
	return nobody, nil
}

// bare is the name space of id=, _id=, uuid=: that of the path.
func (b *Builder) bare(r *Route, value []byte) (nameSpace, []byte) {
	switch {
	case len(r.FHIR.Type) > 0:
		return typeSpace(r.FHIR.Type), r.FHIR.Type
	case !hasDigit(value) || len(r.Collection) == 0:
		return nobody, nil
	case wordSpace(r.Collection) == patient:
		return patient, r.Collection
	}
	return record, r.Collection
}

// fhirParam is a FHIR search parameter that refers to a record: its value is a reference, or its name is a type's
// (encounter=55).
func (b *Builder) fhirParam(key, value []byte) (nameSpace, []byte) {
	if typ, _, ok := reference(value); ok {
		return typeSpace(typ), typ
	}
	if len(key) < 4 || len(key) > 40 || !hasDigit(value) {
		return nobody, nil
	}
	var title [40]byte
	n := copy(title[:], key)
	title[0] &^= 0x20
	if t := fhir.Lookup(title[:n]); t != 0 {
		b.word = append(b.word[:0], t.Name()...)
		return typeSpace(b.word), b.word
	}
	return nobody, nil
}

// dicomKey reads the keys of QIDO-RS and WADO-URI (PS3.18 sections 8.3.4 and 9).
func dicomKey(key []byte) (nameSpace, []byte) {
	switch string(key) {
	case "StudyInstanceUID", "studyUID", "0020000D":
		return record, typeStudy
	case "SeriesInstanceUID", "seriesUID", "0020000E":
		return record, typeSeries
	case "SOPInstanceUID", "objectUID", "00080018":
		return record, typeInstance
	case "AccessionNumber", "00080050":
		return record, typeAccession
	case "PatientID", "00100020":
		return patient, typePatientID
	}
	return nobody, nil
}

// pidKey is whether a key is pid or set_pid, as pages written by hand call the patient's number (PID is the segment that
// identifies the patient, HL7 v2.5 section 3.4.2). It may as well be a product, a process or a parent: the path decides.
func pidKey(key []byte) bool {
	n := len(key) - len("pid")
	if n < 0 || !bytes.EqualFold(key[n:], []byte("pid")) {
		return false
	}
	return n == 0 || key[n-1] == '_' || key[n-1] == '-' || key[n] == 'P' && key[n-1] >= 'a' && key[n-1] <= 'z'
}

// clinical is whether the words of a path speak of patients' charts.
func clinical(path []byte) bool {
	var buf [128]byte
	path = lower(buf[:0], path[:min(len(path), len(buf))])
	for _, w := range [...]string{"patient", "demographic", "chart", "result", "encounter", "clinic", "vital", "allerg", "medication"} {
		if bytes.Contains(path, []byte(w)) {
			return true
		}
	}
	return false
}

// idSuffix is whether a key says that it holds an id: visitId, visit_id, visitID, visitUuid, orderNo.
func idSuffix(key []byte) bool {
	for _, s := range [...]string{"Id", "ID", "_id", "-id", "Uuid", "UUID", "_uuid", "Ids", "_ids", "_no", "Number", "_number"} {
		if len(key) > len(s) && string(key[len(key)-len(s):]) == s {
			return true
		}
	}
	return false
}
