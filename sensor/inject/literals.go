package inject

// literal is a text that shows a family wherever it stands. Families that most honest values with it would also have
// are not here but read by functions of their own.
type literal struct {
	text   string // in normal form; a space in it stands for a newline too
	family Family
	how    how
}

// how a literal is to be read.
type how uint8

const (
	sure  how = 1 << iota // no honest value has it
	word0                 // not behind a letter, digit or underscore
	word1                 // nor before one
)

var literals = [...]literal{
	{"information_schema", SQL, sure}, {"sysobjects", SQL, word0 | word1}, {"syscolumns", SQL, word0 | word1},
	{"pg_catalog", SQL, 0}, {"sqlite_master", SQL, 0}, {"sqlite_schema", SQL, 0}, {"all_tables", SQL, word0 | word1},
	{"sys.databases", SQL, word0}, {"mysql.user", SQL, word0 | word1}, {"@@version", SQL, sure}, {"@@hostname", SQL, sure}, {"@@datadir", SQL, sure},
	{"into outfile", SQL, sure | word0}, {"into dumpfile", SQL, sure | word0}, {"procedure analyse", SQL, sure}, {"xp_cmdshell", SQL, sure},
	{"sp_executesql", SQL, 0}, {"sp_password", SQL, 0}, {"sp_makewebtask", SQL, sure}, {"utl_http.", SQL, sure}, {"utl_inaddr.", SQL, sure},
	{"dbms_pipe.", SQL, sure}, {"dbms_lock.", SQL, sure}, {"dbms_xmlgen.", SQL, sure}, {"ctxsys.", SQL, sure}, {"dbms_java.", SQL, sure}, {"dbms_session.sleep", SQL, sure},
	{"rdb$", SQL, word0}, {"load_extension(", SQL, sure}, {"pg_read_file(", SQL, sure}, {"lo_import(", SQL, sure}, {"xmltype(", SQL, 0}, {"sysibm.", SQL, 0},
	{"msysaccessobjects", SQL, sure}, {"master..", SQL, word0}, {"sysmaster:", SQL, 0},

	{"<script>", XSS, sure}, {"<script ", XSS, sure}, {"<script/", XSS, sure}, {"</script", XSS, 0}, {"<scr<script", XSS, sure},
	{"javascript:", XSS, 0}, {"vbscript:", XSS, 0}, {"livescript:", XSS, 0}, {"document.cookie", XSS, sure}, {"document.domain", XSS, 0}, {"document.write", XSS, 0},
	{"document.location", XSS, 0}, {"window.location", XSS, 0}, {"string.fromcharcode", XSS, 0}, {"<iframe", XSS, 0},
	{"<embed", XSS, 0}, {"<object data", XSS, 0}, {"<object type", XSS, 0}, {"<object classid", XSS, 0}, {"<base href", XSS, 0}, {"<meta http-equiv", XSS, 0},
	{"<meta content=", XSS, 0}, {"<meta charset=", XSS, 0},
	{"data:text/html", XSS, 0}, {"srcdoc=", XSS, 0}, {"-moz-binding", XSS, sure}, {"behavior:url(", XSS, 0}, {"behavior: url(", XSS, 0}, {"@import", XSS, 0},
	{"<bgsound", XSS, 0}, {"<isindex", XSS, sure}, {"<xss", XSS, sure}, {"<frameset", XSS, 0}, {"<layer", XSS, 0}, {"<applet", XSS, 0}, {"<marquee", XSS, 0},
	{"formaction=", XSS, 0}, {"<animate", XSS, 0}, {"<set attributename", XSS, sure}, {"<math", XSS, 0}, {"<image src", XSS, 0},
	{"<noscript", XSS, 0}, {"(alert)(", XSS, 0}, {"(alert)`", XSS, 0}, {".find(alert", XSS, 0}, {".find(confirm", XSS, 0}, {".map(alert", XSS, 0}, {"<base ", XSS, 0}, {"<plaintext", XSS, 0}, {"<form ", XSS, 0}, {"<object/", XSS, 0}, {"<svg/", XSS, 0}, {"<svg><", XSS, 0}, {"+adw-", XSS, 0}, {"<?import", XSS, sure}, {"innerhtml", XSS, 0}, {"alert`1", XSS, sure}, {"alert`x", XSS, sure}, {"alert`d", XSS, sure}, {"alert`${", XSS, sure}, {"alert``", XSS, sure}, {"<link rel=", XSS, 0}, {"<link href=", XSS, 0},
	{"<style>", XSS, 0}, {"<style ", XSS, 0}, {"<!--[if", XSS, 0}, {"<!--#exec", Command, sure}, {"<!--#include", Path, sure}, {"<![cdata[<", XSS, 0},
	{"xml:base=", XSS, 0}, {"fscommand", XSS, 0}, {"seeksegmenttime", XSS, 0}, {"mocha:", XSS, word0},

	{"/etc/passwd", Path, sure}, {"/etc/shadow", Path, sure}, {"/etc/group", Path, sure | word1}, {"/etc/hosts", Path, 0}, {"/etc/issue", Path, sure | word1}, {"/etc/motd", Path, word1},
	{"/etc/ssh/", Path, 0}, {"/etc/mysql/", Path, 0}, {"/etc/apache2/", Path, 0}, {"/etc/httpd/", Path, 0}, {"/etc/nginx/", Path, 0}, {"/etc/php", Path, 0}, {"/etc/security/", Path, 0},
	{"/etc/crontab", Path, 0}, {"/etc/fstab", Path, 0}, {"/etc/inetd.conf", Path, 0}, {"/etc/my.cnf", Path, 0}, {"/etc/sudoers", Path, sure}, {"/etc/resolv.conf", Path, 0}, {"/etc/redhat-release", Path, 0},
	{"/etc/init.d/", Path, 0}, {"/etc/network/", Path, 0}, {"/etc/environment", Path, 0}, {"/etc/profile", Path, word1}, {"/etc/lsb-release", Path, 0}, {"/etc/os-release", Path, 0}, {"/etc/sysconfig/", Path, 0}, {"/etc/master.passwd", Path, sure}, {"/etc/logrotate", Path, 0}, {"/etc/vsftpd", Path, 0}, {"/etc/proftpd", Path, 0}, {"/etc/pure-ftpd", Path, 0}, {"/etc/chrootusers", Path, 0}, {"/etc/wu-ftpd/", Path, 0}, {"/etc/lighttpd", Path, 0}, {"/etc/firewall", Path, 0}, {"/etc/samba/", Path, 0}, {"/etc/cpanel/", Path, 0}, {"/etc/openvpn/", Path, 0},
	{"/proc/self/", Path, sure}, {"/proc/version", Path, sure}, {"/proc/net/", Path, 0}, {"/proc/cpuinfo", Path, 0}, {"/proc/1/", Path, 0}, {"/proc/sched_debug", Path, 0}, {"/proc/mounts", Path, 0},
	{"win.ini", Path, word0}, {"boot.ini", Path, word0}, {"system.ini", Path, word0}, {"windows/system32", Path, 0}, {"windows\\system32", Path, 0}, {"winnt/system32", Path, 0}, {"winnt\\system32", Path, 0}, {"\\repair\\sam", Path, sure}, {"/repair/sam", Path, sure},
	{"php.ini", Path, word0 | word1}, {"my.ini", Path, word0 | word1}, {"php://", Path, sure}, {"expect://", Path, sure}, {"phar://", Path, sure}, {"zip://", Path, 0}, {"glob://", Path, 0}, {"zlib:", Path, word0}, {"compress.zlib", Path, 0},
	{"ogg://", Path, 0}, {"data://", Path, 0}, {"web-inf", Path, 0}, {"meta-inf/", Path, 0}, {".htaccess", Path, 0}, {".htpasswd", Path, sure}, {"id_rsa", Path, 0}, {".ssh/", Path, 0}, {".aws/", Path, 0}, {".bash_history", Path, sure}, {".git/", Path, 0}, {".svn/", Path, 0},
	{"/var/log/", Path, 0}, {"/var/mail/", Path, 0}, {"/var/lib/mysql", Path, 0}, {"/var/www/", Path, 0}, {"/var/run/", Path, 0}, {"/usr/local/apache", Path, 0}, {"/usr/local/etc/", Path, 0}, {"/usr/local/php", Path, 0}, {"/opt/lampp", Path, 0}, {"/xampp/", Path, 0}, {"\\xampp\\", Path, 0}, {"/apache/logs", Path, 0}, {"/apache2/", Path, 0}, {"\\inetpub\\", Path, 0}, {"/inetpub/", Path, 0}, {"inetpub/", Path, 0},
	{"access.log", Path, word0}, {"access_log", Path, word0}, {"error.log", Path, word0}, {"error_log", Path, word0}, {"httpd.conf", Path, word0}, {"web.config", Path, word0}, {"global.asa", Path, word0}, {"wp-config.php", Path, 0}, {"c:/windows", Path, 0}, {"c:\\windows", Path, 0}, {"c:/boot", Path, 0}, {"c:\\boot", Path, 0}, {"localstart.asp", Path, 0}, {"desktop.ini", Path, word0}, {"pagefile.sys", Path, 0}, {"autoexec.bat", Path, 0}, {"config.sys", Path, word0}, {"ntuser.dat", Path, 0}, {"..;/", Path, sure}, {"0x2e0x2e", Path, sure}, {"..0x2f", Path, sure}, {"..0x5c", Path, sure}, {"%systemroot%", Path, 0},

	{"/bin/sh", Command, 0}, {"/bin/bash", Command, 0}, {"/bin/cat", Command, sure}, {"/bin/ls", Command, sure}, {"/bin/id", Command, word1}, {"/usr/bin/id", Command, sure | word1}, {"/bin/ping", Command, 0}, {"/bin/uname", Command, 0}, {"/bin/nc", Command, 0}, {"/bin/ps", Command, word1}, {"/usr/bin/", Command, 0}, {"/dev/tcp/", Command, sure},
	{"cmd.exe", Command, word0}, {"powershell -", Command, word0}, {"powershell.exe", Command, word0}, {"cmd /c", Command, word0}, {"${ifs}", Command, sure}, {"$ifs", Command, sure}, {"() { :", Command, sure}, {"() {:", Command, sure}, {":;};", Command, sure}, {":; };", Command, sure},
	{"<?php", Command, sure}, {"phpinfo()", Command, sure}, {"phpinfo();", Command, sure}, {"<?=", Command, 0}, {"system(", Command, word0}, {"passthru(", Command, sure}, {"shell_exec(", Command, sure}, {"popen(", Command, word0}, {"proc_open(", Command, sure}, {"exit(md5(", Command, sure}, {"base64_decode(", Command, 0}, {"os.system(", Command, sure}, {"os.popen(", Command, sure}, {"subprocess.", Command, word0},
	{"__import__(", Command | Template, sure}, {"child_process", Command, sure}, {"runtime.getruntime", Command | Template, sure}, {"getruntime()", Command | Template, sure}, {"processbuilder", Command | Template, 0}, {"wscript.shell", Command, sure}, {"$_get[", Command, sure}, {"$_post[", Command, sure}, {"$_request[", Command, sure}, {"$_server[", Command, sure}, {"print(md5(", Command, sure}, {"pcntl_exec", Command, sure}, {"execsync(", Command, sure}, {"fsockopen(", Command, sure}, {"net localgroup", Command, 0}, {"net user", Command, word0}, {"nc -e", Command, word0}, {"nc -l", Command, word0}, {"bash -i", Command, sure | word0}, {"bash -c", Command, word0}, {"sh -c", Command, word0}, {"wget http", Command, word0}, {"curl http", Command, word0}, {"response.write(", Command, 0}, {"eval($", Command, word0}, {"eval('", Command, word0}, {"eval(\"", Command, word0}, {"eval(atob", Command | XSS, sure | word0}, {"eval(string", Command | XSS, word0}, {"eval(base64", Command, sure | word0}, {"eval(name", XSS, word0}, {"eval(location", XSS, word0}, {"for /f ", Command, word0}, {"eval(req", Command, word0}, {"{system(", Template | Command, sure}, {"{if system(", Template | Command, sure}, {"{if phpinfo(", Template | Command, sure}, {"{smarty_internal", Template, sure}, {"@php(", Template, 0}, {"\"@type\":\"java", Deserialising, sure}, {"\"@type\":\"com.sun", Deserialising, sure}, {"\"@type\":\"org.apache", Deserialising, sure}, {"db.users.", NoSQL, word0}, {"this.password", NoSQL, word0}, {"::jsonb", SQL, 0}, {")::int", SQL, 0}, {")::text", SQL, 0}, {"'::text", SQL, 0}, {"assert(", Command, word0}, {"file_get_contents(", Command, 0}, {"fopen(", Command, word0}, {"kernel.exec", Command, sure}, {"set /a ", Command, 0},

	{"__class__", Template, sure}, {"__globals__", Template, sure}, {"__subclasses__", Template, sure}, {"__mro__", Template, sure}, {"__builtins__", Template, sure}, {"__init__", Template, 0}, {"constructor.constructor", Template | XSS, sure}, {"constructor(", Template, 0}, {"{{constructor", Template | XSS, sure}, {"{{self", Template, 0}, {"{{config", Template, 0}, {"{{request", Template, 0}, {"{{ config", Template, 0}, {"{{dump(", Template, 0}, {"{{app.", Template, 0}, {"{{_self", Template, sure},
	{"t(java.lang", Template, sure}, {"java.lang.", Template | Command, 0}, {"freemarker.template", Template, sure}, {"<#assign", Template, 0}, {"?new()", Template, 0}, {"#set($", Template, 0}, {"$class.inspect", Template, sure}, {"{php}", Template, sure}, {"{$smarty", Template, sure}, {"__${", Template, sure}, {"%{(#", Template, sure}, {"#_memberaccess", Template, sure}, {"@java.lang", Template, sure}, {"ognlcontext", Template, sure}, {"cycler.__", Template, sure}, {"lipsum.__", Template, sure}, {"registerundefinedfiltercallback", Template, sure}, {"<%= ", Template, 0}, {"@(1+", Template, 0}, {"{{range.", Template, 0}, {"#{t(", Template, 0}, {"*{t(", Template, sure}, {"${t(", Template, sure}, {"getclass().forname", Template, sure}, {".getclass()", Template, 0}, {"class.module.classloader", Template, sure},

	{"<!entity", XXE, 0}, {"<!entity %", XXE, sure}, {"<!entity % ", XXE, sure}, {"xi:include", XXE, 0}, {"<xi:", XXE, 0}, {"http://www.w3.org/2001/xinclude", XXE, 0}, {"document('", XXE, 0},

	{"aced0005", Deserialising, word0}, {"ysoserial", Deserialising, sure}, {"!!python/", Deserialising, sure}, {"!!javax.", Deserialising, sure}, {"!!java.", Deserialising, sure}, {"!!com.sun", Deserialising, sure}, {"!ruby/", Deserialising, sure}, {"_$$nd_func$$_", Deserialising, sure}, {"com.sun.rowset", Deserialising, sure}, {"org.apache.commons.collections", Deserialising, sure}, {"org.apache.xalan", Deserialising, sure}, {"objectdataprovider", Deserialising, sure}, {"c__builtin__", Deserialising, sure}, {"cposix\nsystem", Deserialising, sure}, {"cos\nsystem", Deserialising, sure}, {"java.util.priorityqueue", Deserialising, sure}, {"<java version=", Deserialising, sure}, {"<java.util.", Deserialising, 0}, {"java.beans.xmldecoder", Deserialising, sure}, {"sun.reflect.annotation", Deserialising, sure}, {"__reduce__", Deserialising, sure},

	{"objectclass=", LDAP, 0}, {"*)(uid=", LDAP, sure}, {"*)(|(", LDAP, sure}, {"*)(&", LDAP, sure}, {"*)(cn=", LDAP, sure}, {"*)(objectclass=", LDAP, sure}, {"*)(mail=", LDAP, sure}, {")(|(", LDAP, 0}, {")(&(", LDAP, 0}, {")(!(", LDAP, 0}, {"*))%00", LDAP, sure}, {"*()|", LDAP, 0}, {"*)(sn=", LDAP, sure}, {"*(|(", LDAP, 0}, {"(|(uid", LDAP, 0}, {"(|(cn", LDAP, 0}, {"(|(mail", LDAP, 0}, {"(|(objectclass", LDAP, 0}, {")(userpassword=", LDAP, sure}, {"(userpassword=", LDAP, 0},

	{"child::node()", XPath, sure}, {"parent::", XPath, 0}, {"ancestor::", XPath, 0}, {"descendant::", XPath, 0}, {"count(//", XPath, 0}, {"count(/", XPath, 0}, {"string-length(", XPath, 0}, {"position()=", XPath, 0}, {"name(/", XPath, 0}, {"text()=", XPath, 0}, {"local-name()", XPath, 0}, {"//user[", XPath, 0}, {"/child::", XPath, 0}, {"]|//*", XPath, sure}, {"| //", XPath, 0}, {"doc('http", XPath, sure}, {"doc(\"http", XPath, sure}, {"system-property(", XPath, 0}, {"]|//", XPath, 0},

	{"this.password", NoSQL, sure}, {"$where", NoSQL, word1}, {"db.getcollection", NoSQL, 0}, {"db.version()", NoSQL, 0}, {"process.mainmodule", Command, sure}, {"require('", Command, 0}, {"return true", NoSQL, 0}, {"return(true", NoSQL, 0}, {"$function", NoSQL, word1},
}

