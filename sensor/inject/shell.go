package inject

import "bytes"

// shell looks for commands behind a separator of a shell.
func (l *Look) shell(t []byte) {
	for i := 0; i < len(t); i++ {
		switch t[i] {
		case ';', '|', '&', '\n', '`', '(', '{':
		default:
			continue
		}
		if t[i] == '`' && !quoting(t, i) {
			continue
		}
		j, marks := i+1, 1
		inner := t[i] == '`' || t[i] == '(' && i > 0 && t[i-1] == '$'
		if t[i] == '(' && !inner || t[i] == '{' && (i+1 >= len(t) || !letter(t[i+1])) {
			continue
		}
		for j < len(t) && (t[j] == ' ' || t[j] == t[i] && t[i] != '(' || t[j] == '$' || t[j] == '(' && t[j-1] == '$') {
			if t[j] != ' ' {
				marks++
			}
			j++
		}
		if t[i] == '{' && bytes.IndexByte(t[j:min(j+12, len(t))], ',') < 0 { // {cat,/etc/passwd}
			continue
		}
		if found, sure := command(t, j, j == i+marks || i == 0, inner || t[i] == '|' && marks > 1); found && (t[i] != '\n' || sure || i == 0) {
			l.add(Command, sure && t[i] != '{')
		}
		i = max(i, j-2)
	}
}

// quoting tells whether the backtick at t[i] is one of a shell: in prose it sets off code, with a space before it.
func quoting(t []byte, i int) bool {
	if i == 0 {
		end := bytes.IndexByte(t[1:], '`')
		return end < 0 || end+3 >= len(t)
	}
	b := t[i-1]
	return alnum(b) || b == '\'' || b == '"' || b == ';' || b == '|' && i == 1 || b == '&' || b == '='
}

// command tells whether a command line begins at t[i]. tight says that no space lies before it, or that nothing lies
// before its separator, inner that it stands
// where a shell would put its output. Words that medicine and prose use too need an argument of a command line.
func command(t []byte, i int, tight, inner bool) (found, sure bool) {
	w := i
	for w < len(t) && (alnum(t[w]) || t[w] == '.' || t[w] == '-' && w > i || t[w] == '\\' || t[w] == '\'' && w > i && w+1 < len(t) && letter(t[w+1])) {
		w++
	}
	end := w == len(t) || t[w] == ';' || t[w] == '|' || t[w] == '&' || t[w] == '`' || t[w] == ')' || t[w] == '\n' || t[w] == '#' || t[w] == '\'' || t[w] == '"' || t[w] == ',' && i > 0 && t[i-1] == '{'
	arg := t[w:]
	spaced := len(arg) > 1 && (arg[0] == ' ' || arg[0] == '$' || arg[0] == '<' || arg[0] == ',' && i > 0 && t[i-1] == '{')
	if spaced && arg[0] == ' ' || spaced && arg[0] == ',' {
		arg = arg[1:]
	}
	path := spaced && (arg[0] == '/' || arg[0] == '.' || arg[0] == '~' || arg[0] == '$' || arg[0] == '<' || arg[0] == '*')
	option := spaced && arg[0] == '-' && len(arg) > 1 && (letter(arg[1]) || digit(arg[1]) || arg[1] == '-')
	switch string(t[i:w]) {
	case "whoami", "ifconfig", "ipconfig", "netstat", "uname", "systeminfo", "tasklist", "phpinfo", "nslookup", "powershell", "cmd.exe", "hostname", "printenv", "getent":
		return true, end || option || inner
	case "wget", "curl", "nc", "ncat", "netcat", "bash", "sh", "python", "python3", "perl", "ruby", "php", "telnet", "ssh", "ftp", "tftp", "chmod", "chown", "rm", "mv", "cp", "touch", "mkdir", "openssl", "tar", "awk", "sed", "xterm", "ksh", "zsh", "node":
		return option || path || inner || begins(arg, "http") || spaced && len(arg) > 4 && (begins(arg, "'") || begins(arg, "\"")) || tight && end, option || path || begins(arg, "http")
	case "cat", "tail", "head", "less", "more", "ls", "find", "grep", "strings", "nl", "tac", "sort", "od", "xxd", "base64", "file", "diff":
		return path || option || inner && (end || spaced) || tight && end, path || inner && end
	case "id", "ps", "who", "pwd", "env", "set", "dir", "last", "top", "date", "uptime", "df", "ver", "jobs":
		return inner && (end || option) || tight && end || option && tight || path && tight || string(t[i:w]) == "dir" && bytes.HasPrefix(arg, []byte("c:")), inner && end || option && tight
	case "ping":
		return option || spaced && digit(arg[0]) || begins(arg, "localhost"), option && len(arg) > 3 && digit(arg[len("-n ")])
	case "sleep", "timeout":
		n := 0
		for n < len(arg) && digit(arg[n]) {
			n++
		}
		if !spaced || n == 0 && !inner || n > 4 {
			return false, false
		}
		last := n == len(arg) || bytes.IndexByte([]byte(";|&`)\n#'\""), arg[n]) >= 0 || arg[n] == ' ' && (n+1 == len(arg) || bytes.IndexByte([]byte(";|&`)#'\""), arg[n+1]) >= 0)
		return last, last
	case "echo", "printf", "print":
		return inner && spaced || tight && spaced || bytes.HasPrefix(arg, []byte("$(")), bytes.Contains(t[w:], []byte("$((")) || inner && spaced
	case "type":
		return bytes.HasPrefix(arg, []byte("c:")) || bytes.HasPrefix(arg, []byte("%")), true
	case "net":
		return begins(arg, "user") || begins(arg, "view") || begins(arg, "local"), begins(arg, "user") || begins(arg, "localgroup")
	case "system", "exec", "eval", "passthru", "shell_exec", "exit", "die", "print_r", "var_dump":
		return tight && w+1 < len(t) && t[w] == '(' && (letter(t[w+1]) || t[w+1] == '\'' || t[w+1] == '"' || t[w+1] == '$'), false
	}
	if i < len(t) && t[i] == '/' && (begins(t[i:], "/bin/") || begins(t[i:], "/usr/bin/") || begins(t[i:], "/sbin/") || begins(t[i:], "/usr/sbin/")) {
		return true, true
	}
	return w < len(t) && t[w] == '(' && begins(t[w:], "((") && inner, false
}

