package world

import (
	"math/bits"
	"strconv"

	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

// render turns steps into calls. There is one call, and one array for each of its slices, used over and over.
type render struct {
	w         *World
	c         call.Call
	seq       uint32
	endpoints [Kinds]uint64
	props     [Kinds][]call.Prop
	servers   [len(servers)]packet.Endpoint
	patient   [len(servers)]uint64 // Object.Param of patients, of their numbers, and of other things
	number    [len(servers)]uint64
	other     [len(servers)]uint64
	args      [params][2]uint64 // keys, in a query and in a body
	objects   []call.Object
	delivered []uint64
	values    []call.Arg
	issued    []uint64
	handed    []call.Handed
	text      []byte
	people    []int32
	secure    call.Secure
}

// Bounds of the sensor's calls (sensor/call.Defaults).
const (
	maxObjects   = 40
	maxDelivered = 4096
)

func (r *render) init(w *World) {
	r.w = w
	for k := range shapes {
		s := &shapes[k]
		r.endpoints[k] = hash(s.method, servers[s.server], s.route)
		for name := range words(s.props) {
			p := call.Prop{Key: hash(name), Name: name}
			if name == "role" || name == "status" {
				p.Value = hash("active")
			}
			r.props[k] = append(r.props[k], p)
		}
		if w.cfg.India && s.classes&phi.MRN != 0 {
			r.props[k] = append(r.props[k], call.Prop{Key: hash("abhaNumber"), Name: "abhaNumber", Class: phi.ABHA})
		}
	}
	for i := range servers {
		r.servers[i] = packet.Endpoint{Addr: address(10, 1, 0, 10+i), Port: 443}
		r.patient[i], r.number[i], r.other[i] = hash("p", servers[i]), hash("n", servers[i]), hash("o", servers[i])
	}
	for i := range r.args {
		r.args[i] = [2]uint64{hash("query", paramNames[i]), hash("body", paramNames[i])}
	}
	if w.cfg.Seed%2 == 0 {
		r.secure.Version = "1.3"
	}
}

// words yields the words of a text of single spaces.
func words(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for from, i := 0, 0; i <= len(s); i++ {
			if i == len(s) || s[i] == ' ' {
				if i > from && !yield(s[from:i]) {
					return
				}
				from = i + 1
			}
		}
	}
}

// call is the call of a step; nil when the sensor does not see such calls.
func (r *render) call(s *step) *call.Call {
	w := r.w
	k := s.kind
	if w.cfg.Unseen && (k >= WardList && k <= CohortPage && k != MRNLookup) {
		return nil
	}
	sh := &shapes[k]
	p := w.People[s.person]
	r.seq++
	addr := p.Addr
	if p.roams && s.at/(20*Minute)%2 == 1 {
		addr = p.other
	}
	r.objects, r.delivered, r.values = r.objects[:0], r.delivered[:0], r.values[:0]
	r.issued, r.handed, r.people = r.issued[:0], r.handed[:0], r.people[:0]
	wait := clock.Time(8+mix(uint64(r.seq))%60) * Second / 1000
	r.c = call.Call{
		Order: call.Order{Time: s.at, Flow: p.flow, Seq: r.seq}, Start: s.at - wait, Conn: p.flow ^ uint64(s.at/(5*Minute)),
		Client: packet.Endpoint{Addr: addr, Port: p.port}, Server: r.servers[sh.server],
		Version: 11, Method: sh.method, Host: servers[sh.server], Path: sh.head, Route: sh.route, Endpoint: r.endpoints[k],
		UserAgent: p.agent, ContentType: "application/json", Status: 200, RespWire: 300, RespDec: 300,
		TTFB: wait - 2, Duration: wait, Principal: p.Who, FHIR: sh.fhir, Flags: sh.flags, Secure: r.secure,
	}
	c := &r.c
	if r.secure.Version != "" {
		c.Secure.JA4 = p.ja4
	}
	r.credential(c, p)
	r.fill(c, s, p)
	r.answer(c, s, sh)
	c.Objects, c.Delivered, c.Args, c.Issued, c.Handed = r.objects, r.delivered, r.values, r.issued, r.handed
	c.Target = c.Path
	if c.Query != "" {
		c.Target = c.Path + "?" + c.Query
	}
	if s.tag == Attack {
		if edit := w.edits[s.x]; edit != nil {
			edit(c)
		}
	}
	return c
}

// credential puts on what proves who calls.
func (r *render) credential(c *call.Call, p *Person) {
	switch p.Who.Kind {
	case call.JWT:
		c.Auth = call.Auth{Scheme: call.Bearer, Marks: r.w.skew, Issued: c.Time - c.Time%Day}
		if p.secret&7 != 0 && !p.Who.Service {
			c.Auth.Marks |= call.SaysAMR | call.SecondFact
		}
		c.Principal.Expires = c.Time - c.Time%Day + 32*Hour
	case call.Session:
		c.Auth.Scheme = call.Cookie
	}
	c.Principal.Token = p.session(c.Time)
}

