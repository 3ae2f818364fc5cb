package exposure_test

import (
	"slices"
	"strings"
	"testing"

	"auscult/sensor/exposure"
)

// TestRead holds answers of real products, shortened, with what they show.
func TestRead(t *testing.T) {
	f := func(status int, kind, body string, want exposure.Set, product string) {
		t.Helper()
		for lead := range 9 { // wherever it stands
			text := strings.Repeat(" ", lead) + body
			if lead > 0 && strings.HasPrefix(body, "ref:") {
				break
			}
			got := exposure.Read(status, kind, []byte(text))
			if got.Set != want || got.Product != product {
				t.Errorf("at %d: %v %q, want %v %q: %.80s", lead, got.Set.Names(), got.Product, want.Names(), product, body)
				return
			}
		}
	}
	const js, html, plain = "application/json; charset=utf-8", "text/html", "text/plain"
	f(500, js, `{"error":"unterminated quoted string at or near \"'%\" at character 47"}`, exposure.DatabaseError, "PostgreSQL")
	f(500, js, `{"error":"relation \"patient\" does not exist"}`, exposure.DatabaseError, "PostgreSQL")
	f(500, js, `{"length":95,"name":"error","severity":"ERROR","code":"42601","position":"42","file":"scan.l","routine":"scanner_yyerror"}`, exposure.DatabaseError, "PostgreSQL")
	f(400, js, `{"code":"42703","details":null,"hint":null,"message":"column patients.mrm does not exist"}`, exposure.DatabaseError, "PostgreSQL")
	f(200, html, `You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version`, exposure.DatabaseError, "MySQL")
	f(500, js, `{"message":"Unknown column 'x' in 'where clause'"}`, exposure.DatabaseError, "MySQL")
	f(500, js, `{"message":"Duplicate entry '41' for key 'patients.PRIMARY'"}`, exposure.DatabaseError, "MySQL")
	f(500, plain, `Unclosed quotation mark after the character string ''.`, exposure.DatabaseError, "SQL Server")
	f(500, plain, `ORA-00933: SQL command not properly ended`, exposure.DatabaseError, "Oracle")
	f(500, js, `{"error":"SQLITE_ERROR: near \"'\": syntax error"}`, exposure.DatabaseError, "SQLite")
	f(500, plain, `sqlite3.OperationalError: unrecognized token: "'"`, exposure.DatabaseError, "SQLite")
	f(500, js, `{"name":"MongoServerError","message":"unknown operator: $foo"}`, exposure.DatabaseError, "MongoDB")
	f(500, js, `{"message":"DB2 SQL error: SQLCODE=-104, SQLSTATE=42601"}`, exposure.DatabaseError, "DB2")
	f(500, js, `{"message":"could not extract ResultSet; SQL [n/a]; nested exception is org.hibernate.exception.SQLGrammarException"}`, exposure.DatabaseError, "Hibernate")
	f(500, js, `{"name":"SequelizeDatabaseError"}`, exposure.DatabaseError, "Sequelize")
	f(500, js, `{"error":"ERROR: column \"x\" (SQLSTATE 42703)"}`, exposure.DatabaseError, "PostgreSQL")
	f(500, js, `{"status":500,"trace":"java.lang.NullPointerException: x\n\tat org.example.Api.get(Api.java:41)"}`, exposure.StackTrace, "Java")
	f(500, js, `{"issue":[{"diagnostics":"HAPI-0389: Failed to call access method: java.lang.IllegalStateException"}]}`, exposure.StackTrace, "Java")
	f(500, plain, "System.NullReferenceException: Object reference\n   at Api.Get() in C:\\src\\Api.cs:line 41", exposure.StackTrace, ".NET")
	f(500, plain, "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in <module>", exposure.StackTrace, "Python")
	f(500, js, `{"stack":"TypeError: Cannot read properties of undefined\n    at /usr/src/app/routes.js:41:9"}`, exposure.StackTrace|exposure.ServerPath, "Node.js")
	f(500, html, `<pre>TypeError: x is undefined<br> &nbsp; &nbsp;at /app/index.js:12:3</pre>`, exposure.DebugPage|exposure.StackTrace, "Express")
	f(500, plain, "ActionController::RoutingError (No route)", exposure.StackTrace, "Rails")
	f(200, html, "<b>Warning</b>: Undefined index in <b>/var/www/html/p.php</b> on line <b>3</b>", exposure.StackTrace, "PHP")
	f(500, plain, "goroutine 41 [running]:\nmain.main()", exposure.StackTrace, "Go")
	f(500, js, `{"error":"open /var/www/data/41.json"}`, exposure.ServerPath, "")
	f(500, html, "<p>You're seeing this error because you have <code>DEBUG = True</code>", exposure.DebugPage, "Django")
	f(500, html, "<title>NameError // Werkzeug Debugger</title>", exposure.DebugPage, "Werkzeug")
	f(404, html, "<h1>Whitelabel Error Page</h1>", exposure.DebugPage, "Spring")
	f(404, html, "<hr><center>nginx/1.24.0</center>", exposure.Version, "nginx")
	f(404, html, "<hr><center>nginx</center>", 0, "")
	f(200, html, "<html><head><title>Index of /backup/</title>", exposure.Listing, "")
	f(200, js, `{"_links":{"self":{"href":"http://h:8080/actuator","templated":false},"health":{"href":"http://h:8080/actuator/health"}}}`, exposure.Management, "Spring Boot Actuator")
	f(200, js, `{"activeProfiles":["prod"],"propertySources":[{"name":"systemProperties"}]}`, exposure.Management|exposure.Configuration, "Spring Boot Actuator")
	f(200, plain, "# HELP go_goroutines Number.\n# TYPE go_goroutines gauge\ngo_goroutines 9", exposure.Management, "Prometheus")
	f(200, html, "<title>phpinfo()</title>", exposure.Management, "PHP")
	f(200, html, `<div id="swagger-ui"></div><script src="./swagger-ui-bundle.js">`, exposure.Description, "Swagger UI")
	f(200, js, `{"openapi":"3.0.3","info":{}}`, exposure.Description, "OpenAPI")
	f(200, js, `{"data":{"__schema":{"queryType":{"name":"Query"}}}}`, exposure.Introspection, "GraphQL")
	f(400, js, `{"errors":[{"message":"Cannot query field \"__schema\" on type \"Query\""}]}`, 0, "")
	f(200, "application/octet-stream", "APP_ENV=production\nDB_PASSWORD=hunter2hunter2\n", exposure.Secret|exposure.Configuration, "")
	f(200, plain, "ref: refs/heads/main\n", exposure.Configuration, "Git")
	f(200, plain, "[core]\n\trepositoryformatversion = 0\n", exposure.Configuration, "Git")
	f(200, js, `{"db":"postgres://app:s3cret@10.0.0.4:5432/ehr"}`, exposure.Secret, "PostgreSQL")
	f(200, js, `{"db":"postgres://app:******@10.0.0.4:5432/ehr"}`, 0, "")
	f(200, js, `{"db":"postgres://10.0.0.4:5432/ehr"}`, 0, "")
	f(200, js, `{"accessKeyId":"AKIAIOSFODNN7EXAMPLE"}`, exposure.Secret, "AWS")
	f(200, js, `{"accessKeyId":"none"}`, 0, "")
	f(200, plain, "-----BEGIN RSA PRIVATE KEY-----\n", exposure.Secret, "")
	f(200, plain, "root:x:0:0:root:/root:/bin/bash", exposure.SystemFile, "Unix")
	f(200, plain, "; for 16-bit app support\n[fonts]\n[extensions]", exposure.SystemFile, "Windows")
	f(200, js, `{"out":"uid=0(root) gid=0(root) groups=0(root)"}`, exposure.CommandOutput, "Unix")
	f(200, js, `{"out":"uid=33(www-data) gid=33(www-data) groups=33(www-data)"}`, exposure.CommandOutput, "Unix")
	f(400, js, `{"message":"org.xml.sax.SAXParseException; DOCTYPE is disallowed"}`, exposure.XMLError, "Java")
	f(500, js, `{"message":"javax.naming.directory.InvalidSearchFilterException: Unbalanced parenthesis"}`, exposure.LDAPError, "Java")
	f(500, plain, "jinja2.exceptions.UndefinedError: 'x' is undefined", exposure.TemplateError, "Jinja2")
	f(500, "image/png", "You have an error in your SQL syntax;", 0, "")
}

