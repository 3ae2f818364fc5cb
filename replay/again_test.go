package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"auscult/replay"
	"auscult/sensor/packet"
)

// The second reading gives the packets of the first, with the stamps and the interfaces that the files say.
func TestAgain(t *testing.T) {
	var b bytes.Buffer
	link := func(name string) pcapgo.NgInterface {
		return pcapgo.NgInterface{Name: name, LinkType: layers.LinkTypeEthernet, SnapLength: 1 << 16, TimestampResolution: 9}
	}
	w, err := pcapgo.NewNgWriterInterface(&b, link("mirror0"), pcapgo.NgWriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AddInterface(link("mirror1")); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteDecryptionSecretsBlock(pcapgo.DSB_SECRETS_TYPE_TLS, []byte("CLIENT_RANDOM a b\n")); err != nil {
		t.Fatal(err)
	}
	for i, at := range []int64{5, 3, 4, 9} { // time goes back
		ci := gopacket.CaptureInfo{Timestamp: time.Unix(100, at), CaptureLength: 14 + i, Length: 20 + i, InterfaceIndex: i % 2}
		if err := w.WritePacket(ci, make([]byte, 14+i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.pcapng")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	src := replay.New(replay.Defaults(), path)
	lanes, err := src.Open(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var places []packet.Where
	for {
		raw, err := lanes[0].Next()
		if err != nil {
			break
		}
		places = append(places, raw.Where)
	}
	before := fmt.Sprint(src.Stats(), src.Read())
	var got []string
	err = src.Again(context.Background(), func(raw *packet.Raw, in replay.Interface) (bool, error) {
		if raw.Where != places[len(got)] {
			t.Errorf("packet %d is at %v, and was at %v", len(got), raw.Where, places[len(got)])
		}
		got = append(got, fmt.Sprintf("%d %s %d %d/%d", raw.Time-100e9, in.Name, in.Snap, len(raw.Frame), raw.WireLen))
		return len(got) < 3, nil
	})
	want := "[5 mirror0 65536 14/20 3 mirror1 65536 15/21 4 mirror0 65536 16/22]"
	if err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v: got %v, want %s", err, got, want)
	}
	if after := fmt.Sprint(src.Stats(), src.Read()); after != before {
		t.Errorf("it changed what is said of the first: %s, before %s", after, before)
	}
	stop := errors.New("enough")
	if err := src.Again(context.Background(), func(*packet.Raw, replay.Interface) (bool, error) { return true, stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	grown := func(*packet.Raw, replay.Interface) (bool, error) {
		return true, os.WriteFile(path, append(b.Bytes(), b.Bytes()...), 0o600)
	}
	if err := src.Again(context.Background(), grown); !errors.Is(err, replay.ErrChanged) {
		t.Errorf("it changes while it is read: %v", err)
	}
}

func TestAgainOfAPipe(t *testing.T) {
	src := replay.New(replay.Defaults(), "-")
	src.Stdin = bytes.NewReader(nil)
	lanes, err := src.Open(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	lanes[0].Next()
	err = src.Again(context.Background(), func(*packet.Raw, replay.Interface) (bool, error) { return true, nil })
	if err == nil || !strings.Contains(err.Error(), "a pipe cannot be read twice") {
		t.Errorf("got %v", err)
	}
}