// fill puts in what the request names and whom the answer is about.
func (r *render) fill(c *call.Call, s *step, p *Person) {
	id := s.patient
	if s.tag != Attack && s.x >= 400 && s.kind < WardList || s.kind == DeadLink {
		c.Status = int(s.x)
	}
	switch s.kind {
	case ChartOpen, Emergency:
		r.inPath(c, s.kind, r.named(id, call.InPath, shapes[s.kind].server))
	case Encounters, Conditions, Medications, Results, Documents:
		r.inQuery(c, patientArg, r.named(id, call.InQuery, 0))
		if s.kind == Results {
			r.arg(c, call.InQuery, categoryArg, "laboratory")
			r.arg(c, call.InQuery, countArg, "50")
			c.Asked = 50
		}
		if mix(uint64(id)^uint64(s.kind)<<40)%5 == 0 {
			c.Flags |= call.Empty
			r.arg(c, call.InQuery, statusArg, "active")
			return
		}
	case Record, NoteWrite, Cancel, StudyMeta, Invoice:
		r.inPath(c, s.kind, r.record(c, id, s))
		if s.kind == NoteWrite {
			r.arg(c, call.InBody, noteArg, notes[mix(uint64(r.seq))%uint64(len(notes))])
			r.arg(c, call.InBody, statusArg, "current")
		}
		if s.kind == Cancel {
			c.Status = 204
			return
		}
	case Vitals, Immunize, Book:
		c.Status = 201
		r.arg(c, call.InBody, subjectArg, "Patient/"+r.named(id, call.InBody, 0))
		r.arg(c, call.InBody, codeArg, "Body temperature")
		r.arg(c, call.InBody, valueArg, "37.2")
		r.arg(c, call.InBody, noteArg, notes[mix(uint64(r.seq))%uint64(len(notes))])
	case Register:
		c.Status = 201
		r.arg(c, call.InBody, familyArg, surnames[mix(uint64(id))%uint64(len(surnames))])
		r.arg(c, call.InBody, givenArg, "Maria")
		r.arg(c, call.InBody, birthArg, birthday(id))
		r.arg(c, call.InBody, phoneArg, "+1 555 0100")
	case Account:
		r.inPath(c, s.kind, r.named(id, call.InPath, 3))
	case LabOrder, LabResult:
		r.accession(c, s)
	case Studies:
		r.inQuery(c, identifierArg, r.numbered(id, 2))
	case SignIn, SignOut, ResetPassword, ServiceToken:
		r.session(c, s, p)
	case AdminUser, AdminEdit:
		r.inPath(c, s.kind, "u"+strconv.Itoa(int(s.x)))
		if s.kind == AdminEdit {
			r.arg(c, call.InBody, roleArg, "nurse")
			r.arg(c, call.InBody, statusArg, "active")
		}
	case Probe:
		c.Status = 404
		r.inPath(c, s.kind, "probe"+strconv.Itoa(int(s.x)*37)+".php")
	default:
		r.find(c, s, p)
		return
	}
	if id != 0 && s.kind != LabResult && c.Status < 400 {
		r.people = append(r.people, id)
	}
	if s.kind == MRNLookup && id == 0 {
		c.Flags |= call.Empty
	}
}

