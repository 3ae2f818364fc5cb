package main

// layers orders the packages of the module: a package imports only from layers above its own in this list.
var layers = [][]string{
	{"internal/chart", "internal/whole", "pipeline/snapshot", "sensor/secret", "sensor/clock", "sensor/spare", "sensor/er7", "sensor/http/inflate"},
	{"sensor/packet", "sensor/fhir", "sensor/inject", "sensor/exposure"},
	{"sensor/bpf"},
	{"sensor/tcp", "sensor/phi"},
	{"sensor/http", "sensor/tls"},
	{"sensor/tls/keyfile"},
	{"sensor/http/http1", "sensor/http/http2", "sensor/http/websocket", "sensor/hl7"},
	{"sensor/call"},
	{"sensor/extract", "sensor/pseudonym", "sensor/openapi"},
	{"detectors/stats", "detectors/rules"},
	{"detectors"},
	{"detectors/eval/world"},
	{"pipeline/alert", "pipeline/ledger", "pipeline/lanes"},
	{"detectors/eval", "detectors/eval/values"},
	{"pipeline/inventory", "pipeline/ocsf", "pipeline/state", "pipeline/outbox", "pipeline/custody", "pipeline/evidence", "pipeline/vault"},
	{"pipeline/ecs", "pipeline/cef", "replay/report"},
	{"pipeline/sink/kafkatest"},
	{"pipeline/sink"},
	{"pipeline/inspect", "pipeline/parquet"},
	{"pipeline"},
	{"pipeline/cluster"},
	{"replay", "sensor/capture", "sensor/page"},
	{"sensor/capture/rate", "pipeline/stages", "pipeline/growth"},
	{"pcaps/rewrap"},
	{"sensor", "pcaps", "internal/shared", "internal/wire", "internal/browser"}, // nothing may import these: the last three are for tests
}

// readers read packets, and what travels in them.
var readers = []string{"sensor/tcp", "sensor/tls", "sensor/http/http1", "sensor/http/http2", "sensor/http/websocket", "sensor/hl7",
	"sensor/extract"}

// unseen lists what the stages after the call must not see, whatever their layer: they know calls, not packets
// being read.
var unseen = map[string][]string{
	"detectors":          readers,
	"detectors/stats":    append([]string{"sensor/call"}, readers...),
	"pipeline/alert":     readers,
	"pipeline/inventory": readers,
	"pipeline/ocsf":      readers,
	"pipeline/ecs":       append([]string{"sensor/call", "detectors"}, readers...),
	"pipeline/cef":       append([]string{"sensor/call", "detectors"}, readers...),
	"pipeline/outbox":    readers,
	"pipeline/custody":   append([]string{"sensor/http", "sensor/call", "detectors"}, readers...),
	"pipeline/evidence":  readers,
	"pipeline/vault":     append([]string{"sensor/http", "sensor/call", "detectors"}, readers...),
	"pipeline/sink":      readers,
	"pipeline/cluster":   readers,
	"replay/report":      readers,
	"sensor/capture":     append([]string{"sensor/http", "sensor/call", "detectors"}, readers...),
	"sensor/page":        readers,
	"replay":             append([]string{"sensor/http", "sensor/call", "detectors"}, readers...),
}

