package detectors

import "strings"

// sensitive is the name in a path that attackers look for and clients do not, or none. The names are those at the
// head of the common word lists (SecLists' Discovery/Web-Content, dirb's common.txt, nuclei's exposures).
func sensitive(path string) string {
	path = path[:min(len(path), 512)]
	for i := 0; i < len(path); i++ {
		b := path[i]
		if i > 0 && b != '/' && b != '.' && b != '%' && path[i-1] != '/' {
			continue
		}
		for _, w := range sensitiveNames {
			if len(path)-i >= len(w) && w[0] == b|lowBit(b) && strings.EqualFold(path[i:i+len(w)], w) {
				return w
			}
		}
	}
	return ""
}

// lowBit turns a capital into a small letter and leaves all else.
func lowBit(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return 0x20
	}
	return 0
}

var sensitiveNames = [...]string{"/.env", "/.git", "/.svn", "/.hg/", "/.aws", "/.ssh", "/.htaccess", "/.htpasswd", "/.ds_store", "/.vscode",
	"/.idea", "/.bash", "/.docker", "/.kube", "/.npmrc", "/.config", "/actuator", "/wp-", "/wordpress", "/xmlrpc.php", "/phpmyadmin", "/pma/",
	"/phpinfo", "/info.php", "/test.php", "/shell.php", "/cgi-bin", "/server-status", "/server-info", "/swagger", "/api-docs", "/v2/api-docs",
	"/v3/api-docs", "/openapi.", "/graphiql", "/console", "/h2-console", "/manager/html", "/jmx-console", "/jolokia", "/heapdump",
	"/threaddump", "/debug", "/admin", "/administrator", "/adminer", "/backup", "/dump", "/db.sql", "/database.", "/id_rsa", "/config.",
	"/web.config", "/web-inf", "/web.xml", "/docker-compose", "/dockerfile", "/jenkins", "/solr/", "/struts", "/owa/", "/vendor/phpunit",
	"/telescope", "/_profiler", "/elmah", "/trace.axd", "/etc/passwd", "/proc/self", "/windows/win.ini", "..%2f", "%2e%2e", "/../",
	".bak", ".swp", ".sql", ".tar", ".tgz", ".zip", ".7z", ".rar", ".pem", ".pfx", ".yml", ".asp", ".jsp", ".cgi"}

// toolMemo remembers which User-Agents name a tool. It holds pure functions only, and so changes nothing but speed.
type toolMemo [128]struct{ agent, tool string }

// of is the tool that a User-Agent names, or none.
func (m *toolMemo) of(agent string) string {
	n := len(agent)
	if n < 4 {
		return ""
	}
	slot := &m[(n*31+int(agent[n-1])*7+int(agent[n/2])*3+int(agent[0])+int(agent[n-3])*5)%len(m)]
	if slot.agent != agent {
		slot.tool = toolNamed(agent)
		slot.agent = strings.Clone(agent)
	}
	return slot.tool
}

// toolNamed finds a word of scanners in agent: where a word begins, so that no name that ends alike is taken for one.
func toolNamed(agent string) string {
	agent = agent[:min(len(agent), 512)]
	for i := 0; i < len(agent); i++ {
		if i > 0 && (agent[i-1]|0x20 >= 'a' && agent[i-1]|0x20 <= 'z' || agent[i-1] == '-') {
			continue
		}
		for _, w := range scanners {
			end := i + len(w)
			if len(agent) >= end && strings.EqualFold(agent[i:end], w) && (end == len(agent) || !letter(agent[end])) {
				if w == fool {
					return "ffuf"
				}
				return w
			}
		}
	}
	return ""
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// fool is what ffuf calls itself.
const fool = "fuzz faster u fool"

// scanners are words of the User-Agents of tools that look for weaknesses. Libraries and curl are none of them.
var scanners = [...]string{"sqlmap", "nikto", "nuclei", "ffuf", fool, "gobuster", "dirsearch", "dirbuster", "dirb", "wfuzz", "feroxbuster", "zap",
	"zaproxy", "owasp zap", "burp", "burpsuite", "acunetix", "nessus", "openvas", "masscan", "zgrab", "nmap", "nmap scripting engine", "arachni",
	"w3af", "wpscan", "whatweb", "commix", "xsser", "skipfish", "netsparker", "invicti", "appscan", "qualys", "jaeles",
	"kiterunner", "interactsh", "dalfox", "nosqlmap", "jsql", "havij", "sqlninja", "grendel-scan", "paros", "webinspect", "detectify", "sn1per",
	"schemathesis", "restler", "cherrybomb", "apifuzzer", "tplmap", "xsstrike", "joomscan", "droopescan", "katana", "fuff"}