// TestRead_Honest holds answers of hospitals, refusals among them, of which none gives anything away.
func TestRead_Honest(t *testing.T) {
	for _, c := range honest() {
		if got := exposure.Read(c.status, "application/json", []byte(c.body)); got.Set != 0 {
			t.Errorf("%v %q in %d %.120s", got.Set.Names(), got.Product, c.status, c.body)
		}
	}
}

type answer struct {
	status int
	body   string
}

func honest() []answer {
	return []answer{
		{404, `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"HAPI-2001: Resource Patient/1 is not known"}]}`},
		{400, `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"HAPI-0302: Unknown resource type 'X' - Server knows how to handle: [Patient, Observation, StructureDefinition]"}]}`},
		{400, `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid","details":{"text":"Unknown search parameter: foo"},"expression":["Patient"]}]}`},
		{401, `{"error":"invalid_token","error_description":"The access token expired"}`},
		{422, `{"detail":[{"loc":["body","mrn"],"msg":"field required","type":"value_error.missing"}]}`},
		{400, `{"error":"Invalid value for column \"dob\""}`},
		{404, `<!DOCTYPE html><html><body><pre>Cannot GET /patients</pre></body></html>`},
		{200, `{"status":"UP"}`},
		{200, `{"note":"Bleeding from unknown source. Syntax of speech impaired; near syncope at or near noon. Warning: penicillin. Error: entered on the wrong chart at Ward 3. No such table of contents. Stack of pills found. Trace: protein in urine. uid and gid unknown. Private key-worker session. Index of suspicion high. Root canal; localhost? Password reset discussed."}`},
		{200, `{"resourceType":"Patient","text":{"div":"<div>Mr Select From Where, union member, dropped table on foot; order by Dr Null</div>"},"link":[{"relation":"self","url":"https://ehr/usr/local/home"}]}`},
		{500, `{"error":"Internal Server Error"}`},
		{409, `{"error":"A patient with this number exists already"}`},
		{200, `{"resourceType":"Bundle","link":[{"relation":"self","url":"http://fhir/Patient?_count=50"}],"total":3}`},
		{400, `{"error":"value ${T(java.lang.Runtime).getRuntime()} is not a name; ../../etc/passwd neither; {{7*7}}; ' OR 1=1 UNION SELECT"}`},
	}
}

