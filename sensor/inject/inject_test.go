package inject_test

import (
	"bytes"
	"strings"
	"testing"

	"auscult/sensor/inject"
)

func TestSure(t *testing.T) {
	r := inject.New()
	f := func(v string, families, sure inject.Family) {
		t.Helper()
		l := r.Look([]byte(v))
		if l.Families != families || l.Sure != sure {
			t.Errorf("%q: families %b, sure %b; want %b, %b", v, l.Families, l.Sure, families, sure)
		}
	}
	f("", 0, 0)
	f("Smith", 0, 0)
	f("O'Brien", 0, 0)
	f("patients' rights and 5 or 6", 0, 0)
	f(`5'10" and 160 lbs`, 0, 0)
	f("1 or 2 = 2 tabs", 0, 0)
	f("'", 0, 0)
	f("Smith'", 0, 0)
	f("CT head; cat bite; sleep 8 hours; id consult", 0, 0)
	f("use `id` for the id", 0, 0)
	f("<b>bold</b>", 0, 0)
	f("Dear {{name}}", 0, 0)
	f("image.png../", 0, 0)
	f("' or 1=1--", inject.SQL, inject.SQL)
	f("admin'--", inject.SQL, 0)
	f("Smith(..'\"()),(", inject.SQL, 0)
	f("../x.json", inject.Path, 0)
	f("../../../x.json", inject.Path, inject.Path)
	f("{{7*7}}", inject.Template, inject.Template)
	f("${jndi:dns://x}", inject.JNDI, inject.JNDI)
	f("${${::-j}${lower:N}d${env:A:-i}:dns://x}", inject.JNDI, inject.JNDI)
	f("${env:HOME}", inject.JNDI, 0)
	f("<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1.dtd\">", 0, 0)
}

// TestTold has what figures on values of others showed: first what honest people send, then what they do not.
func TestTold(t *testing.T) {
	r := inject.New()
	for _, v := range []string{"Sa`id", "Bur Sa`id", "{'coach': f(1.5), 'side': datetime.date(1992, 3, 7)}", "MSH|^~\\&|magnam|id|8192378||ADT^A01|603721|P|2.5", "eval(uation) pending", "Notify (alert)",
		"$lookup", "../3.0.1/observation", "see ../2021 folder", `Include codes from <a href="../../v3/RoleCode/cs.html">these</a> and <a href="../../v3/RoleClass/cs.html">those</a>`, "(?i)itaque|sed",
		"pain and sleep (5), appetite (3)", "BP 120/80; /* to do */ call lab (stat)", "'in'", "How is the patient??/family", "/path?x=1/2", "Àlvarez Ángel"} {
		if l := r.Look([]byte(v)); l.Families != 0 {
			t.Errorf("%q: families %b", v, l.Families)
		}
	}
	for v, want := range map[string]inject.Family{
		"..\xe0\x80\xaf..\xe0\x80\xafapp": inject.Path, "\xc0\xae\xc0\xae/\xc0\xae\xc0\xae/app": inject.Path, "%e0%80%ae%e0%80%ae/%e0%80%ae%e0%80%ae/app": inject.Path, "....//....//app": inject.Path,
		"..%5%c..%5%capp": inject.Path, "..0x2f..0x2fapp": inject.Path, ".?/.?/app": inject.Path, "; timeout 5 sleep 10": inject.Command, "; nohup uname -a": inject.Command, ";wh'o'ami": inject.Command,
		";/???/??t /???/p??s??": inject.Command, "/e[t]c/p[a]sswd": inject.Command, "{{['id']|map('system')|join}}": inject.Template, "${a.b.os.popen('id').read()}": inject.Template | inject.Command,
		"\\r\\nSet-Cookie: a=b": inject.Lines, "嘊嘍Set-Cookie: a=b": inject.Lines, `{"@type":"java.net.Inet4Address"}`: inject.Deserialising, "java.lang.Runtime": inject.Template, "admin)(&": inject.LDAP} {
		if l := r.Look([]byte(v)); l.Families&want != want {
			t.Errorf("%q: families %b, want %b", v, l.Families, want)
		}
	}
	if l := r.Look([]byte("please look whether the line in the file /etc/issue still names the old system")); l.Families != inject.Path || l.Sure != 0 {
		t.Errorf("who speaks of a file: families %b, sure %b", l.Families, l.Sure)
	}
}

func TestDelay(t *testing.T) {
	r := inject.New()
	for v, want := range map[string]uint8{
		"' AND SLEEP(5)-- -": 5, "'; WAITFOR DELAY '0:0:7'--": 7, "'; WAITFOR DELAY '0:1:10'--": 70, "1;SELECT pg_sleep(10)--": 10,
		"1' AND DBMS_PIPE.RECEIVE_MESSAGE('x',6)='x": 6, "' OR SLEEP(9999)='": 255, "sleep (8 hrs)": 0, "O'Brien": 0,
	} {
		if got := r.Look([]byte(v)).Delay; got != want {
			t.Errorf("%q: %d s, want %d", v, got, want)
		}
	}
}

