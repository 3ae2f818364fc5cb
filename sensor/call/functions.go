package call

import "bytes"

// functionFlag is what a segment of a path, in lower case, says of whom the function is for, or what it does to a session. Words that
// honest users meet every day in the pages of their own (roles, users, settings) are not among them.
func functionFlag(w []byte) Flags {
	if len(w) < 3 {
		return 0
	}
	if w[0] == '.' {
		return hidden(w)
	}
	switch string(w) {
	case "logout", "log-out", "signout", "sign-out", "logoff", "log-off", "endsession", "end-session", "end_session":
		return Logout
	case "forgot-password", "forgotpassword", "forgot_password", "reset-password", "resetpassword", "reset_password", "password-reset",
		"passwordreset", "password_reset", "change-password", "changepassword", "change_password", "set-password", "setpassword",
		"recover-password", "recoverpassword", "recover_password", "password-recovery", "account-recovery", "recover-account", "passwordrecovery",
		"forgot", "forgotten-password", "lost-password", "lostpassword", "update-password", "updatepassword", "reset-credentials",
		"forgot-credentials", "resetpwd", "changepwd":
		return Reset
	case "admin", "admins", "administrator", "administration", "_admin", "adminapi", "admin-api", "superadmin", "super-admin", "sysadmin",
		"superuser", "backoffice", "back-office", "impersonate", "impersonation", "privilege", "privileges", "systemsetting", "systemsettings",
		"system-settings", "usermanagement", "user-management", "useradmin", "user-admin", "auditlog", "auditlogs", "audit-log", "audit-logs",
		"role-assignments", "roleassignments", "globalproperty", "tenant-admin", "siteadmin", "site-admin", "security-admin":
		return Admin
	case "break-glass", "breakglass", "break_glass", "btg", "break-the-glass", "breaktheglass", "emergency-access", "emergencyaccess",
		"emergency_access":
		return BreakGlass
	case "actuator", "jolokia", "heapdump", "threaddump", "pprof", "phpinfo", "phpinfo.php", "info.php", "server-status", "server-info", "phpmyadmin",
		"adminer", "adminer.php", "jmx-console", "web-console", "h2-console", "host-manager", "console", "debug", "_debug", "__debug__", "_profiler",
		"graphiql", "playground", "wp-admin", "wp-login.php", "elmah.axd", "trace.axd", "web.config", "hawtio", "nacos", "telescope", "horizon",
		"_cat", "_cluster", "_nodes", "_all_dbs", "_utils", "solr", "configprops",
		"dump.sql", "backup.sql", "database.sql", "db.sql", "backup.zip", "backup.tar.gz", "id_rsa", "docker-compose.yml", "appsettings.json",
		"application.yml", "application.properties", "composer.json", "dockerfile", "cgi-bin",
		"swagger.json", "swagger.yaml", "openapi.json", "openapi.yaml", "openapi.yml", "api-docs", "api-docs.json", "apidocs.json", "swagger-resources":
		return Operator
	}
	return 0
}

// resets is whether a segment, in lower case, makes a path one on which passwords are asked for or set anew, by the segment
// before it: password/reset, accounts/recover, users/5/password. A login by password is none.
func resets(before, w []byte, last bool) bool {
	switch string(before) {
	case "password", "passwords", "passwd", "pwd", "credential", "credentials":
		switch string(w) {
		case "reset", "change", "forgot", "forgotten", "recover", "recovery", "set", "update", "lost":
			return true
		}
	case "account", "accounts", "auth", "user", "users", "login":
		switch string(w) {
		case "reset", "recover", "recovery":
			return true
		}
	}
	switch string(w) {
	case "password", "passwd", "pwd":
		return last && len(before) > 0 && string(before) != "login" && string(before) != "signin" && string(before) != "grant"
	}
	return false
}

// hidden is what a segment that begins with a dot says: files that no server means to show, but for the well-known
// (RFC 8615).
func hidden(w []byte) Flags {
	for _, p := range [...]string{".env", ".git", ".svn", ".hg", ".aws", ".ssh", ".htpasswd", ".htaccess", ".ds_store", ".npmrc", ".docker",
		".kube", ".bash_history", ".config", ".vscode", ".idea", ".terraform"} {
		if bytes.HasPrefix(w, []byte(p)) {
			return Operator
		}
	}
	return 0
}

// checks is whether the last word of a path is of a check that tells nothing of the insides.
func checks(s []byte) bool {
	var buf [16]byte
	if len(s) > len(buf) {
		return false
	}
	switch string(lower(buf[:0], s)) {
	case "metrics", "prometheus":
		return false
	}
	return true
}
