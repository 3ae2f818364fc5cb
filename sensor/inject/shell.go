package inject

import "bytes"

// shell looks for commands behind a separator of a shell.
func (l *Look) shell(t []byte) {
	pipes := 0
	for i := 0; i < len(t); i++ {
		switch t[i] {
		case '|':
			pipes++
		case '/':
			if i == 0 || t[i-1] == ' ' || t[i-1] == ';' || t[i-1] == '|' {
				if glob(t[i:min(i+2*short, len(t))]) {
					l.add(Command, false)
				}
			}
			continue
		case ';', '&', '\n', '`', '(', '{':
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
		if pipes > 2 && t[i] == '|' && marks == 1 { // a message of HL7, a table
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
	if letter(b) && bytes.IndexByte(t[i+1:], '`') < 0 { // an apostrophe: Sa`id
		return false
	}
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
	var room [24]byte
	name := room[:0]
	for _, b := range t[i:w] { // w'h'oami, who\ami
		if b != '\\' && b != '\'' && len(name) < len(room) {
			name = append(name, b)
		}
	}
	if spaced && arg[0] == '#' {
		end = true
	}
	if len(name) < w-i { // nobody writes so but to hide it
		tight = true
	}
	switch string(name) {
	case "timeout", "nohup", "nice", "setsid", "xargs", "sudo", "busybox", "env", "exec", "command":
		if k := runs(t, w); k > 0 {
			if found, sure := command(t, k, tight, inner); found || string(name) == "xargs" && option {
				return true, sure
			}
		}
	case "socat", "dig", "lua", "java", "gcc", "crontab", "useradd", "iptables", "certutil", "bitsadmin", "wmic", "mshta", "rundll32", "regsvr32", "invoke-webrequest", "invoke-expression", "iex", "start-process":
		return option || path || spaced && len(arg) > 3 && (bytes.IndexByte(arg, '.') > 0 || bytes.IndexByte(arg, ':') > 0), option
	case "ip":
		return spaced && (begins(arg, "addr") || begins(arg, "a ") || begins(arg, "route") || begins(arg, "link")), false
	}
	switch string(name) {
	case "whoami", "ifconfig", "ipconfig", "netstat", "uname", "systeminfo", "tasklist", "phpinfo", "nslookup", "powershell", "cmd.exe", "hostname", "printenv", "getent":
		return true, end || option || inner
	case "wget", "curl", "nc", "ncat", "netcat", "bash", "sh", "python", "python3", "perl", "ruby", "php", "telnet", "ssh", "ftp", "tftp", "chmod", "chown", "rm", "mv", "cp", "touch", "mkdir", "openssl", "tar", "awk", "sed", "xterm", "ksh", "zsh", "node":
		return option || path || inner || begins(arg, "http") || spaced && len(arg) > 4 && (begins(arg, "'") || begins(arg, "\"")) || tight && end && plainShell(name), option || path || begins(arg, "http")
	case "cat", "tail", "head", "less", "more", "ls", "find", "grep", "strings", "nl", "tac", "sort", "od", "xxd", "base64", "file", "diff":
		return path || option || inner && (end || spaced) || tight && end && (string(name) == "ls" || string(name) == "cat"), path || inner && end && string(name) == "ls"
	case "id", "ps", "who", "pwd", "env", "set", "dir", "last", "top", "date", "uptime", "df", "ver", "jobs":
		return inner && (end || option) || tight && end || option && tight || path && tight || string(name) == "ps" && begins(arg, "aux") || string(name) == "id" && spaced && arg[0] == '#' || string(name) == "dir" && bytes.HasPrefix(arg, []byte("c:")), inner && end || option && tight
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

// runs is where behind a word that runs another command, at t[w], that one stands; 0 when nowhere.
func runs(t []byte, w int) int {
	for w < len(t) && (t[w] == ' ' || digit(t[w])) {
		w++
	}
	if w >= len(t) || !letter(t[w]) && t[w] != '/' {
		return 0
	}
	return w
}

// plainShell tells whether a command does something by itself: the words of a pattern with | in it do not.
func plainShell(name []byte) bool {
	switch string(name) {
	case "bash", "sh", "ksh", "zsh", "nc", "ncat", "netcat", "curl", "wget", "powershell":
		return true
	}
	return false
}
