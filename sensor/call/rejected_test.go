package call_test

import (
	"testing"

	"auscult/sensor/call"
)

func TestRejected(t *testing.T) {
	const form, data = "username=ann&password=x1", `{"username":"ann","password":"x1"}`
	f := func(want bool, target, body string, status int, response string, headers ...string) {
		t.Helper()
		c := answered("POST", target, body, status, response, headers...)
		if got := c.Auth.Marks&call.Rejected != 0; got != want {
			t.Errorf("%s %d %q %v: rejected %v, want %v", target, status, response, headers, got, want)
		}
	}
	f(true, "/portal/login", form, 200, `<html><p class=err>invalid user or password</p><form method=post></form></html>`)
	f(true, "/portal/login", form, 200, `<form><input name=u><INPUT TYPE="password" name=p></form>`)
	f(true, "/login.php", form, 200, "Login failed")
	f(false, "/portal/login", form, 200, `<html><h1>Welcome, Ann</h1><a href=/logout>Sign out</a></html>`)
	f(false, "/portal/login", form, 200, `<form>Your password has expired. New password <input type="password"></form>`)
	f(true, "/portal/login", form, 302, "", "<Location: /portal/login?error=1")
	f(true, "/portal/login", form, 302, "", "<Location: https://ehr.hospital.test/portal/login")
	f(true, "/signin", form, 303, "", "<Location: /signin/")
	f(true, "/j_security_check", form, 302, "", "<Location: /app/index.jsp?auth=failed")
	f(true, "/j_security_check", form, 302, "", "<Location: /app/loginError.jsp")
	f(false, "/portal/login", form, 302, "", "<Location: /portal/home")
	f(false, "/portal/login", form, 302, "", "<Location: /")
	f(false, "/portal/login", form, 302, "", "<Location: https://ehr.hospital.test")
	f(false, "/portal/login", form, 302, "", "<Location: /portal/login/mfa")
	f(false, "/portal/login", form, 302, "", "<Location: /home?returnUrl=%2Ferrors")
	f(false, "/portal/login", form, 302, "")
	f(true, "/main.php?auth=login&site=default", "authUser=ann&clearPass=x1", 302, "", "<Location: ../login/login.php?site=default&first=1")
	f(true, "/account/login.aspx", "Input.Email=ann&Input.Password=x1", 200, "<p>Invalid login attempt.</p>")
	f(false, "/realms/h/login-actions/authenticate", form, 302, "", "<Location: https://ehr.hospital.test/sso/login?state=a&code=b")
	f(true, "/api/login", data, 200, `{"success":false,"message":"Bad credentials"}`)
	f(true, "/api/login", data, 200, `{"authenticated":false}`)
	f(true, "/api/login", data, 200, `{"status":"error","data":null}`)
	f(true, "/api/login", data, 200, `{"data":{"login":null},"errors":[{"message":"Invalid"}]}`)
	f(true, "/api/login", data, 200, `{"response":{"code":401}}`)
	f(false, "/api/login", data, 200, `{"success":true,"message":"Welcome"}`)
	f(false, "/api/login", data, 200, `{"access_token":"abcdefghijkl","error":null}`)
	f(false, "/api/login", data, 200, `{"status":"ok","errors":[]}`)
	f(false, "/api/login", data, 200, `{"token":"abcdefghijkl","message":"failed logins since: 2; account locked before"}`)
	f(true, "/api/mfa/verify", `{"otp":"123456"}`, 200, `{"valid":false}`)
	f(false, "/api/mfa/verify", `{"otp":"123456"}`, 200, `{"valid":true}`)
	gql := `{"query":"mutation L($u:String!){login(input:$u){token}}","variables":{"input":{"username":"ann","password":"x1"}}}`
	f(true, "/graphql", gql, 200, `{"data":{"login":null},"errors":[{"message":"no"}]}`)
	f(false, "/graphql", gql, 200, `{"data":{"login":{"token":"abcdefghijkl"}}}`)
	f(false, "/graphql", `{"query":"mutation{addNote}","variables":{"text":"pass"}}`, 200, `{"errors":[{"message":"no"}]}`)
	f(false, "/api/notes", `{"text":"x"}`, 200, `{"status":"error"}`)
	f(false, "/api/login", data, 401, `{"error":"invalid"}`) // its status says so already
	c := answered("GET", "/openmrs/ws/rest/v1/session", "", 200, `{"authenticated":false}`, "Authorization: Basic YW5uOngx")
	if c.Auth.Marks&call.Rejected == 0 {
		t.Error("a session that is nobody's was not told")
	}
}

// The names of a login's fields as toolkits write them.
func TestLogin_fields(t *testing.T) {
	f := func(want string, body string) {
		t.Helper()
		c := answered("POST", "/HIS/Login.aspx", body, 200, "<form><p>Login failed.</p></form>")
		if c.User != want || (c.Auth.Secret != 0) != (want != "") || c.Auth.Marks&call.Rejected == 0 {
			t.Errorf("%s: user %q, secret %v, marks %b, want %q", body, c.User, c.Auth.Secret != 0, c.Auth.Marks, want)
		}
	}
	f("ann", "txtUser=ann&txtPass=x1")
	f("ann", "__VIEWSTATE=%2Fw&ctl00%24ContentPlaceHolder1%24LoginControl%24txtUserName=ann&ctl00%24ContentPlaceHolder1%24LoginControl%24txtPassword=x1")
	f("ann", "ctl00$Main$tbUser=ann&ctl00$Main$tbPassword=x1")
	f("ann", "loginForm%3Ausername=ann&loginForm%3Apassword=x1&javax.faces.ViewState=e1")
	f("ann", "user%5Bemail%5D=ann&user%5Bpassword%5D=x1")
	f("", "txtSearch=ann&txtWard=x1")
}