// find makes the lists and searches.
func (r *render) find(c *call.Call, s *step, p *Person) {
	w := r.w
	switch s.kind {
	case WardList:
		r.arg(c, call.InQuery, locationArg, "ward"+strconv.Itoa(p.unit))
		r.page(c, 50)
		r.people = append(r.people, w.wards[p.unit]...)
	case ClinicList:
		r.arg(c, call.InQuery, dateArg, "2026-01-05")
		r.page(c, 50)
		r.people = append(r.people, w.clinics[p.unit]...)
	case EDList:
		r.arg(c, call.InQuery, locationArg, "ed")
		r.page(c, 200)
		r.people = append(r.people, w.ed[:min(200, len(w.ed))]...)
	case DischargeList:
		r.page(c, 100)
		r.people = append(r.people, w.left[:min(100, len(w.left))]...)
	case WorkList, LabList:
		r.arg(c, call.InQuery, statusArg, "pending")
		if s.tag == Worklist || s.tag == Audit {
			r.page(c, 500)
		} else {
			r.page(c, 200)
		}
		for v := range int(s.x) {
			r.people = append(r.people, w.listed(int(s.person), v))
		}
		if s.kind == LabList {
			for n := w.accession(s.at); n > w.accession(s.at)-150; n-- {
				r.delivered = append(r.delivered, hash("orders", strconv.Itoa(int(n))))
			}
		}
	case NameSearch:
		name := surnames[mix(uint64(s.patient))%uint64(len(surnames))]
		if s.tag == OddText {
			name = oddNames[mix(uint64(r.seq))%uint64(len(oddNames))]
		}
		r.arg(c, call.InQuery, nameArg, name)
		r.arg(c, call.InQuery, birthArg, birthday(s.patient))
		r.people = append(r.people, s.patient)
		for v := 1; v < int(s.x) && s.tag != Attack; v++ {
			r.people = append(r.people, 1+int32(mix(uint64(s.patient)<<8^uint64(v))%uint64(w.pat.top())))
		}
	case MRNLookup:
		if s.patient == 0 { // a slip of the finger
			c.Flags |= call.Empty
			mrn := w.pat.mrn(w.pat.top() + 1_000_000 + int(r.seq%1000))
			r.objects = append(r.objects, call.Object{Type: "mrn", ID: mrn, Key: hash("mrn", mrn), Param: r.number[0], Where: call.InQuery, Patient: true})
			r.inQuery(c, identifierArg, mrn)
			return
		}
		r.inQuery(c, identifierArg, r.numbered(s.patient, 0))
		r.people = append(r.people, s.patient)
	case CohortPage:
		page := int(s.x)
		if s.tag == Attack {
			page = int(s.patient)
		}
		r.page(c, 100)
		r.arg(c, call.InQuery, offsetArg, strconv.Itoa(100*page))
		for v := range 100 {
			r.people = append(r.people, int32(1+(p.cohort+100*page+v)%w.pat.top()))
		}
	}
}

// listed is the patient in place v of the worklist of one of People: of a coder those of the past, else inpatients.
func (w *World) listed(person, v int) int32 {
	if w.People[person].Role == Coder {
		return w.past[(person*997+w.day*131+v)%len(w.past)]
	}
	v += person * 7
	return w.wards[v/beds%len(w.wards)][v%beds]
}

func (r *render) page(c *call.Call, n int) {
	c.Asked = n
	r.arg(c, call.InQuery, countArg, strconv.Itoa(n))
}

// birthday is a patient's, made up.
func birthday(id int32) string {
	n := mix(uint64(id))
	return strconv.Itoa(1930+int(n%90)) + "-0" + strconv.Itoa(1+int(n>>8%9)) + "-1" + strconv.Itoa(int(n>>16%10))
}

// accession names an order of the laboratory.
func (r *render) accession(c *call.Call, s *step) {
	id := strconv.Itoa(int(s.x))
	if s.tag == Attack {
		id = strconv.Itoa(5_000_000 + int(s.patient))
	}
	r.objects = append(r.objects, call.Object{Type: "orders", ID: id, Key: hash("orders", id), Param: r.other[1], Where: call.InPath})
	r.inPath(c, s.kind, id)
	if s.kind == LabResult {
		c.Status = 201
		r.arg(c, call.InBody, valueArg, "4.1")
		r.arg(c, call.InBody, statusArg, "final")
	}
}

// record names a thing of a patient's: one of a few that its list delivers.
func (r *render) record(c *call.Call, id int32, s *step) string {
	n := uint64(id)<<3 ^ mix(uint64(r.seq))%4
	text := strconv.FormatUint(mix(n^uint64(s.kind)<<50)%1e12, 10)
	sv := shapes[s.kind].server
	r.objects = append(r.objects, call.Object{Type: "record", ID: text, Key: hash("record", text), Param: r.other[sv] ^ uint64(s.kind), Where: call.InPath})
	return text
}

// named names a patient by id in the request.
func (r *render) named(id int32, where call.Where, server int) string {
	p := &r.w.pat
	r.objects = append(r.objects, call.Object{Type: "Patient", ID: p.ids[id], Key: p.keys[id], Param: r.patient[server], Where: where, Patient: true})
	return p.ids[id]
}

// numbered names a patient by number.
func (r *render) numbered(id int32, server int) string {
	p := &r.w.pat
	r.objects = append(r.objects, call.Object{Type: "mrn", ID: p.mrns[id], Key: p.mrnKey[id], Param: r.number[server], Where: call.InQuery, Patient: true})
	return p.mrns[id]
}

func (r *render) inPath(c *call.Call, k Kind, id string) {
	c.Path = shapes[k].head + id + shapes[k].tail
	r.arg(c, call.InPath, idArg, id)
}

func (r *render) inQuery(c *call.Call, p param, v string) {
	c.Query = paramNames[p] + "=" + v
	r.arg(c, call.InQuery, p, v)
}

// arg adds one value of the request.
func (r *render) arg(c *call.Call, where call.Where, p param, v string) {
	r.text = append(r.text[:0], v...)
	key := r.args[p][0]
	if where == call.InBody {
		key = r.args[p][1]
		c.ReqWire += int64(len(v) + 20)
		c.ReqDec = c.ReqWire
	}
	r.values = append(r.values, call.Arg{Key: key, Value: hash(v), Name: paramNames[p], Text: v, Len: len(v), Where: where, Look: r.w.look.Look(r.text)})
}

