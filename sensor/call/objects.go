package call

import (
	"bytes"
	"slices"

	"auscult/sensor/fhir"
	"auscult/sensor/http"
	"auscult/sensor/phi"
)

// add puts one identifier of the request among the objects, once.
//
// The Key of a patient's logical id is of the id alone, so that /Patient/5, patient=5, subject=Patient/5,
// /api/v2/patients/5 and a Patient in a response are one object, through a gateway or behind it; the same holds
// among numbers of patients (mrn=…, identifier=system|…), and among records of one type. The Param of an object
// is of the server's address and the name space (patient, number of a patient, or type of record): a walk over
// patients is one walk by whatever route it goes, and a client cannot split it by changing Host.
func (b *Builder) add(c *Call, ar *Arena, space nameSpace, typ, value []byte, where Where, sub bool) {
	value = bytes.TrimSpace(value)
	if len(value) == 0 || space == nobody {
		return
	}
	o := Object{Where: where, Sub: sub, Patient: space == patient || space == business}
	kind := b.kind(space, typ)
	o.Key = keyIn(space, kind, value)
	if !b.seen.add(o.Key) {
		return
	}
	if len(b.objects) >= b.cfg.Objects {
		b.Stats.Objects++
		return
	}
	o.Param = paramIn(b.server, space, kind)
	o.Type = b.typeName(ar, typ, space)
	o.ID = b.clip(ar, value)
	b.objects = append(b.objects, o)
	if o.Patient {
		c.Flags |= HealthAPI
	}
}

// kind is the typeHash of typ, where it matters.
func (b *Builder) kind(space nameSpace, typ []byte) uint64 {
	if space == patient || space == business {
		return 0
	}
	return b.words.of(typ).kind
}

// keyIn is the Key of value; kind is the typeHash of its type, unless it names a patient.
func keyIn(space nameSpace, kind uint64, value []byte) uint64 {
	switch space {
	case patient:
		return PatientKey(value)
	case business:
		return objectKey(seedBusiness, 0, value)
	}
	return objectKey(seedRecord, kind, value)
}

// paramIn is the Param of what keyIn gives a Key.
func paramIn(server uint64, space nameSpace, kind uint64) uint64 {
	seed := mix(server, seedParam)
	switch space {
	case patient:
		return nonzero(number(seed, seedPatient))
	case business:
		return nonzero(number(seed, seedBusiness))
	}
	return nonzero(number(seed, kind))
}

// typeName is the word as it stood; the names of resource types need no copy.
func (b *Builder) typeName(ar *Arena, typ []byte, space nameSpace) string {
	if t := fhir.Lookup(typ); t != 0 {
		return t.Name()
	}
	if len(typ) == 0 && space == patient {
		return "Patient"
	}
	return ar.bytes(typ[:min(len(typ), 64)])
}

// clip copies an identifier, to the bound.
func (b *Builder) clip(ar *Arena, value []byte) string {
	if len(value) > b.cfg.IDBytes {
		b.Stats.LongIDs++
		value = value[:b.cfg.IDBytes]
	}
	return ar.bytes(value)
}

// pathObjects takes the identifiers of the path.
func (b *Builder) pathObjects(c *Call, ar *Arena, r *Route) {
	for i := range r.IDs {
		id := &r.IDs[i]
		space := typeSpace(id.Type)
		if r.FHIR.Shape == fhir.NotFHIR {
			if space = b.words.of(id.Type).space; space == generic {
				space = record
			}
			if abha(id.Value) {
				space = business
			}
		}
		b.add(c, ar, space, id.Type, id.Value, InPath, id.Sub)
	}
}

// typeSpace is the name space of the logical ids of a resource type.
func typeSpace(typ []byte) nameSpace {
	if string(typ) == "Patient" {
		return patient
	}
	return record
}