// homes names the packages where an outside module may be imported; tests have their own list.
var homes = map[string][]string{
	"filippo.io/age":                        {"pipeline/evidence", "pipeline/vault", "sensor"},
	"github.com/gopacket/gopacket":          {"internal/shared"},
	"github.com/segmentio/kafka-go":         {"pipeline/sink", "pipeline/cluster"},
	"github.com/fxamacker/cbor":             {"pipeline/cluster"},
	"github.com/dgraph-io/ristretto":        {"sensor/extract"},
	"github.com/goccy/go-yaml":              {"sensor"},
	"github.com/spf13/cobra":                {"sensor"},
	"github.com/parquet-go/parquet-go":      {"pipeline/parquet", "sensor"}, // there the test of privacy reads it
	"github.com/spf13/pflag":                {"sensor"},
	"github.com/rs/zerolog":                 {"sensor", "sensor/capture", "pipeline/sink", "pipeline"},
	"github.com/klauspost/compress":         {"sensor/http", "replay", "pipeline/sink", "pipeline/cluster", "pipeline/state"},
	"github.com/andybalholm/brotli":         {"sensor/http"},
	"github.com/axiomhq/hyperloglog":        {"detectors/stats"},
	"golang.org/x/term":                     {"sensor", "pipeline/sink"},
	"golang.org/x/sys":                      {"sensor", "sensor/capture", "replay", "pipeline/sink", "pipeline/outbox", "pipeline/state", "internal/shared", "detectors/eval"},
	"golang.org/x/net":                      {"sensor", "sensor/http/http2", "sensor/bpf", "sensor/capture", "pcaps/rewrap"},
	"github.com/prometheus/client_golang":   {"sensor"},
	"github.com/google/pprof":               {"pipeline/stages", "pipeline/growth"},
	"golang.org/x/crypto":                   {"sensor/tls"},
	"golang.org/x/mod":                      {"pipeline/custody"},
	"github.com/cespare/xxhash":             {"sensor/http", "sensor/call", "sensor/tcp"},
	"github.com/corazawaf/libinjection-go":  {"sensor/inject"},
	"github.com/getkin/kin-openapi":         {"sensor/openapi"},
	"github.com/oasdiff/yaml":               {"sensor/openapi"},
	"cel.dev/cel-go":                        {"detectors/rules"},
	"gonum.org/v1/plot":                     {"internal/chart"},
	"github.com/chromedp":                   {"internal/browser"},
	"github.com/compose-spec/compose-go":    nil,
	"github.com/twmb/franz-go":              nil,
	"github.com/santhosh-tekuri/jsonschema": nil,
}

// testHomes names who may use an outside module in tests beyond its homes; "*" is everyone.
var testHomes = map[string]string{
	"filippo.io/age":                        "sensor pcaps",
	"github.com/gopacket/gopacket":          "*",
	"github.com/segmentio/kafka-go":         "sensor",
	"github.com/twmb/franz-go":              "pipeline/sink sensor pipeline",
	"github.com/santhosh-tekuri/jsonschema": "pipeline/ocsf pipeline/sink sensor pcaps",
	"github.com/getkin/kin-openapi":         "pipeline/inventory",
	"github.com/compose-spec/compose-go":    "sensor",
	"github.com/goccy/go-yaml":              "*",
	"github.com/klauspost/compress":         "*",
	"github.com/andybalholm/brotli":         "*",
	"github.com/axiomhq/hyperloglog":        "detectors",
	"github.com/rs/zerolog":                 "*",
	"golang.org/x/term":                     "sensor",
	"golang.org/x/sys":                      "sensor/bpf",
	"golang.org/x/net":                      "replay/report",
	"github.com/chromedp":                   "sensor replay/report",
	"github.com/spf13/cobra":                "sensor",
}

// hot is the path of a packet: no clock, lock, log, network, file, goroutine or channel there.
var hot = []string{"sensor/packet", "sensor/bpf", "sensor/tcp", "sensor/tls", "sensor/http", "sensor/http/http1", "sensor/http/http2",
	"sensor/http/websocket", "sensor/http/inflate", "sensor/hl7", "sensor/call", "sensor/inject", "sensor/exposure", "sensor/phi", "sensor/fhir", "sensor/extract", "sensor/spare", "sensor/er7", "detectors", "detectors/rules", "detectors/stats", "pipeline/alert", "pipeline/inventory"}

var coldImports = []string{"sync", "sync/atomic", "log", "log/slog", "net/http", "net", "os", "io/ioutil", "math/rand",
	"math/rand/v2", "hash/maphash", "crypto/rand", "github.com/rs/zerolog"}

var wallClock = []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Sleep"}

// exceptions are breaches of the rules that are right, each with its reason.
var exceptions = map[string]string{
	"sensor/tcp imports hash/maphash on the hot path": "the key of the flow index: nobody outside can choose collisions. " +
		"It decides where a connection lies in memory, never what becomes of it",
	"sensor/http/http1 imports hash/maphash on the hot path": "the key of the heads that are remembered: nobody outside can " +
		"choose collisions. It decides what is remembered, never what is read",
	"sensor/extract imports hash/maphash on the hot path": "what bodies are known by: nobody outside can make two that are " +
		"taken for one. It decides whether a body is read again, never what it says",
}