// TestClues holds every phrase to what the search needs, and to being found when it stands alone.
func TestClues(t *testing.T) {
	for _, text := range exposure.Texts() {
		if len(text) < 7 {
			t.Errorf("%q is shorter than a window", text)
		}
	}
	all := exposure.Texts()
	slices.Sort(all)
	if n := len(all); len(slices.Compact(all)) != n {
		t.Error("a phrase is listed twice")
	}
}

// FuzzRead holds that no body harms, that the answer is the same twice, and that what an honest body shows does not
// grow when its type says that nobody wrote it.
func FuzzRead(f *testing.F) {
	for _, c := range honest() {
		f.Add(c.status, "application/json", []byte(c.body))
	}
	for _, text := range exposure.Texts() {
		f.Add(500, "text/html", []byte(text+text))
	}
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		got := exposure.Read(status, kind, body)
		if got.Set>>exposure.NumShows != 0 || got.Set == 0 && got.Product != "" {
			t.Errorf("%+v", got)
		}
		if again := exposure.Read(status, kind, slices.Clone(body)); again != got {
			t.Errorf("%+v, then %+v", got, again)
		}
		if fault := exposure.Read(500, kind, body); got.Set&^fault.Set != 0 {
			t.Errorf("status %d shows %v, 500 only %v", status, got.Set.Names(), fault.Set.Names())
		}
		if exposure.Read(status, "image/png", body).Set != 0 {
			t.Error("a picture shows something")
		}
	})
}
