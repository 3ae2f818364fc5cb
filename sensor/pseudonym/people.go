package pseudonym

import "strings"

// namesPerson is whether what follows a level of a path names a person, be it by a word: patients/krishnamurthy, users/m.rao.
func namesPerson(level string) bool {
	var buf [maxNoun]byte
	switch string(singular(&buf, level)) {
	case "patient", "subject", "beneficiary", "beneficiarie", "member", "person", "people", "enrollee", "individual", "pat",
		"mrn", "uhid", "abha", "healthid", "identifier", "user", "username", "staff", "doctor", "physician", "practitioner", "clinician", "nurse",
		"provider", "employee", "resident", "client", "customer", "guardian", "caregiver", "family", "familyname", "surname", "lastname", "firstname",
		"givenname", "name", "email", "login":
		return true
	}
	return false
}

// aboutPeople is whether a word behind one of people is no name of theirs but what an API does with them, or has of them.
// What ends as a file of a page, or begins as an operation, is none either.
func aboutPeople(level string) bool {
	if level[0] == '_' || level[0] == '.' || level[0] == '$' || len(level) < 3 {
		return true
	}
	if i := strings.LastIndexByte(level, '.'); i > 0 {
		switch level[i:] {
		case ".json", ".xml", ".html", ".htm", ".aspx", ".asp", ".php", ".jsp", ".do", ".js", ".css", ".csv", ".svc", ".action":
			level = level[:i]
		}
	}
	var buf [maxNoun]byte
	switch string(singular(&buf, level)) {
	case "search", "find", "lookup", "query", "filter", "match", "list", "all", "index", "count", "total", "stat", "statistic", "summary",
		"new", "create", "add", "edit", "update", "delete", "remove", "save", "merge", "import", "export", "upload", "download", "bulk", "batch",
		"me", "self", "current", "mine", "own", "profile", "avatar", "photo", "login", "logout", "signin", "signup", "register", "registration",
		"verify", "validate", "confirm", "activate", "password", "forgot", "reset", "session", "token", "role", "permission", "group", "team",
		"recent", "latest", "active", "inactive", "archived", "deleted", "pending", "waiting", "favorite", "history", "audit", "log", "event",
		"appointment", "visit", "encounter", "admission", "discharge", "transfer", "bed", "ward", "unit", "worklist", "queue", "schedule", "calendar", "slot",
		"note", "document", "report", "record", "chart", "result", "lab", "order", "test", "observation", "vital", "condition", "problem", "diagnosis",
		"diagnose", "medication", "prescription", "allergy", "allergie", "immunization", "procedure", "image", "imaging", "referral", "consent", "careplan",
		"demographic", "detail", "info", "contact", "address", "addresse", "phone", "email", "identifier", "insurance", "coverage", "claim", "bill",
		"billing", "invoice", "payment", "account", "balance", "device", "message", "notification", "alert", "task", "setting", "preference",
		"link", "relation", "dashboard", "overview", "directory", "portal", "api", "rest", "health", "status", "metadata", "schema", "config", "help", "version", "admin",
		"type", "category", "categorie", "location", "organization", "department", "service", "everything", "graphql", "sync", "notify", "print", "preview",
		"feed", "stream", "live", "watch", "subscribe", "subscription", "change", "delta", "next", "page", "first", "last", "today", "duplicate",
		"exist", "check", "distinct", "suggest", "autocomplete", "random", "sample", "risk", "triage", "flag", "tag", "form", "template", "assign":
		return true
	}
	return false
}

// maxNoun is how long the words are that are known.
const maxNoun = 24

// singular writes the letters and digits of s into dst, in lower case and without a plural s.
func singular(dst *[maxNoun]byte, s string) []byte {
	n := 0
	for i := 0; i < len(s) && n < len(dst); i++ {
		if c := s[i]; isLetter(c) {
			dst[n] = c | 0x20
			n++
		} else if isDigit(c) {
			dst[n] = c
			n++
		}
	}
	if n > 3 && dst[n-1] == 's' && dst[n-2] != 's' {
		n--
	}
	return dst[:n]
}