// bodyObjects takes the identifiers that a scan found in the request's body.
func (b *Builder) bodyObjects(c *Call, ar *Arena, r *Route, req *phi.Report) {
	if req == nil {
		return
	}
	for i := range req.IDs {
		space, typ, value, _ := b.place(r, &req.IDs[i])
		b.add(c, ar, space, typ, value, InBody, false)
	}
}

// place is the name space, type and value of an identifier of a body; fixed is whether the path has no say in it.
func (b *Builder) place(r *Route, id *phi.ID) (space nameSpace, typ, value []byte, fixed bool) {
	b.word = append(b.word[:0], id.Type...)
	value = id.Value
	if typ, bare, ok := reference(value); ok {
		return typeSpace(typ), typ, bare, true
	}
	if space, typ := dicomKey(b.word); space != nobody {
		return space, typ, value, true
	}
	switch {
	case id.Kind == phi.Patient && abha(value):
		return business, b.word, value, true // as in a path, or a query
	case id.Kind == phi.Patient:
		return patient, b.word, value, true
	case id.Kind == phi.Business:
		return business, b.word, value, true
	}
	if fhir.Lookup(b.word) != 0 {
		return typeSpace(b.word), b.word, value, true
	}
	space = b.words.of(b.word).space
	if space != generic {
		return space, b.word, value, true
	}
	// A bare "id" is of whatever the path speaks of.
	if len(r.Collection) == 0 {
		return record, b.word, value, false
	}
	if space = wordSpace(r.Collection); space == generic || space == business {
		space = record
	}
	return space, r.Collection, value, false
}

// response takes what the response delivered: keys of everything, objects of its patients.
// before is what was made of it when it came before; nil when it is not known to come again.
func (b *Builder) response(ar *Arena, r *Route, resp *phi.Report, before *Reading) {
	if resp == nil {
		return
	}
	if before != nil && before.state == settled {
		b.replay(before, r)
		return
	}
	b.seen.reset()
	listed, asked, over, long := 0, len(b.objects), b.Stats.Delivered, b.Stats.LongIDs
	fixed := true
	b.readKinds, b.readIDs = b.readKinds[:0], b.readIDs[:0]
	people := patientless(resp)
	for i := range resp.IDs {
		id := &resp.IDs[i]
		requested := b.objects[:asked:asked]
		space, typ, value, sure := b.place(r, id)
		fixed = fixed && sure
		kind := uint64(0)
		if space == record {
			word := b.words.of(b.word)
			if id.Kind == phi.Resource && word.space == generic {
				space, fixed = b.echo(requested, value, people), false
			}
			if kind = word.kind; string(typ) != string(b.word) || space != record {
				kind = b.kind(space, typ)
			}
		}
		value = bytes.TrimSpace(value)
		if len(value) == 0 {
			continue
		}
		key := keyIn(space, kind, value)
		if id.Kind == phi.Patient && resp.People == 1 {
			b.promote(requested, r, value, key)
			b.readIDs = append(b.readIDs, readID{value, key})
		}
		if !b.seen.add(key) {
			continue
		}
		if i < resp.Told {
			continue // an earlier part has delivered it
		}
		if len(b.delivered) >= b.cfg.Delivered {
			b.Stats.Delivered++
			continue
		}
		b.delivered = append(b.delivered, key)
		if (space == patient || space == business) && listed < b.cfg.ResponseObjects {
			listed++
			b.readKinds = append(b.readKinds, readKind{space, kind})
			b.objects = append(b.objects, Object{
				Type: b.typeName(ar, typ, space), ID: b.clip(ar, value),
				Key: key, Param: paramIn(b.server, space, kind), Where: InResponse, Patient: true,
			})
		}
	}
	if before != nil && before.state == unread {
		before.settle(b, resp, asked, fixed && b.Stats.LongIDs == long, b.Stats.Delivered-over)
	}
}