// session makes logins and their like.
func (r *render) session(c *call.Call, s *step, p *Person) {
	who := &p.Who
	c.Principal, c.Auth = addressPrincipalOf(p, c.Client.Addr), call.Auth{}
	switch s.kind {
	case SignOut:
		c.Principal, c.Status = *who, 204
		r.credential(c, p)
		return
	case ServiceToken:
		c.Grant = call.ClientCredentials
		r.arg(c, call.InBody, grantArg, "client_credentials")
	default:
		r.arg(c, call.InBody, userArg, who.ID)
	}
	r.values = append(r.values, call.Arg{Key: r.args[passwordArg][1], Value: p.secret, Name: "password", Len: 12, Where: call.InBody, Kind: call.Secret})
	c.User, c.Auth.Secret = who.ID, p.secret
	c.Status = int(s.x)
	if s.tag == Attack {
		c.Status = 200
	}
	if c.Status == 401 {
		if s.kind == SignIn {
			c.Auth.Secret ^= mix(uint64(r.seq)) // mistyped
		}
		return
	}
	if s.kind == ResetPassword {
		return
	}
	c.Flags |= call.Token
	token := p.session(c.Time + 10*Minute)
	r.issued = append(r.issued, token)
	h := call.Handed{Token: token, Name: "access_token"}
	if who.Kind == call.Session {
		h = call.Handed{Token: token, Name: "SID", Value: strconv.FormatUint(mix(token), 16) + strconv.FormatUint(mix(token+1), 16), Marks: call.IsCookie | call.HTTPOnly | call.SecureOnly | call.SameSite}
	}
	r.handed = append(r.handed, h)
}

func addressPrincipalOf(p *Person, a packet.Addr) call.Principal {
	if p.Who.Kind == call.Address {
		return p.Who
	}
	q := addressPrincipal(a)
	q.Shared = p.shared
	return q
}

// answer puts in what the response holds.
func (r *render) answer(c *call.Call, s *step, sh *shape) {
	if c.Status >= 400 || c.Status == 204 {
		c.Flags &^= call.Create
		return
	}
	c.Answer.Props = r.props[s.kind]
	p := &r.w.pat
	for _, id := range r.people {
		if len(r.delivered)+2 <= maxDelivered {
			r.delivered = append(r.delivered, p.keys[id])
			if sh.classes&phi.MRN != 0 {
				r.delivered = append(r.delivered, p.mrnKey[id])
			}
		}
		if len(r.objects)+2 <= maxObjects {
			r.objects = append(r.objects, call.Object{Type: "Patient", ID: p.ids[id], Key: p.keys[id], Param: r.patient[sh.server], Where: call.InResponse, Patient: true})
			if sh.classes&phi.MRN != 0 {
				r.objects = append(r.objects, call.Object{Type: "mrn", ID: p.mrns[id], Key: p.mrnKey[id], Param: r.number[sh.server], Where: call.InResponse, Patient: true})
			}
		}
	}
	if n := len(r.people); n > 0 {
		c.PHI = call.Found{Classes: sh.classes, People: n, Records: n, Bytes: int64(700 * n)}
		if r.w.cfg.India && sh.classes&phi.MRN != 0 {
			c.PHI.Classes |= phi.ABHA
		}
		if sh.fhir.Interaction == "search-type" {
			c.FHIR.Entries, c.FHIR.Total = n, int64(n)
			if s.kind >= Encounters && s.kind <= Documents {
				c.FHIR.Entries = 1 + int(mix(uint64(s.patient))%9)
				c.PHI.Records = c.FHIR.Entries
				for e := range min(4, c.FHIR.Entries) { // the records it lists
					n := uint64(s.patient)<<3 ^ uint64(e)
					r.deliverRecord(n, s.kind)
				}
			}
		}
		// Every second answer has records twice as large, every fourth four times, and so on: sizes have tails that no threshold holds.
		size := bits.TrailingZeros64(mix(uint64(r.seq)<<8) | 1<<8)
		c.RespDec = 200 + 900<<size*int64(c.PHI.Records)
		c.RespWire = c.RespDec
	}
}

// deliverRecord makes what record names known to who asked for its list.
func (r *render) deliverRecord(n uint64, k Kind) {
	switch k {
	case Results:
		k = Record
	case Documents:
		k = NoteWrite
	case Encounters:
		k = Cancel
	default:
		return
	}
	r.text = strconv.AppendUint(r.text[:0], mix(n^uint64(k)<<50)%1e12, 10)
	r.delivered = append(r.delivered, hash("record", string(r.text)))
}