// index finds the literals that may begin at a byte by that byte and the next.
type index struct {
	pairs [1 << 10]uint64 // a bit for each pair of bytes that a literal begins with
	first [256][]literal
}

func newIndex() *index {
	x := new(index)
	for _, l := range literals {
		pair := uint16(l.text[0])<<8 | uint16(l.text[1])
		x.pairs[pair>>6] |= 1 << (pair & 63)
		x.first[l.text[0]] = append(x.first[l.text[0]], l)
	}
	return x
}

// match adds to l what the literals in t show.
func (x *index) match(t []byte, l *Look) {
	for i := 0; i+1 < len(t); i++ {
		next := t[i+1]
		if next == '\n' {
			next = ' '
		}
		pair := uint16(t[i])<<8 | uint16(next)
		if x.pairs[pair>>6]&(1<<(pair&63)) == 0 {
			continue
		}
		of := x.first[t[i]]
		for j := range of {
			k := &of[j]
			if k.text[1] != next || i+2 < len(t) && k.text[2] != t[i+2] && k.text[2] != ' ' || k.how&word0 != 0 && i > 0 && alnum(t[i-1]) || !begins(t[i:], k.text) {
				continue
			}
			if end := i + len(k.text); k.how&word1 != 0 && end < len(t) && alnum(t[end]) {
				continue
			}
			l.add(k.family, k.how&sure != 0)
		}
	}
}

// begins tells whether t begins with the text of a literal.
func begins(t []byte, text string) bool {
	if len(t) < len(text) {
		return false
	}
	for i := range len(text) {
		if t[i] != text[i] && (text[i] != ' ' || t[i] != '\n') {
			return false
		}
	}
	return true
}

// add notes a family.
func (l *Look) add(f Family, sure bool) {
	l.Families |= f
	if sure {
		l.Sure |= f
	}
}
