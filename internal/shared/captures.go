package shared

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// Read has pcapgo, which is not ours, read a pcap or pcapng: the frames before its first error, and that error,
// io.EOF at the end.
func Read(b []byte) ([]packet.Raw, error) {
	var next func() ([]byte, gopacket.CaptureInfo, layers.LinkType, error)
	if bytes.HasPrefix(b, []byte("\n\r\r\n")) {
		r, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
		if err != nil {
			return nil, err
		}
		next = func() ([]byte, gopacket.CaptureInfo, layers.LinkType, error) {
			data, ci, err := r.ReadPacketData()
			if err != nil {
				return nil, ci, 0, err
			}
			return data, ci, ci.AncillaryData[0].(layers.LinkType), nil
		}
	} else {
		r, err := pcapgo.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		next = func() ([]byte, gopacket.CaptureInfo, layers.LinkType, error) {
			data, ci, err := r.ReadPacketData()
			return data, ci, r.LinkType(), err
		}
	}
	var out []packet.Raw
	for {
		data, ci, link, err := next()
		if err != nil {
			return out, err
		}
		raw := packet.Raw{Frame: data, WireLen: ci.Length, Link: packet.LinkType(link)}
		if !ci.Timestamp.IsZero() {
			raw.Time = clock.Time(ci.Timestamp.UnixNano())
		}
		out = append(out, raw)
	}
}

// Frames are the frames of a capture, with times that never go back. A capture may be cut in its last frame.
func Frames(t testing.TB, path string) []packet.Raw {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Read(b)
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		t.Fatal(path, ": ", err)
	}
	for i := 1; i < len(out); i++ {
		out[i].Time = max(out[i].Time, out[i-1].Time)
	}
	return out
}

// Capture is an entry of the manifest of captures.
type Capture struct {
	File     string
	Features []string
	Expected struct {
		Mode     string // exact, at_least or survive
		Calls    []Call
		Optional []Call `json:"optional_calls"`
	}
}

// Call is a call that is expected of a capture; null, which is what was not seen, is empty or 0.
type Call struct {
	Client, Server       string
	Method, Host, Target string
	Status               int
	GRPC                 *int     `json:"grpc_status"`
	Version              string   `json:"http_version"`
	Request              *int64   `json:"request_body_len"` // nil: not known for certain
	Response             *int64   `json:"response_body_len"`
	Wire                 *int64   `json:"response_body_wire_len"`
	Accept               struct { // further values that a careful reader may give
		Target []string
		Status []int
	}
}

// Captures is the manifest.
func Captures(t testing.TB) []Capture {
	t.Helper()
	var manifest struct{ Captures []Capture }
	if err := json.Unmarshal(Bytes(t, "captures", "manifest.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	return manifest.Captures
}

// Expected are the calls of the capture of that name.
func Expected(t testing.TB, file string) []Call {
	t.Helper()
	all := Captures(t)
	i := slices.IndexFunc(all, func(c Capture) bool { return c.File == file })
	if i < 0 {
		t.Fatal("not in the manifest: ", file)
	}
	return all[i].Expected.Calls
}
