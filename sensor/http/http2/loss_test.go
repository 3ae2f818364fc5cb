package http2_test

import (
	"strings"
	"testing"

	"auscult/sensor/http/http2"
	"auscult/sensor/packet"
)

// without plays script with n bytes from at on of step i lost.
func without(script []step, i, at, n int) []step {
	st := script[i]
	out := append([]step{}, script[:i]...)
	return append(append(out, step{Dir: st.Dir, Data: st.Data[:at]}, step{Dir: st.Dir, Gap: n},
		step{Dir: st.Dir, Data: st.Data[at+n:]}), script[i+1:]...)
}

func TestGapInData(t *testing.T) {
	var at int
	script := talk(func(cl, sv *peer) []step {
		head := sv.headers(1, false, ":status: 200", "content-length: 100")
		at = len(head) + 9
		return []step{c(cl.get(1, "/1"), cl.get(3, "/3")), s(head, sv.data(1, true, strings.Repeat("x", 100)), sv.ok(3, "three"))}
	})
	three := `#3 GET ehr.example/3 200 >[0] <[5 "three"]`
	check(t, opts{}, without(script, 3, at+10, 80), `0: #1 GET ehr.example/1 200 >[0] <[20 -80 part "xxxxxxxxxxxxxxxxxxxx"…] LOSS:gap`, "1: "+three)
	check(t, opts{}, without(script, 3, at, 100), `0: #1 GET ehr.example/1 200 >[0] <[0 -100 part ""…] LOSS:gap`, "1: "+three)
	// Past the end of the frame: what comes behind is found again, but the table of the server is not known any more.
	r := check(t, opts{}, without(script, 3, at+90, 11), `0: #1 GET ehr.example/1 200 >[0] <[90 -10 part "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"…] LOSS:gap`)
	if r.stats.Resyncs != 1 || r.stats.LostTables == 0 {
		t.Errorf("%+v", r.stats)
	}
}

// TestGapAnywhere loses any run of bytes: whatever is told must be right or said not to be known.
func TestGapAnywhere(t *testing.T) {
	script := talk(func(cl, sv *peer) []step {
		var req, resp []string
		for id := uint32(1); id < 16; id += 2 {
			path := "/" + strings.Repeat(string(rune('a'+id/2)), 5)
			req = append(req, cl.get(id, path, "x-id: "+path))
			resp = append(resp, sv.ok(id, path, "x-id: "+path))
		}
		return []step{c(req...), s(resp...), rst()}
	})
	dropped := 0
	for i := 2; i < 4; i++ {
		for at := range len(script[i].Data) {
			for _, n := range []int{1, 7, 9, 40, 100} {
				if at+n > len(script[i].Data) {
					continue
				}
				r := play(t, opts{}, without(script, i, at, n))
				for j, line := range strings.Split(r.told, "\n") {
					x := strings.Split(line, " ")
					fields := strings.Split(r.fields, "\n")
					if len(x) < 4 || x[2] != "GET" || strings.Contains(line, "LOSS") {
						dropped++
						continue
					}
					path := strings.TrimPrefix(x[3], "ehr.example")
					if !strings.Contains(line, `"`+path+`"`) {
						t.Fatalf("step %d without %d at %d: line %d: %s", i, n, at, j, line)
					}
					for _, f := range fields {
						if strings.HasPrefix(f, "x-id: ") && len(f) != len("x-id: /aaaaa") {
							t.Fatalf("step %d without %d at %d: %s", i, n, at, f)
						}
					}
				}
			}
		}
	}
	if dropped == 0 {
		t.Error("nothing was lost")
	}
}

