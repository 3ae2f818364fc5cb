package ocsf_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"auscult/internal/shared"
	"auscult/pipeline/ocsf"
)

// paths puts the name of every leaf of v as Splunk gives it: {} for an array.
func paths(into map[string]bool, name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, below := range v {
			paths(into, strings.TrimPrefix(name+"."+k, "."), below)
		}
	case []any:
		for _, below := range v {
			paths(into, name+"{}", below)
		}
	default:
		into[name] = true
	}
}

// TestSplunk holds the aliases to fields that findings have, and the settings for time to their lines.
func TestSplunk(t *testing.T) {
	a := full("bola_fanout")
	line := ocsf.Append(nil, &a, names(t, false), meta)
	var v any
	if err := json.Unmarshal(line, &v); err != nil {
		t.Fatal(err)
	}
	fields := map[string]bool{}
	paths(fields, "", v)
	text, err := os.ReadFile(filepath.Join("splunk", "props.conf"))
	if err != nil {
		t.Fatal(err)
	}
	settings := shared.Conf(t, text)["ocsf:auscult:alert"]
	aliases := 0
	for k, v := range settings {
		source := v
		switch {
		case strings.HasPrefix(k, "FIELDALIAS-"):
			aliases++
			m := regexp.MustCompile(`^"([^"]+)" AS [a-z_]+$`).FindStringSubmatch(v)
			if m == nil {
				t.Errorf("%s = %s", k, v)
				continue
			}
			source = m[1]
		case k == "EVAL-severity":
			source = strings.TrimSuffix(strings.TrimPrefix(v, "lower("), ")")
		default:
			continue
		}
		if !fields[source] {
			t.Errorf("%s = %s: no finding has %s", k, v, source)
		}
	}
	if aliases < 10 || settings["KV_MODE"] != "json" || settings["TRUNCATE"] != "0" || settings["TIME_FORMAT"] != "%s%3N" {
		t.Errorf("%v", settings)
	}
	at := regexp.MustCompile(settings["TIME_PREFIX"]).FindIndex(line)
	if at == nil {
		t.Fatalf("no %s in %s", settings["TIME_PREFIX"], line)
	}
	ahead, err := strconv.Atoi(settings["MAX_TIMESTAMP_LOOKAHEAD"])
	if err != nil {
		t.Fatal(err)
	}
	if stamp := line[at[1] : at[1]+ahead]; string(stamp) != strconv.FormatInt(a.Time.Millis(), 10) || !bytes.HasPrefix(line[at[1]+ahead:], []byte(",")) {
		t.Errorf("the time reads %s", stamp)
	}
	shared.Tagged(t, "splunk", "ocsf:auscult:alert", "alert")
}
