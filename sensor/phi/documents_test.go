package phi

import (
	"fmt"
	"strings"
	"testing"
)

// eventBody is an event stream of n patients, one an event, in the ways that servers write one.
func eventBody(n int) string {
	var b strings.Builder
	b.WriteString(": hello\r\n\r\nretry: 1000\n\n")
	for i := range n {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "event: vitals\nid: %d\ndata: {\"patientId\":\"p%d\",\"heartRate\":%d}\n\n", i, i, 60+i%40)
		case 1:
			fmt.Fprintf(&b, "data:{\"patientId\":\r\ndata: \"p%d\",\r\ndata:\"birthDate\":\"1980-01-02\"}\r\n\r\n", i)
		case 2:
			fmt.Fprintf(&b, "data: {\"resourceType\":\"Patient\",\"id\":\"p%d\"}\r\rdata\r: c\r\r", i)
		case 3:
			fmt.Fprintf(&b, "dat: {\"patientId\":\"x%d\"}\ndatas: {\"patientId\":\"y%d\"}\ndata: [{\"patientId\":\"p%d\"}\n\n", i, i, i)
		}
	}
	return b.String()
}

// messageBody is n messages of one patient each as they come over a WebSocket, under several libraries.
func messageBody(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteByte(recordMark)
		switch i % 7 {
		case 0:
			fmt.Fprintf(&b, `{"patientId":"p%d","heartRate":72}`, i)
		case 1: // Socket.IO
			fmt.Fprintf(&b, `42/ward,17["update",{"patientId":"p%d"}]`, i)
		case 2: // SockJS with STOMP inside
			fmt.Fprintf(&b, `a["MESSAGE\ndestination:/topic/p\ncontent-type:application/json\n\n{\"patientId\":\"p%d\",\"name\":\"J\\u00fcrgen \\\"J\\\" \u00fc\"}\u0000"]`, i)
		case 3: // broken: it must not spoil the next
			fmt.Fprintf(&b, `{"patientId":"p%d"},{"a":["`, i)
		case 4: // STOMP
			fmt.Fprintf(&b, "MESSAGE\nsubscription:sub-0\nmessage-id:7-1\n\n{\"patientId\":\"p%d\"}\x00", i)
		case 5:
			fmt.Fprintf(&b, "MSH|^~\\&|A|B|C|D|2020||ADT^A01|1|P|2.5\rPID|1||p%d^^^H^MR||DOE^JOHN\r", i)
		case 6:
			fmt.Fprintf(&b, "a[\"{\\\"patientId\\\":\\\"p%d\\\"}\",\"x\"]", i)
		}
		b.WriteByte('\n')
	}
	return b.String() + "\x1e\x00\x01\x02\x03\x80binary{\"patientId\":\"never\"}\n\x1ea\n\x1eand so on\n"
}

func TestEventStream(t *testing.T) {
	s := New(Defaults())
	scan(s, EventStream, eventBody(40))
	r := s.Report()
	if r.Form != EventStream || r.People != 40 || r.Truncated {
		t.Fatalf("got %s, want 40 people", show(r))
	}
	for _, id := range r.IDs {
		if id.Value[0] != 'p' {
			t.Errorf("%q stands in no data line", id.Value)
		}
	}
	// An event that was not ended counts all the same: it was delivered.
	scan(s, EventStream, "data: {\"patientId\":\"p1\"}")
	if r := s.Report(); r.People != 1 {
		t.Fatalf("got %s, want one person", show(r))
	}
}

func TestMessages(t *testing.T) {
	s := New(Defaults())
	scan(s, Unknown, messageBody(70))
	r := s.Report()
	if r.Form != Messages || r.People != 70 {
		t.Fatalf("got %s, want 70 people", show(r))
	}
	for _, id := range r.IDs {
		if string(id.Value) == "never" {
			t.Error("a binary message was read as JSON")
		}
	}
}

func TestCutAnywhere_Documents(t *testing.T) {
	s, fresh := New(Defaults()), New(Defaults())
	for _, body := range []string{eventBody(8), messageBody(14)} {
		want := scan(fresh, EventStream, body)
		for i := range len(body) + 1 {
			if got := scan(s, EventStream, body[:i], body[i:]); got != want {
				t.Fatalf("cut at %d:\n got %s\nwant %s", i, got, want)
			}
		}
		if got := scan(s, EventStream, strings.SplitAfter(body, "")...); got != want {
			t.Fatalf("byte by byte:\n got %s\nwant %s", got, want)
		}
	}
}

