package detectors

import (
	"strings"

	"auscult/sensor/call"
)

// grants is what a property of a name gives.
type grants uint8

const (
	givesNothing   grants = iota
	grantsPower           // a role or a right
	grantsApproval        // that somebody checked something: insurance, payment, identity
	grantsMoney           // what something costs
	grantsOwner           // whose it is
)

// grantName is a name, flattened so that is_admin and isAdmin are one, and what it gives.
type grantName struct {
	key, name uint64
	group     grants
	flag      bool // its value is yes or no
}

// name is what is known of a parameter or property. Key is that of the parameter, or of the property's name.
func (d *massAssignment) name(key uint64, name string) grantName {
	g := &d.names[key%uint64(len(d.names))]
	if g.key != key || key == 0 {
		*g = readName(name)
		g.key = key
	}
	return *g
}

// lastName is the last part of a name with dots.
func lastName(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// readName reads a name.
func readName(name string) grantName {
	var buf [32]byte
	flat := buf[:0]
	for _, c := range []byte(lastName(name)) {
		switch {
		case len(flat) == len(buf):
			return grantName{}
		case c-'A' < 26:
			flat = append(flat, c|0x20)
		case c-'a' < 26 || c-'0' < 10:
			flat = append(flat, c)
		}
	}
	g := grantName{}
	switch string(flat) {
	case "isadmin", "admin", "isstaff", "superuser", "issuperuser", "isroot", "isdoctor", "isclinician", "adminuser":
		g.group, g.flag = grantsPower, true
	case "role", "roles", "userrole", "roleid", "permission", "permissions", "privilege", "privileges", "authorities", "accesslevel", "usertype",
		"accounttype", "clearance", "scopes":
		g.group = grantsPower
	case "verified", "isverified", "emailverified", "insuranceverified", "approved", "isapproved", "eligible", "iseligible", "paid", "ispaid":
		g.group, g.flag = grantsApproval, true
	case "insurancestatus", "coveragestatus", "paymentstatus", "eligibility", "approvedby", "verificationstatus", "claimstatus":
		g.group = grantsApproval
	case "price", "discount", "balance", "copay", "credit", "credits", "creditlimit", "fee", "cost", "unitprice":
		g.group = grantsMoney
	case "owner", "ownerid", "userid", "createdby", "tenantid", "tenant", "orgid", "organizationid", "doctor", "doctorid", "assigneddoctor",
		"assignedto", "primarydoctor", "pcp", "primarycareprovider", "providerid", "practitionerid", "attendingphysician":
		g.group = grantsOwner
	default:
		return g
	}
	g.name = text(string(flat))
	return g
}

// height is how far a value rises above the givesNothing.
type height uint8

const (
	noRise height = iota // nothing that the writer had not anyway
	someRise
	topRise
)

// rises judges a value by itself: no, none and patient give nothing.
func rises(g grantName, a *call.Arg) height {
	if a.Kind == call.Null || a.Len == 0 || len(a.Text) > 40 {
		return noRise
	}
	var buf [40]byte
	low := buf[:0]
	for _, c := range []byte(a.Text) {
		if c-'A' < 26 {
			c |= 0x20
		}
		low = append(low, c)
	}
	v := string(low)
	switch v {
	case "false", "0", "no", "off", "none", "null", "user", "patient", "guest", "pending", "unverified", "self", "member", "unpaid", "public":
		if g.group != grantsMoney || v == "false" || v == "null" || v == "none" {
			return noRise
		}
	}
	if g.group != grantsPower {
		return someRise
	}
	if g.flag {
		if v == "true" || v == "1" || v == "yes" || v == "on" {
			return topRise
		}
		return noRise
	}
	for _, w := range [...]string{"admin", "root", "superuser", "sysadmin", "owner"} {
		if strings.Contains(v, w) {
			return topRise
		}
	}
	if v == "*" || v == "all" {
		return topRise
	}
	return someRise
}

// administers is whether a role, as the credential says it, is of somebody who gives others their roles.
func administers(role string) bool {
	for i := 0; i+5 <= len(role); i++ {
		if strings.EqualFold(role[i:i+5], "admin") {
			return true
		}
	}
	return strings.EqualFold(role, "hr") || strings.EqualFold(role, "superuser")
}

// registers is whether a route is where people make accounts of their own.
func registers(route string) bool {
	for _, w := range [...]string{"register", "signup", "sign-up", "sign_up", "registration"} {
		if strings.Contains(route, w) {
			return true
		}
	}
	return false
}

// aboutUsers is whether a route is where administrators manage accounts.
func aboutUsers(route string) bool {
	return accountWords.in(route) != ""
}

var accountWords = wordList{"user", "staff", "account", "member", "employee", "role", "permission", "team", "group", "tenant", "admin", "iam"}

// selfService is whether a write is about the writer: registering, a profile of their own, or their own record.
func selfService(c *call.Call) bool {
	if registers(c.Route) {
		return true
	}
	rest := c.Route
	for rest != "" {
		var seg string
		seg, rest, _ = strings.Cut(rest, "/")
		switch strings.ToLower(seg) {
		case "me", "profile", "self", "account", "my-profile", "myprofile", "my":
			return true
		}
	}
	for i := range c.Objects {
		if o := &c.Objects[i]; o.Where == call.InPath && o.ID == c.Principal.ID {
			return true
		}
	}
	return false
}
