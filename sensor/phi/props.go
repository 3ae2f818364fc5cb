package phi

// Prop is the name of a property that a body has, once for each name. Name and Value are borrowed from the Scanner.
type Prop struct {
	Name  []byte // its first 48 bytes
	Class Class  // that a value of this name has when it looks as the class does
	Value []byte // of a name that grants something: the text of its first scalar, unescaped; nil when over 64 bytes
}

const (
	maxPropName  = 48
	maxPropValue = 64
)

// met is what a body has of names. A name that has a place in the memo is noted by the place, which costs next to
// nothing; it is written down only when it loses its place, or is asked for.
type met struct {
	body     uint32 // counts bodies
	names    []int16
	saved    []Prop // of those that have no place: names holds -1 for the first, -2 for the second
	values   []granted
	text     []byte
	out      []Prop
	granting uint8 // hash of the granting name met last
	at       int   // of names, whose value is awaited; -1 for none
	over     bool  // the body has more names
	later    uint8 // the pattern, from 1, of a record whose names are yet to be met; 0 for none
	ends     []int // in text, of its values that may be asked for
}

// granted is the value of the name at a place of names.
type granted struct{ at, off, n int }

// meet notes a name that this body has not had, as far as its place in the memo tells.
func (s *Scanner) meet(name []byte, e *memoEntry) {
	m := &s.memo.met
	e.body = m.body
	n := len(m.names)
	if len(name) == 0 {
		return
	}
	if len(m.saved) > 0 && m.known(name) {
		return
	}
	if e.info.traits&grants != 0 {
		m.granting, m.at = e.slot, n
	}
	if n >= s.cfg.Props {
		if !m.over {
			m.over = true
			s.stats.MoreProps++
		}
		m.at = -1
		return
	}
	i := int16(e.slot)
	switch e {
	case &s.memo.long:
		i = m.save(name, e.info.class)
	case &s.memo.slots[i]:
	default:
		i ^= 1
	}
	m.names = append(m.names, i)
}

// fresh is whether the body has had no name.
func (m *met) fresh() bool { return len(m.names) == 0 && m.at < 0 && m.later == 0 }

// known is whether name is among those that have no place.
func (m *met) known(name []byte) bool {
	name = name[:min(len(name), maxPropName)]
	for i := range m.saved {
		if string(m.saved[i].Name) == string(name) {
			return true
		}
	}
	return false
}

// save writes a name down and says how names refers to it.
func (m *met) save(name []byte, class Class) int16 {
	m.saved = append(m.saved, Prop{Name: m.own(name[:min(len(name), maxPropName)]), Class: class})
	return int16(-len(m.saved))
}

// own copies b to where it stays until the next body.
func (m *met) own(b []byte) []byte {
	n := len(m.text)
	m.text = append(m.text, b...)
	return m.text[n:len(m.text):len(m.text)]
}

// moved keeps a name that is about to lose its place from, to another or to none.
func (m *memo) moved(from, to uint8, keeps bool) {
	e := &m.slots[from]
	if e.n == 0 || e.body != m.met.body {
		return
	}
	for i, at := range m.met.names {
		if at == int16(from) {
			if keeps {
				m.met.names[i] = int16(to)
			} else {
				m.met.names[i] = m.met.save(e.key[:e.n], e.info.class)
			}
			return
		}
	}
}

// grant notes v as the value of the name under which it stands, if that was met with it.
func (s *Scanner) grant(v []byte) {
	s.granting(v)
	m := &s.memo.met
	if m.at < 0 || s.slot != m.granting {
		return
	}
	if len(v) <= maxPropValue {
		m.values = append(m.values, granted{m.at, len(m.text), len(v)})
		m.text = append(m.text, v...)
	}
	m.at = -1
}

// forgetNames forgets the names of the body before.
func (m *memo) forgetNames() {
	t := &m.met
	t.names, t.saved, t.values, t.text, t.at = t.names[:0], t.saved[:0], t.values[:0], t.text[:0], -1
	t.later, t.over = 0, false
	if t.body++; t.body == 0 {
		for i := range m.slots {
			m.slots[i].body = 0
		}
		t.body = 1
	}
}

// Props are the names of the body's properties, in the order met, at most as many as Config says. It is valid until
// the body goes on or another begins; making it costs some 10 ns a name, so ask only when it matters.
func (r *Report) Props() []Prop {
	s := r.scanner
	if s == nil {
		return r.props
	}
	s.catchUp()
	m := &s.memo.met
	m.out = m.out[:0]
	for _, at := range m.names {
		if at < 0 {
			m.out = append(m.out, m.saved[-at-1])
			continue
		}
		e := &s.memo.slots[at]
		m.out = append(m.out, Prop{Name: e.key[:e.n:e.n], Class: e.info.class})
	}
	for _, v := range m.values {
		m.out[v.at].Value = m.text[v.off : v.off+v.n : v.off+v.n]
	}
	return m.out
}

// grantWord knows the names whose value lets somebody do or have something, by all their tokens joined: what a mass
// assignment is after (OWASP API3:2023, CWE-915).
func grantWord(flat []byte) bool {
	switch string(flat) {
	case "role", "roles", "userrole", "roleid", "isadmin", "admin", "isstaff", "staff", "superuser", "issuperuser", "isroot", "permission",
		"permissions", "privilege", "privileges", "scope", "scopes", "authorities", "groups", "usertype", "accounttype", "accesslevel",
		"clearance", "isdoctor", "isclinician",
		"status", "state", "verified", "isverified", "emailverified", "approved", "isapproved", "approvedby", "active", "isactive", "enabled",
		"locked", "eligible", "eligibility", "iseligible",
		"price", "unitprice", "amount", "balance", "discount", "fee", "copay", "cost", "total", "paid", "ispaid", "paymentstatus", "credit", "credits",
		"creditlimit", "insurance", "insurancestatus", "insuranceverified", "verificationstatus", "claimstatus", "coverage", "coveragestatus", "plan", "planid",
		"doctor", "doctorid", "provider", "providerid", "practitionerid", "assignedto", "assigneddoctor", "primarydoctor",
		"attendingphysician", "pcp", "primarycareprovider", "owner", "ownerid", "userid", "createdby", "tenant", "tenantid", "organizationid", "orgid", "department",
		"departmentid", "facilityid", "type", "level":
		return true
	}
	return false
}