// created takes the identifier of a new record from where the response says that it is (RFC 9110 section 10.2.2).
func (b *Builder) created(ar *Arena, x *http.Exchange) {
	if x.Status != 201 {
		return
	}
	at := x.Response.Get("location")
	if at == nil {
		return
	}
	at, _, _ = bytes.Cut(at, []byte("?"))
	if i := bytes.Index(at, []byte("/_history/")); i >= 0 {
		at = at[:i]
	}
	i := bytes.LastIndexByte(at, '/')
	if i <= 0 || !hasDigit(at[i+1:]) {
		return
	}
	value, typ := at[i+1:], at[:i]
	typ = typ[bytes.LastIndexByte(typ, '/')+1:]
	space := wordSpace(typ)
	if space == generic {
		space = record
	}
	kind := b.kind(space, typ)
	key := keyIn(space, kind, value)
	if len(typ) == 0 || slices.Contains(b.delivered, key) {
		return
	}
	b.delivered = append(b.delivered, key)
	if space == patient || space == business {
		b.objects = append(b.objects, Object{
			Type: b.typeName(ar, typ, space), ID: b.clip(ar, value),
			Key: key, Param: paramIn(b.server, space, kind), Where: InResponse, Patient: true,
		})
	}
}

// patientless is whether a response holds people without naming one by a patient's id: then its bare ids are
// theirs (a list of {"id", "name", "dob"}).
func patientless(resp *phi.Report) bool {
	if resp.People == 0 || resp.Classes&(phi.Name|phi.BirthDate) == 0 {
		return false
	}
	bare := 0
	for i := range resp.IDs {
		switch resp.IDs[i].Kind {
		case phi.Patient:
			return false
		case phi.Resource:
			bare++
		}
	}
	return bare <= resp.People
}

// echo is the name space of a bare id of the response: a patient's when the request named a patient by it, as
// /patients/5/summary does, or when the response holds people with no other id.
func (b *Builder) echo(requested []Object, value []byte, people bool) nameSpace {
	if people {
		return patient
	}
	key := PatientKey(value)
	for i := range requested {
		if requested[i].Key == key {
			return patient
		}
	}
	return record
}

// promote makes an identifier of the request a patient's when the response is of the patient of that id: in the body a
// bare one (a variable of GraphQL, a parameter of a remote call), in the path and the query one behind any word that
// FHIR has no other meaning for (/chart/5). There it stays in its own space, where its neighbours are that were
// refused.
func (b *Builder) promote(requested []Object, r *Route, value []byte, key uint64) {
	for i := range requested {
		o := &requested[i]
		if (o.Where == InPath || o.Where == InQuery) && !o.Patient && !o.Sub && o.ID == string(value) && fhir.LookupString(o.Type) == 0 {
			o.Key, o.Patient = key, true
		}
		if o.Where == InBody && !o.Patient && o.ID == string(value) && (o.Type == "" || o.Type == string(r.Collection)) {
			o.Type, o.Key, o.Param, o.Patient = "Patient", key, paramIn(b.server, patient, 0), true
		}
	}
}

// set is a set of keys that is emptied in one step.
type set struct {
	slots []struct {
		key   uint64
		epoch uint32
	}
	epoch uint32
	n     int
}

func (s *set) reset() {
	s.epoch++
	s.n = 0
	if s.epoch == 0 {
		clear(s.slots)
		s.epoch = 1
	}
}

// add reports whether key was new.
func (s *set) add(key uint64) bool {
	if 2*s.n >= len(s.slots) {
		s.grow()
	}
	mask := uint64(len(s.slots) - 1)
	for i := mix(key, k2) & mask; ; i = (i + 1) & mask {
		slot := &s.slots[i]
		if slot.epoch != s.epoch {
			slot.key, slot.epoch = key, s.epoch
			s.n++
			return true
		}
		if slot.key == key {
			return false
		}
	}
}

func (s *set) grow() {
	old := s.slots
	s.slots = make([]struct {
		key   uint64
		epoch uint32
	}, max(64, 2*len(old)))
	s.n = 0
	for i := range old {
		if old[i].epoch == s.epoch {
			s.add(old[i].key)
		}
	}
}
