package capture

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"

	"auscult/pipeline/lanes"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// counted is a block that counts who holds it.
type counted int

func (c *counted) Retain()  { *c++ }
func (c *counted) Release() { *c-- }

// laneOf is a lane that gives packets and ends.
func laneOf(b *counted, packets ...packet.Raw) *lanes.Lane {
	f := fanOf(Defaults())
	var mark lanes.Mark
	for i := range packets {
		f.Room()
		f.Put(&packets[i], b, &mark)
	}
	f.Flush()
	f.Close(nil)
	return f.Lanes()[0]
}

func TestRecording(t *testing.T) {
	ports := []*port{
		{link: packet.LinkEthernet, stats: InterfaceStats{Name: "eth0"}},
		{link: packet.LinkRaw, stats: InterfaceStats{Name: "tunnel1"}},
	}
	head := preamble(ports, 4096)
	offset := int64(len(head))
	var packets []packet.Raw
	for i := range 10 {
		raw := packet.Raw{
			Time: clock.Time(1_700_000_000_123_456_789 + i), Frame: bytes.Repeat([]byte{byte(i)}, 60+i), WireLen: 60 + 2*i,
			Where: packet.Where{File: uint32(i % 2), Offset: offset},
		}
		offset += recordBytes(len(raw.Frame))
		packets = append(packets, raw, packet.Raw{Time: raw.Time})
	}
	var file bytes.Buffer
	if err := newRecorder(&file).run(laneOf(new(counted), packets...), head); err != nil {
		t.Fatal(err)
	}
	if int64(file.Len()) != offset {
		t.Errorf("%d bytes, the offsets say %d", file.Len(), offset)
	}
	r, err := pcapgo.NewNgReader(bytes.NewReader(file.Bytes()), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(packets); i += 2 {
		want := packets[i]
		data, info, err := r.ReadPacketData()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(data, want.Frame) || info.Length != want.WireLen || info.InterfaceIndex != int(want.Where.File) ||
			info.Timestamp.UnixNano() != int64(want.Time) {
			t.Errorf("packet %d: %+v", i/2, info)
		}
	}
	for i, p := range ports {
		in, err := r.Interface(i)
		if err != nil || in.Name != p.stats.Name || int(in.LinkType) != int(p.link) || in.SnapLength != 4096 {
			t.Errorf("interface %d: %+v, %v", i, in, err)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// TestRecordingFails reads to the end all the same, so that no lane waits.
func TestRecordingFails(t *testing.T) {
	var b counted
	l := laneOf(&b, packet.Raw{Frame: make([]byte, 2<<20)}, packet.Raw{Frame: make([]byte, 60)})
	err := newRecorder(fullDisk{}).run(l, nil)
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("%v", err)
	}
	if _, ok := l.Poll(); ok || b != 0 {
		t.Error("packets are left")
	}
}