// What a body holds is the same however often it is told while it runs, and every identifier is told once.
func TestDrain(t *testing.T) {
	for _, body := range append(corpus(), eventBody(12), messageBody(12), bundleBody(4)) {
		whole, parts := New(Defaults()), New(Defaults())
		whole.Reset(EventStream)
		whole.Scan([]byte(body))
		whole.Close(true)
		want := whole.Report()
		for _, step := range []int{1, 7, 100} {
			parts.Reset(EventStream)
			var told []string
			people := 0
			tell := func(r *Report) {
				for _, id := range r.IDs[r.Told:] {
					told = append(told, fmt.Sprint(id.Kind, id.Type, string(id.Value)))
				}
				if r.People < people {
					t.Fatalf("%.40q: people fell from %d to %d", body, people, r.People)
				}
				people = r.People
			}
			for i := 0; i < len(body); i += step {
				parts.Scan([]byte(body[i:min(i+step, len(body))]))
				tell(parts.Drain())
			}
			parts.Close(true)
			got := parts.Report()
			tell(got)
			if got.People < want.People || got.Records != want.Records || got.Classes != want.Classes || got.Bytes != want.Bytes || got.Truncated != want.Truncated {
				t.Fatalf("%.40q by %d:\n got %s\nwant %s", body, step, show(got), show(want))
			}
			if len(told) != len(want.IDs) {
				t.Fatalf("%.40q by %d: told %d identifiers, want %d", body, step, len(told), len(want.IDs))
			}
			for i, id := range want.IDs {
				if told[i] != fmt.Sprint(id.Kind, id.Type, string(id.Value)) {
					t.Fatalf("%.40q: told %q, want %q", body, told[i], id.Value)
				}
			}
		}
	}
}

// A stream of hours goes past every bound of a body and is told to its end.
func TestDrain_Hours(t *testing.T) {
	cfg := Defaults()
	cfg.ScanLimit, cfg.IDs, cfg.Distinct = 1<<10, 16, 64
	for _, form := range []Form{NDJSON, EventStream, Messages} {
		s := New(cfg)
		s.Reset(form)
		seen := map[string]bool{}
		tell := func(r *Report) {
			if len(r.IDs) > cfg.IDs {
				t.Fatalf("%d identifiers kept", len(r.IDs))
			}
			for _, id := range r.IDs[r.Told:] {
				seen[string(id.Value)] = true
			}
		}
		for i := range 1000 {
			text := fmt.Sprintf(`{"patientId":"p%d","name":"J"}`, i)
			switch form {
			case EventStream:
				text = "data: " + text + "\n\n"
			case Messages:
				text = "\x1e" + text + "\n"
			case NDJSON:
				text += "\n"
			}
			s.Scan([]byte(text))
			if i%10 == 9 {
				tell(s.Drain())
			}
		}
		s.Close(true)
		r := s.Report()
		tell(r)
		if r.People < 1000 || !r.Again || r.MoreIDs != 0 || r.Truncated || len(seen) != 1000 {
			t.Errorf("form %d: people %d, again %v, more %d, cut %v, seen %d", form, r.People, r.Again, r.MoreIDs, r.Truncated, len(seen))
		}
	}
}

// What was not read between two drains is passed over to the next text.
func TestDrain_Adrift(t *testing.T) {
	cfg := Defaults()
	cfg.ScanLimit = 256
	for _, form := range []Form{NDJSON, EventStream, Messages} {
		start, end := "", "\n"
		switch form {
		case EventStream:
			start, end = "data: ", "\n\n"
		case Messages:
			start = "\x1e"
		}
		s := New(cfg)
		s.Reset(form)
		s.Scan([]byte(start + `{"patientId":"p1"}` + end + start + `{"long":"` + strings.Repeat("x", 300)))
		if r := s.Drain(); r.People != 1 || !r.Truncated {
			t.Fatalf("form %d: %s", form, show(r))
		}
		s.Scan([]byte(`y"}` + end + start + `{"patientId":"p2"}` + end))
		if r := s.Drain(); r.People != 2 || !r.Truncated {
			t.Fatalf("form %d: %s", form, show(r))
		}
	}
}

func TestDocuments_Allocs(t *testing.T) {
	for _, body := range []string{eventBody(50), messageBody(50)} {
		s, b := New(Defaults()), []byte(body)
		run := func() {
			s.Reset(EventStream)
			s.Scan(b)
			s.Drain()
			s.Close(true)
		}
		run()
		if n := testing.AllocsPerRun(20, run); n > 0 {
			t.Errorf("%g allocations for %.20q", n, body)
		}
	}
}

// Every line of plain records is a record of its own, whatever key ended the one before.
func TestScan_Lines(t *testing.T) {
	s := New(Defaults())
	scan(s, NDJSON, strings.Repeat(`{"patientId":"p1","name":"J"}`+"\n", 3)+`{"patientId":"p2","name":"J"}`)
	if r := s.Report(); r.People != 2 || r.Records != 4 {
		t.Fatalf("got %s, want 2 people in 4 records", show(r))
	}
}
