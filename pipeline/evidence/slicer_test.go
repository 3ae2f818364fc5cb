package evidence_test

import (
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/pipeline/evidence"
	"auscult/replay"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

const second = clock.Time(1e9)

var (
	client = netip.MustParseAddrPort("10.0.0.1:40000")
	other  = netip.MustParseAddrPort("10.0.0.1:40001")
	server = netip.MustParseAddrPort("10.0.0.2:80")
)

// frame is an IPv4 packet with a TCP segment.
func frame(src, dst netip.AddrPort, flags byte, seq uint32, payload string) []byte {
	b := make([]byte, 40, 40+len(payload))
	b[0], b[8], b[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(b[2:], uint16(40+len(payload)))
	copy(b[12:], src.Addr().AsSlice())
	copy(b[16:], dst.Addr().AsSlice())
	binary.BigEndian.PutUint16(b[20:], src.Port())
	binary.BigEndian.PutUint16(b[22:], dst.Port())
	binary.BigEndian.PutUint32(b[24:], seq)
	b[32], b[33] = 0x50, flags
	return append(b, payload...)
}

const (
	syn    = 0x02
	synAck = 0x12
	ack    = 0x10
)

// sent is a packet of a test, named by its payload or its name.
type sent struct {
	at    clock.Time
	frame []byte
}

// alerted is an alert whose one call is on the connection of from, from start to known.
func alerted(uid string, from netip.AddrPort, conn uint64, start, known clock.Time, where int64) alert.Alert {
	c := call.Call{Order: call.Order{Time: known, Flow: conn, Seq: uint32(where)}, Start: start, Conn: conn, Version: 11, Frames: packet.Where{Offset: where}}
	c.Client = packet.Endpoint{Addr: from.Addr().As16(), Port: from.Port()}
	c.Server = packet.Endpoint{Addr: server.Addr().As16(), Port: server.Port()}
	return alert.Alert{UID: uid, Signal: detectors.Signal{Evidence: []detectors.Evidence{{Order: c.Order, Call: c}}}}
}

// slice shows packets, the first of them at record 0 and so on, to a slicer, and gives its slices by incident.
func slice(t testing.TB, cfg evidence.Config, packets []sent, alerts ...alert.Alert) (map[string]*evidence.Slice, string) {
	t.Helper()
	notes := evidence.NewCollector(cfg)
	if err := notes.Write(context.Background(), alerts); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	store, err := evidence.Create(dir, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]*evidence.Slice{}
	s := evidence.NewSlicer(notes, packet.Defaults(), func(sl *evidence.Slice) error {
		got[sl.UID] = sl
		return store.Put(sl)
	})
	for i, p := range packets {
		raw := packet.Raw{Time: p.at, Frame: p.frame, WireLen: len(p.frame), Link: packet.LinkRaw, Where: packet.Where{Offset: int64(i)}}
		if err := s.Packet(&raw, evidence.Interface{Link: packet.LinkRaw, Name: "mirror"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !s.Over() {
		t.Error("something is still wanted")
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return got, filepath.Join(dir, evidence.Folder)
}

// kept is the places in packets of what the slice uid holds.
func kept(t testing.TB, dir, uid string, packets []sent) (places []int) {
	t.Helper()
	path := filepath.Join(dir, uid+".pcapng")
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	src := replay.New(replay.Defaults(), path)
	lanes, err := src.Open(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := lanes[0].Next(); err != nil {
			break
		}
	}
	at := 0
	err = src.Again(context.Background(), func(raw *packet.Raw, in replay.Interface) (bool, error) {
		if in.Name != "mirror" || in.Link != packet.LinkRaw {
			t.Errorf("interface %+v", in)
		}
		for ; at < len(packets); at++ {
			if packets[at].at == raw.Time && string(packets[at].frame) == string(raw.Frame) {
				places = append(places, at)
				at++
				return true, nil
			}
		}
		t.Fatalf("a packet at %v that is not in the capture, or not in its order", raw.Time)
		return false, nil
	})
	if err != nil || len(src.Notices())+len(src.Faults()) > 0 {
		t.Fatal(err, src.Notices(), src.Faults())
	}
	return places
}

func TestWindow(t *testing.T) {
	packets := []sent{
		{1 * second, frame(client, server, syn, 100, "")},        // 0: an earlier connection of these ports
		{2 * second, frame(client, server, ack, 101, "old")},     // 1
		{10 * second, frame(client, server, syn, 900, "")},       // 2: the one that is shown
		{10 * second, frame(client, server, syn, 900, "")},       // 3: sent again
		{10 * second, frame(server, client, synAck, 50, "")},     // 4
		{10 * second, frame(client, server, ack, 901, "")},       // 5
		{11 * second, frame(client, server, ack, 901, "before")}, // 6: long before the call
		{12 * second, frame(server, client, ack, 51, "")},        // 7
		{20 * second, frame(other, server, ack, 1, "other")},     // 8: another connection
		{20*second - second/2, frame(server, client, ack, 51, "a little before")},
		{20 * second, frame(client, server, ack, 907, "call")},   // 10
		{21 * second, frame(server, client, ack, 51, "answer")},  // 11
		{22 * second, frame(client, server, ack, 911, "after")},  // 12
		{23 * second, frame(client, server, ack, 916, "late")},   // 13: past the window
		{21 * second, frame(client, server, ack, 911, "strays")}, // 14: stamped earlier, and come when it was over
	}
	a := alerted("u", client, 7, 20*second, 21*second, 10)
	_, dir := slice(t, evidence.Defaults(), packets, a)
	if got, want := kept(t, dir, "u", packets), []int{2, 3, 4, 5, 9, 10, 11, 12}; !reflect.DeepEqual(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
	tls := a
	tls.Signal.Evidence = append([]detectors.Evidence(nil), a.Signal.Evidence...)
	tls.Signal.Evidence[0].Call.Secure.Version = "1.3"
	_, dir = slice(t, evidence.Defaults(), packets, tls)
	if got, want := kept(t, dir, "u", packets), []int{2, 3, 4, 5, 6, 7, 9, 10, 11, 12}; !reflect.DeepEqual(got, want) {
		t.Errorf("of TLS kept %v, want %v", got, want)
	}
}

// A connection that follows on the same ports is another one, though it comes within the window.
func TestNextConnection(t *testing.T) {
	packets := []sent{
		{1 * second, frame(client, server, syn, 100, "")},
		{1 * second, frame(client, server, ack, 101, "call")},
		{1*second + second/2, frame(client, server, syn, 500, "")},
		{1*second + second/2, frame(client, server, ack, 501, "next")},
	}
	_, dir := slice(t, evidence.Defaults(), packets, alerted("u", client, 7, second+1, second+2, 1))
	if got := kept(t, dir, "u", packets); !reflect.DeepEqual(got, []int{0, 1}) {
		t.Errorf("kept %v", got)
	}
	// Both are shown by one incident: each packet is there once.
	_, dir = slice(t, evidence.Defaults(), packets, alerted("u", client, 7, second+1, second+2, 1),
		alerted("u", client, 8, second+second/2, second+second/2, 3))
	if got := kept(t, dir, "u", packets); !reflect.DeepEqual(got, []int{0, 1, 2, 3}) {
		t.Errorf("of both kept %v", got)
	}
}

// A segment that came in IP fragments is kept with all of them, and with none of another datagram.
func TestFragments(t *testing.T) {
	split := func(whole []byte, id uint16) [2][]byte {
		var out [2][]byte
		for i, part := range [][]byte{whole[20:44], whole[44:]} {
			b := append(append([]byte{}, whole[:20]...), part...)
			binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
			binary.BigEndian.PutUint16(b[4:], id)
			binary.BigEndian.PutUint16(b[6:], []uint16{0x2000, 3}[i])
			out[i] = b
		}
		return out
	}
	mine := split(frame(client, server, ack, 1, "a call that came in two parts"), 1)
	theirs := split(frame(other, server, ack, 1, "another's call in two parts"), 2)
	packets := []sent{
		{second, theirs[0]}, {second, mine[1]}, {second, frame(other, server, ack, 1, "between")}, {second, mine[0]}, {second, theirs[1]},
	}
	got, dir := slice(t, evidence.Defaults(), packets, alerted("u", client, 7, second, second, 3))
	if places := kept(t, dir, "u", packets); !reflect.DeepEqual(places, []int{1, 3}) {
		t.Errorf("kept %v", places)
	}
	if l := got["u"].Lost; l != (evidence.Lost{}) {
		t.Errorf("lost %+v", l)
	}
	// However many there are, each is whole.
	packets = packets[:0]
	var all []int
	for i := range 200 {
		parts := split(frame(client, server, ack, 1, "a call that came in two parts"), uint16(i))
		packets = append(packets, sent{second, parts[0]}, sent{second, parts[1]})
		all = append(all, 2*i, 2*i+1)
	}
	got, dir = slice(t, evidence.Defaults(), packets, alerted("u", client, 7, second, second, 3))
	if places := kept(t, dir, "u", packets); !reflect.DeepEqual(places, all) || got["u"].Lost != (evidence.Lost{}) {
		t.Errorf("kept %v, lost %+v", places, got["u"].Lost)
	}
	// More are under way than are held: what is torn is counted.
	packets = []sent{{second, mine[0]}}
	for i := range 200 {
		packets = append(packets, sent{second, split(frame(other, server, ack, 1, "another's call in two parts"), uint16(10+i))[0]})
	}
	packets = append(packets, sent{second, mine[1]})
	got, dir = slice(t, evidence.Defaults(), packets, alerted("u", client, 7, second, second, 201))
	if places := kept(t, dir, "u", packets); !reflect.DeepEqual(places, []int{201}) || got["u"].Lost != (evidence.Lost{Torn: 1}) {
		t.Errorf("kept %v, lost %+v", places, got["u"].Lost)
	}
}

func TestBounds(t *testing.T) {
	packets := []sent{
		{second, frame(client, server, ack, 1, string(make([]byte, 600)))},
		{second, frame(client, server, ack, 601, string(make([]byte, 600)))},
		{second, frame(other, server, ack, 1, string(make([]byte, 600)))},
	}
	cfg := evidence.Defaults()
	cfg.MaxBytes = 1024
	got, dir := slice(t, cfg, packets, alerted("u", client, 7, second, second, 0), alerted("u", client, 7, second, second, 1))
	if l := got["u"].Lost; l != (evidence.Lost{Calls: 1, Packets: 1, Bytes: 640}) || got["u"].Calls != 2 {
		t.Errorf("max_bytes: %d calls, lost %+v", got["u"].Calls, l)
	}
	if places := kept(t, dir, "u", packets); !reflect.DeepEqual(places, []int{0}) {
		t.Errorf("kept %v", places)
	}
	cfg = evidence.Defaults()
	cfg.MaxTotal, cfg.MaxBytes = 1024, 1024
	got, _ = slice(t, cfg, packets, alerted("u", client, 7, second, second, 0), alerted("v", other, 8, second, second, 2))
	if got["u"].Lost.Packets != 1 || got["v"].Lost.Packets != 1 {
		t.Errorf("max_total: lost %+v and %+v", got["u"].Lost, got["v"].Lost)
	}
	cfg = evidence.Defaults()
	cfg.MaxConnections = 1
	if got, _ = slice(t, cfg, packets, alerted("u", client, 7, second, second, 0), alerted("u", other, 8, second, second, 2)); got["u"].Lost.Connections != 1 {
		t.Errorf("max_connections: lost %+v", got["u"].Lost)
	}
	cfg = evidence.Defaults()
	cfg.MaxIncidents = 1
	notes := evidence.NewCollector(cfg)
	v := alerted("v", other, 8, second, second, 2)
	if err := notes.Write(context.Background(), []alert.Alert{alerted("u", client, 7, second, second, 0), v, v}); err != nil || notes.Refused() != 1 || notes.Len() != 1 {
		t.Errorf("max_incidents: %d kept, %d refused, %v", notes.Len(), notes.Refused(), err)
	}
}

// FuzzSlicer shows it two packets of anything: what it keeps can be read, and is what was shown.
func FuzzSlicer(f *testing.F) {
	f.Add(frame(client, server, syn, 1, ""), frame(client, server, ack, 2, "x"), uint16(packet.LinkRaw), int64(second))
	f.Add([]byte{0x45}, []byte{}, uint16(1), int64(-1))
	f.Fuzz(func(t *testing.T, one, two []byte, link uint16, at int64) {
		if len(one)+len(two) > 1<<16 {
			return
		}
		notes := evidence.NewCollector(evidence.Defaults())
		notes.Write(context.Background(), []alert.Alert{alerted("u", client, 7, second, second, 0)})
		dir := t.TempDir()
		s := evidence.NewSlicer(notes, packet.Defaults(), func(sl *evidence.Slice) error {
			if b := sl.Encode(); b != nil {
				return os.WriteFile(filepath.Join(dir, "u.pcapng"), b, 0o600)
			}
			return nil
		})
		var packets []sent
		for _, b := range [][]byte{one, two, one} {
			packets = append(packets, sent{clock.Time(max(at, 0)), b})
			raw := packet.Raw{Time: clock.Time(max(at, 0)), Frame: b, WireLen: len(b), Link: packet.LinkType(link)}
			if err := s.Packet(&raw, evidence.Interface{Link: packet.LinkRaw, Name: "mirror"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if at < 1<<62 {
			kept(t, dir, "u", packets)
		}
	})
}

// Each connection has a window of its own, by a time that does not go back; and a slice is given up when all are over.
func TestWindowsApart(t *testing.T) {
	packets := []sent{
		{20 * second, frame(client, server, ack, 1, "call")},
		{23 * second, frame(other, server, ack, 1, "long before")},
		{21 * second, frame(client, server, ack, 5, "stamped in the window, come after it")},
		{24 * second, frame(client, server, ack, 9, "late")},
		{30 * second, frame(other, server, ack, 9, "call")},
	}
	alerts := []alert.Alert{alerted("u", client, 7, 20*second, 20*second, 0), alerted("u", other, 8, 30*second, 30*second, 4)}
	_, dir := slice(t, evidence.Defaults(), packets, alerts...)
	if got := kept(t, dir, "u", packets); !reflect.DeepEqual(got, []int{0, 4}) {
		t.Errorf("kept %v", got)
	}
	notes := evidence.NewCollector(evidence.Defaults())
	if err := notes.Write(context.Background(), alerts); err != nil {
		t.Fatal(err)
	}
	given := 0
	s := evidence.NewSlicer(notes, packet.Defaults(), func(*evidence.Slice) error { given++; return nil })
	for i, at := range []clock.Time{20 * second, 31 * second, 31*second + 1} {
		if err := s.Packet(&packet.Raw{Time: at}, evidence.Interface{}); err != nil {
			t.Fatal(err)
		}
		if s.Over() != (i == 2) || given != i/2 {
			t.Errorf("at %v: over %v, %d given", at, s.Over(), given)
		}
	}
}

// Where the start of neither was seen, two connections of the same ports cannot be told apart: what both could be
// is there once.
func TestSharedPackets(t *testing.T) {
	packets := []sent{{second, frame(client, server, ack, 1, "one")}, {second + 1, frame(client, server, ack, 9, "two")}}
	_, dir := slice(t, evidence.Defaults(), packets, alerted("u", client, 7, second, second, 0), alerted("u", client, 8, second+1, second+1, 1))
	if got := kept(t, dir, "u", packets); !reflect.DeepEqual(got, []int{0, 1}) {
		t.Errorf("kept %v", got)
	}
}