// path looks for ways out of a folder. One step up may be a relative link; from the second on, or hidden behind an
// encoding, it is none.
func (l *Look) path(t []byte, n noted) {
	steps, first := 0, -1
	for i := 0; i+2 < len(t); i++ {
		if t[i] != '.' || t[i+1] != '.' || i > 0 && t[i-1] == '.' && !begins(t[i:], "..//") {
			continue
		}
		if b := t[i+2]; b == '/' || b == '\\' || b == ' ' && i+3 < len(t) && (t[i+3] == '/' || t[i+3] == '\\') {
			if steps++; first < 0 {
				first = i
			}
			i += 2
		}
	}
	if steps == 0 {
		if n.null && n.nullAt > 0 && (n.nullAt == len(t) || bytes.IndexByte(t[:n.nullAt], '.') >= 0) && len(t) < 256 {
			l.add(Path, false)
		}
		if len(t) >= 2 && len(t) < 64 && bytes.HasSuffix(t, []byte("/..")) {
			l.add(Path, false)
		}
		return
	}
	begun := first == 0 || t[first-1] == '/' || t[first-1] == '\\' || t[first-1] == '=' || t[first-1] == '"' || t[first-1] == '\'' || t[first-1] == ':' || t[first-1] == ' ' || t[first-1] == '.'
	if (begun || steps > 1) && len(t) > 3 {
		l.add(Path, steps >= 3 || steps == 2 && n.encoded || l.Families&Path != 0 || n.null)
	}
}

// lines looks for a line of a header behind the end of a line.
func (l *Look) lines(v []byte) {
	for i, b := range v {
		if b != '\n' && b != '\r' && b != '%' || i+5 >= len(v) {
			continue
		}
		rest := v[i+1:]
		if b == '%' {
			if v[i+1] != '0' || lower(v[i+2]) != 'a' && lower(v[i+2]) != 'd' {
				continue
			}
			rest = v[i+3:]
		}
		for n := 0; n < 4 && len(rest) > 0 && (rest[0] == '\n' || rest[0] == '\r' || rest[0] == ' '); n++ {
			rest = rest[1:]
		}
		switch {
		case hasFold(rest, "set-cookie:"), hasFold(rest, "transfer-encoding:"), hasFold(rest, "http/1."), hasFold(rest, "access-control-allow-origin:"):
			l.add(Lines, true)
		case hasFold(rest, "content-length:"), hasFold(rest, "location: http"), hasFold(rest, "location:http"), hasFold(rest, "location: /"), hasFold(rest, "x-forwarded-"), hasFold(rest, "content-type:"),
			hasFold(rest, "refresh:"), hasFold(rest, "link: <"), hasFold(rest, "bcc:"), hasFold(rest, "x-xss-protection:"), hasFold(rest, "x-injected"), hasFold(rest, "x-test:"), hasFold(rest, "x-crlf"), hasFold(rest, "header-test:"):
			l.add(Lines, false)
		}
	}
}
