package http1_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/packet"
)

// estimate is the share of requests that were read, by the parsers' own account.
func estimate(s *http.Stats, read int) float64 {
	lost := float64(s.LostRequests)
	if s.Requests > 0 {
		lost += float64(s.LostRequestBytes) * float64(s.Requests) / float64(s.RequestBytes)
	}
	return float64(read) / (float64(read) + lost)
}

// TestLostRequests has what each kind of loss counts as.
func TestLostRequests(t *testing.T) {
	f := func(requests, bytes uint64, in ...step) {
		t.Helper()
		r := play(t, opts{}, in)
		if r.stats.LostRequests != requests || r.stats.LostRequestBytes != bytes {
			t.Errorf("%d lost and %d bytes, want %d and %d\n%s", r.stats.LostRequests, r.stats.LostRequestBytes, requests, bytes, r.told)
		}
	}
	n := len(get)
	f(0, 0, c(get), s(ok5))
	// the request was lost, and is noticed after its response or before
	f(1, 0, c(get), s(ok5), s(ok5), lostC(n), c(get), s(ok5))
	f(1, 0, c(get), s(ok5), lostC(n+9), s(ok5), c(get), s(ok5))
	// both were lost
	f(0, uint64(n), c(get), s(ok5), lostC(n), lostS(len(ok5)), c(get), s(ok5))
	// three requests and one response
	f(2, uint64(n), c(get), s(ok5), lostC(3*n), lostS(len(ok5)), s(ok5+ok5), c(get), s(ok5))
	// part of a head: before the request line was whole it is a lost request, after that it is a request
	f(1, 0, c(get), s(ok5), c(get[:8]), lostC(n-8), s(ok5), c(get), s(ok5))
	f(0, 0, c(get), s(ok5), c(get[:n-8]), lostC(8), s(ok5), c(get), s(ok5))
	// in a body, and past it
	f(0, 0, c("POST /p HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"), lostC(7), s(ok5), c(get), s(ok5))
	f(1, 0, c("POST /p HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"), lostC(7+n), s(ok5+ok5), c(get), s(ok5))
	// only the server's side is in the capture
	f(2, 0, s(ok5), s(ok5))
	// no loss of the client's
	f(0, 0, c(get), lostS(30), s("{}"), c(get), s(ok5))
}

// TestLostShare drops segments at random from keep-alive connections and compares the account with the truth.
func TestLostShare(t *testing.T) {
	for _, rate := range []float64{.01, .05, .2} {
		r := rand.New(rand.NewPCG(3, uint64(rate*100)))
		pool := newPool(t)
		read, sent := 0, 0
		for range 500 {
			p := pool.New(discard{}, packet.AtoB, true, false)
			for i := range 40 {
				sent++
				request := lines("GET /fhir/Patient/"+string(rune('a'+i%26))+" HTTP/1.1", "Host: h", "X: "+strings.Repeat("x", r.IntN(400)), "")
				for d, b := range [][]byte{[]byte(request), []byte(ok5)} {
					var out []*http.Exchange
					if d := packet.Dir(d); r.Float64() < rate {
						out, _ = p.Gap(nil, d, clock.Time(i), len(b))
					} else {
						out, _ = p.Bytes(nil, d, clock.Time(i), b)
					}
					read += release(p, out)
				}
			}
			out, _ := p.End(nil, packet.AtoB, 50, false)
			read += release(p, out)
			pool.Free(p)
		}
		truth, said := float64(read)/float64(sent), estimate(&pool.Stats, read)
		t.Logf("dropped %.0f %%: read %.4f of the requests, estimated %.4f", rate*100, truth, said)
		if math.Abs(truth-said) > .01 {
			t.Errorf("dropped %.0f %%: read %.4f of the requests, estimated %.4f", rate*100, truth, said)
		}
	}
}

// release gives exchanges back and counts those with a request.
func release(p interface{ Release(*http.Exchange) }, out []*http.Exchange) (n int) {
	for _, x := range out {
		if len(x.Method) > 0 {
			n++
		}
		p.Release(x)
	}
	return n
}

// TestLostPackets drops packets at random from whole captures and compares the account with the truth.
func TestLostPackets(t *testing.T) {
	for _, name := range []string{"A1.pcap", "B1.pcap", "B2.pcap", "B7.pcap"} {
		path := shared.Path(t, "scenarios/pcap", name)
		count := func(rate float64) (int, http.Stats) {
			r := rand.New(rand.NewPCG(1, 1))
			calls, _, stats := readCapture(t, path, func() bool { return r.Float64() < rate })
			n := 0
			for i := range calls {
				if calls[i].marks&(http.Ambiguous|http.AmbiguousResponse|http.Smuggled|http.HostConflict) != 0 {
					t.Errorf("%s: %s %s is marked %x", name, calls[i].method, calls[i].target, calls[i].marks)
				}
				if calls[i].method != "" {
					n++
				}
			}
			return n, stats
		}
		all, whole := count(0)
		if whole.LostRequests+whole.LostRequestBytes > 0 {
			t.Errorf("%s: %d requests and %d bytes are said to be lost of a whole capture", name, whole.LostRequests, whole.LostRequestBytes)
		}
		for _, rate := range []float64{.01, .05} {
			read, stats := count(rate)
			truth, said := float64(read)/float64(all), estimate(&stats, read)
			t.Logf("%s: dropped %.0f %%: read %d of %d, %.4f, estimated %.4f (%d and %d bytes)", name, rate*100, read, all, truth, said, stats.LostRequests, stats.LostRequestBytes)
			if math.Abs(truth-said) > .01 {
				t.Errorf("%s: dropped %.0f %%: read %.4f of the calls, estimated %.4f", name, rate*100, truth, said)
			}
		}
	}
}
