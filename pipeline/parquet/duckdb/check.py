"""Holds the Parquet call log of one case, and what the queries beside this file say of it, to the calls.jsonl of another.

check.py PARQUET_CASE JSONL_CASE: both are of the same capture and key.
"""
import collections
import datetime
import json
import os
import pathlib
import statistics
import sys

import duckdb

here = pathlib.Path(__file__).parent
case, other = map(pathlib.Path, sys.argv[1:3])
lines = [json.loads(line) for line in open(other / "calls.jsonl")]
os.chdir(case)
db = duckdb.connect()
db.execute((here / "calls.sql").read_text())
faults = []


def rows(sql):
    found = db.execute(sql)
    names = [d[0] for d in found.description]
    return [dict(zip(names, r)) for r in found.fetchall()]


def hold(what, got, want):
    if got != want:
        faults.append(f"{what}:\n got  {str(got)[:1500]}\n want {str(want)[:1500]}")


def ns(text):
    whole, part = text.rstrip("Z").split(".")
    return int(datetime.datetime.fromisoformat(whole + "+00:00").timestamp()) * 10**9 + int(part)


def plain(record):
    return json.dumps({k: v for k, v in record.items() if v is not None}, sort_keys=True)


# Every column of every call.
want = collections.Counter(plain({k.replace(".", "_"): v for k, v in c.items()} | {"timestamp": ns(c["timestamp"])}) for c in lines)
got = collections.Counter(plain(r) for r in rows("SELECT * EXCLUDE (date, hour) REPLACE (epoch_ns(timestamp) AS timestamp) FROM calls"))
hold("calls", list((got - want).elements())[:3], list((want - got).elements())[:3])
hold("number of calls", got.total(), len(lines))
if not lines:
    faults.append("there are no calls to compare")


def ok(c):
    return 200 <= (c["http.response.status_code"] or 0) < 300


def endpoint(c):
    return c.get("http.request.method"), c.get("http.route")


def answers(name):
    found = rows((here / name).read_text())
    if not found:
        faults.append(f"{name} finds nothing, so that nothing is shown of it")
    return found


touches = [(c, o) for c in lines for o in c["auscult.objects"]]
named = [(c, o) for c, o in touches if "auscult.principal.id" in c]

one = collections.Counter(o["id"] for c, o in touches if ok(c)).most_common(1)[0][0]
db.execute(f"SET VARIABLE object = '{one}'")
by = collections.defaultdict(set)
for i, c in enumerate(lines):
    if ok(c) and any(o["id"] == one for o in c["auscult.objects"]):
        by[c.get("auscult.principal.id")].add(i)
hold("touched", {r["principal"]: r["calls"] for r in answers("touched.sql")}, {p: len(s) for p, s in by.items()})

by, gone = collections.defaultdict(set), collections.defaultdict(set)
hours = {r["k"]: (r["date"], r["hour"]) for r in rows("SELECT network_connection_id || '/' || auscult_stream || '/' || epoch_ns(timestamp) AS k, date, hour FROM calls")}
for c, o in named:
    if o["where"] != "response":
        hour = hours[f"{c['network.connection.id']}/{c['auscult.stream']}/{ns(c['timestamp'])}"]
        by[hour, c["auscult.principal.id"]].add(o["id"])
        if ok(c):
            gone[hour, c["auscult.principal.id"]].add(o["id"])
most = sorted(((len(s), len(gone[k])) for k, s in by.items()), reverse=True)[:100]
hold("fanout", sorted(((r["asked_for"], r["got"]) for r in answers("fanout.sql")), reverse=True), most)

steps = collections.defaultdict(list)
for c, o in named:
    if o["where"] == "path":
        steps[c["auscult.principal.id"], " ".join(endpoint(c))].append((ns(c["timestamp"]), o["id"]))
walks = {}
for k, s in steps.items():
    objects = len({i for _, i in s})
    if len(s) >= 20 and objects >= 0.9 * len(s):
        at = sorted(t for t, _ in s)
        walks[k] = len(s), objects, round(statistics.median(b - a for a, b in zip(at, at[1:])) / 1e9, 2)
hold("walks", {(r["principal"], r["endpoint"]): (r["steps"], r["objects"], round(r["median_gap_s"], 2)) for r in answers("walks.sql")}, walks)

asked, refused = collections.Counter(), collections.Counter()
for c in lines:
    key = c.get("auscult.principal.id"), *endpoint(c)
    asked[key] += 1
    refused[key] += c["http.response.status_code"] in (401, 403, 404, 410)
hold("refused", {(r["principal"], r["method"], r["route"]): (r["asked"], r["refused"]) for r in answers("refused.sql")},
     {k: (asked[k], n) for k, n in refused.most_common(100) if n})

usual = collections.defaultdict(list)
for c in lines:
    if c.get("auscult.phi.people", 0) > 0:
        usual[endpoint(c)].append(c["auscult.phi.people"])
large = sorted(((c["auscult.phi.people"], statistics.median(usual[endpoint(c)])) for c in lines if c.get("auscult.phi.people", 0) > 1), reverse=True)
hold("exports", [r["people"] for r in answers("exports.sql")], [p for p, _ in large[:100]])
hold("exports, beside the usual", {(r["people"], r["median_people"]) for r in answers("exports.sql")} - set(large), set())

first = {}
for c, o in named:
    key = c["auscult.principal.id"], o["id"]
    first[key] = min(first.get(key, (10**30, True)), (ns(c["timestamp"]), o["where"] == "response"))
days = collections.Counter((datetime.datetime.fromtimestamp(t / 1e9, datetime.UTC).date(), p) for (p, _), (t, listed) in first.items() if not listed)
hold("first contacts", sorted((r["first_contacts"] for r in answers("first_contacts.sql")), reverse=True), sorted(days.values(), reverse=True)[:100])

from_ = collections.defaultdict(set)
for c in lines:
    if c.get("auscult.principal.kind") not in (None, "address", "mtls"):
        from_[c["auscult.principal.id"]].add(c["client.address"])
hold("addresses", {r["principal"]: r["addresses"] for r in answers("addresses.sql")}, {p: len(s) for p, s in from_.items() if len(s) > 1})

print("\n".join(faults) or f"{len(lines)} calls agree, and so do the queries")
sys.exit(bool(faults))