func TestMidstream(t *testing.T) {
	cl, sv := newPeer(), newPeer()
	cl.get(1, "/early", "x-token: secret")
	sv.ok(1, "early", "x-a: b")
	// From here it is seen. What the early block put into the tables is not known; what comes is.
	script := []step{c(cl.get(3, "/early", "x-token: secret", "x-new: 1")), s(sv.ok(3, "3", "x-a: b", "x-c: d")),
		c(cl.get(5, "/early2", "x-new: 1")), s(sv.ok(5, "5", "x-c: d")), s(sv.headers(1, true, "sum: 1"))}
	r := check(t, opts{midstream: true, unknown: true}, script,
		`0: #3 GET  200 >[0] <[1 "3"] header-state LOSS:midstream`,
		`1: #5 GET /early2 200 >[0] <[1 "5"] header-state LOSS:midstream`,
		`2: #1   0 >[0 part] <[0 sum=1] LOSS:midstream`)
	if strings.Contains(r.fields, "secret") || strings.Count(r.fields, "x-new: 1") != 2 || strings.Count(r.fields, "x-c: d") != 2 {
		t.Errorf("%s", r.fields)
	}
	// A table that its encoder empties is known again.
	f := newPeer()
	f.get(1, "/early")
	f.coder.SetMaxDynamicTableSize(0)
	f.coder.SetMaxDynamicTableSize(4096)
	check(t, opts{midstream: true}, []step{c(f.get(3, "/early")), s(newPeer().ok(3, "3"))}, `0: #3 GET ehr.example/early 200 >[0] <[1 "3"]`)
}

// TestSilence has a response whose end was lost: it is told when its connection goes on without it.
func TestSilence(t *testing.T) {
	var at int
	script := talk(func(cl, sv *peer) []step {
		a, b := sv.ok(1, "one"), sv.ok(3, "three")
		at = len(a) - 12
		return []step{c(cl.get(1, "/1"), cl.get(3, "/3")), s(a, b), {Dir: packet.AtoB, Data: cl.get(5, "/5"), At: 32e9}}
	})
	r := play(t, opts{}, without(script, 3, at, 14))
	if want := `0: #1 GET ehr.example/1 200 >[0] <[0 part] LOSS:gap` + "\n" + `1: #3 GET ehr.example/3 0 >[0] <[0 part] LOSS:gap`; r.told != want {
		t.Errorf("%s\nwant\n%s", r.told, want)
	}
}

func TestLooks(t *testing.T) {
	cl, sv := newPeer(), newPeer()
	f := cl.framer
	ping := func() string { f.WritePing(false, [8]byte{}); return cl.take() }
	window := func() string { f.WriteWindowUpdate(0, 5); return cl.take() }
	ack := func() string { f.WriteSettingsAck(); return cl.take() }
	for _, b := range []string{sv.settings(), ack(), ping(), window(), cl.reset(3), cl.get(1, "/"), sv.headers(1, false, ":status: 200"),
		cl.data(1, false, "abc") + cl.data(1, false, "def"), cl.data(1, false, "abc") + cl.get(3, "/")[:9]} {
		if !http2.Looks([]byte(b)) {
			t.Errorf("%x does not look like HTTP/2", b)
		}
	}
	for _, b := range []string{"", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("\x00", 100), strings.Repeat("\x00\x00\x00\x01", 30),
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", cl.data(1, false, "abc"), "\x0bMSH|^~\\&|", "\x01\x00\x00\x00\x00\xcd\x00\x01\x00\x00",
		strings.Repeat("\x00\x00\x00\x00\x00\x00\x00\x00\x01", 10)} {
		if http2.Looks([]byte(b)) {
			t.Errorf("%x looks like HTTP/2", b)
		}
	}
}

func TestOneSided(t *testing.T) {
	cl, sv := newPeer(), newPeer()
	r := play(t, opts{}, []step{c(preface, cl.settings(), cl.get(1, "/1")), rst()})
	if r.told != `0: #1 GET ehr.example/1 0 >[0] <[0 part] LOSS:truncated` {
		t.Error(r.told)
	}
	r = play(t, opts{}, []step{s(sv.settings(), sv.ok(1, "1"), sv.ok(3, "3")), rst()})
	if r.told != `0: #1   200 >[0 part] <[1 "1"]`+"\n"+`1: #3   200 >[0 part] <[1 "3"]` || r.stats.Orphans != 2 {
		t.Error(r.told)
	}
}