func TestTarget(t *testing.T) {
	const bare, hidden = true, true
	r := inject.New()
	f := func(v string, target inject.Target, isBare, disguise bool) {
		t.Helper()
		l := r.Look([]byte(v))
		if l.Target != target || l.Bare != isBare || l.Disguise != disguise {
			t.Errorf("%q: %d bare %v disguised %v; want %d %v %v", v, l.Target, l.Bare, l.Disguise, target, isBare, disguise)
		}
		if (l.Host == 0) != (target == inject.Nowhere || target == inject.Outside && strings.Contains(v, "|")) {
			t.Errorf("%q: host %x", v, l.Host)
		}
	}
	f("", inject.Nowhere, false, false)
	f("Smith", inject.Nowhere, false, false)
	f("MRN:1234567", inject.Nowhere, false, false)
	f("12:30", inject.Nowhere, false, false)
	f("3232235777", inject.Nowhere, false, false)
	f("1.2.840.10008.5.1", inject.Nowhere, false, false)
	f("urn:oid:1.2.3", inject.Nowhere, false, false)
	f("mailto:x@example.org", inject.Nowhere, false, false)
	f("jdbc:postgresql://db:5432/x", inject.Nowhere, false, false)
	f("//or nothing", inject.Nowhere, false, false)
	f("file: see desk", inject.Nowhere, false, false)
	f("8.8.8.8", inject.Nowhere, false, false)
	f("http://hl7.org/fhir", inject.Outside, false, false)
	f("http://hospital.local/mrn|123", inject.Outside, false, false)
	f("https://user@example.org/x", inject.Outside, false, false)
	f("https://8.8.8.8/x", inject.Outside, false, false)
	f("10.0.0.5", inject.Private, bare, false)
	f("169.254.33.1", inject.Private, bare, false)
	f("localhost", inject.Loopback, bare, false)
	f("localhost:8080", inject.Loopback, bare, false)
	f("169.254.169.254", inject.Metadata, bare, false)
	f("http://169.254.169.254/latest/meta-data/", inject.Metadata, false, false)
	f("http://metadata.google.internal/x", inject.Metadata, false, false)
	f("http://100.100.100.200/", inject.Metadata, false, false)
	f("http://[fd00:ec2::254]/latest", inject.Metadata, false, false)
	f("http://[::ffff:169.254.169.254]/", inject.Metadata, false, hidden)
	f("http://0xa9fea9fe/", inject.Metadata, false, hidden)
	f("http://2852039166/", inject.Metadata, false, hidden)
	f("http://0251.0376.0251.0376/", inject.Metadata, false, hidden)
	f("http://example.org@169.254.169.254/", inject.Metadata, false, hidden)
	f("http://169.254.169.254.nip.io/", inject.Metadata, false, hidden)
	f("http://localhost/", inject.Loopback, false, false)
	f("http://LOCALHOST.:80/", inject.Loopback, false, false)
	f("http://[::1]:22/", inject.Loopback, false, false)
	f("http://[::]/", inject.Loopback, false, false)
	f("http://0/", inject.Loopback, false, hidden)
	f("http://127.1/", inject.Loopback, false, hidden)
	f("http://①②⑦.⓪.⓪.①/", inject.Loopback, false, false)
	f("http://localtest.me/", inject.Loopback, false, hidden)
	f("http://app-7f000001.nip.io/", inject.Loopback, false, hidden)
	f("http://[64:ff9b::7f00:1]/", inject.Loopback, false, hidden)
	f("http://192.168.1.4:9200/_cat", inject.Private, false, false)
	f("http://[fd12::7]/", inject.Private, false, false)
	f("http://pacs.hospital.local/x", inject.Private, false, false)
	f("http://db:5432", inject.Private, false, false)
	f("//10.0.0.1/x", inject.Private, false, false)
	f("gopher://127.0.0.1:6379/_x", inject.OddScheme, false, false)
	f("file:///etc/passwd", inject.OddScheme, false, false)
	f("jar:http://x/y!/", inject.OddScheme, false, false)
	f("dict://127.0.0.1:11211/", inject.OddScheme, false, false)
}

func TestHostTellsPortsApart(t *testing.T) {
	r := inject.New()
	look := func(v string) uint64 { return r.Look([]byte(v)).Host }
	if look("http://10.0.0.1:80/a") != look("http://10.0.0.1:80/b") || look("http://10.0.0.1:80/") == look("http://10.0.0.1:81/") || look("http://10.0.0.1/") == look("http://10.0.0.2/") {
		t.Error("hosts and ports are confused")
	}
}

func TestChars(t *testing.T) {
	r := inject.New()
	if got, want := r.Look([]byte("aB1 -_.,:/")).Chars, inject.Lower|inject.Upper|inject.Digit|inject.Space|inject.Dash|inject.Underscore|inject.Dot|inject.Comma|inject.Colon|inject.Slash; got != want {
		t.Errorf("%b, want %b", got, want)
	}
	if got := r.Look([]byte("%27")).Chars; got&inject.SingleQuote == 0 {
		t.Errorf("%b: an encoded quote is none", got)
	}
}

func FuzzLook(f *testing.F) {
	for _, v := range []string{"", "'", "%", "%u", "%c0", "&#", "&#x", "${", "${${", "{{", "<!", "http://", "http://[", "//", "a;", "`", "/*", "/*!", "' or 1=1--", "rO0AB", "O:1:\"", "\\u00", "http://%", "..", "$(", "&&sleep"} {
		f.Add([]byte(v))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		r := inject.New()
		before := bytes.Clone(v)
		a := r.Look(v)
		if !bytes.Equal(v, before) {
			t.Fatal("the value was written to")
		}
		r.Look([]byte("' UNION SELECT 1,2-- ${jndi:x} http://[::1]/"))
		if b := r.Look(v); a != b {
			t.Fatalf("%+v, then %+v", a, b)
		}
		if a.Sure&^a.Families != 0 {
			t.Fatalf("sure %b of %b", a.Sure, a.Families)
		}
	})
}
