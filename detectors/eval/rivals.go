package main

import (
	"math"
	"slices"

	"auscult/sensor/call"
	"auscult/sensor/clock"

	"auscult/detectors/eval/world"
)

// The rules that other products document, over the same calls (detection plan, section 5).
const (
	rivalAkto    = iota // 50 distinct patients in 5 minutes by one client address
	rivalWallarm        // 30 distinct patients in a minute by one session: the window and a number set by hand
	rivalDaily          // 200 distinct patients a day by one account (Boxwala 2011)
	rivalMAD            // today's count far above the account's own days: median and MAD
	rivalCount
)

var rivalNames = [rivalCount]string{"50 in 5 min an address", "30 a minute a session", "200 a day", "own median and MAD"}

// window is the patients of one key in a span of time.
type window struct {
	last  map[uint64]clock.Time
	until clock.Time // of the silence after an alarm
	swept clock.Time
}

// add counts patient at now and returns how many there were in the span.
func (w *window) add(patient uint64, now, span clock.Time) int {
	if w.last == nil {
		w.last = map[uint64]clock.Time{}
	}
	w.last[patient] = now
	if len(w.last) > 8 && now-w.swept > span/16 {
		for k, t := range w.last {
			if now-t >= span {
				delete(w.last, k)
			}
		}
		w.swept = now
	}
	return len(w.last)
}

// history is the days of one account.
type history struct {
	day    int
	today  map[uint64]bool
	counts []int
	z      float64 // the largest of today
	until  clock.Time
}

// rivals judge the same calls by the rules of others. Nil judges nothing.
type rivals struct {
	five    map[uint64]*window
	one     map[uint64]*window
	days    map[uint64]*history
	z       float64
	largest []float64 // the largest z of each person and day that is over
	alarms  [rivalCount]int
}

// newRivals are the rules, the last with the deviation z at which it speaks. Nobody asks for any when z is 0.
func newRivals(on bool, z float64) *rivals {
	if !on || z == 0 {
		return nil
	}
	return &rivals{five: map[uint64]*window{}, one: map[uint64]*window{}, days: map[uint64]*history{}, z: z}
}

// forget keeps what was counted only.
func (r *rivals) forget() { r.five, r.one, r.days = nil, nil, nil }

func at[T any](m map[uint64]*T, key uint64) *T {
	v := m[key]
	if v == nil {
		v = new(T)
		m[key] = v
	}
	return v
}

// observe tells alarm of each rule that the call breaks.
func (r *rivals) observe(c *call.Call, alarm func(int)) {
	if r == nil || c.Flags&(call.Login|call.Health) != 0 || c.Principal.Service {
		return
	}
	for i := range c.Objects {
		o := &c.Objects[i]
		if !o.Patient || o.Where == call.InResponse || o.Type != "Patient" {
			continue
		}
		addr := uint64(c.Client.Addr[12])<<24 | uint64(c.Client.Addr[13])<<16 | uint64(c.Client.Addr[14])<<8 | uint64(c.Client.Addr[15])
		if w := at(r.five, addr); w.add(o.Key, c.Time, 5*world.Minute) > 50 && c.Time >= w.until {
			w.until = c.Time + world.Day
			r.alarms[rivalAkto]++
			alarm(rivalAkto)
		}
		if w := at(r.one, c.Principal.Key); w.add(o.Key, c.Time, world.Minute) > 30 && c.Time >= w.until {
			w.until = c.Time + world.Day
			r.alarms[rivalWallarm]++
			alarm(rivalWallarm)
		}
		r.count(at(r.days, c.Principal.Key), o.Key, c.Time, alarm)
	}
}

// count feeds the two rules that count by day.
func (r *rivals) count(h *history, patient uint64, now clock.Time, alarm func(int)) {
	day := int((now - world.Epoch) / world.Day)
	if h.today == nil || day != h.day {
		if len(h.today) > 0 {
			h.counts = append(h.counts, len(h.today))
			if h.z > 0 {
				r.largest = append(r.largest, h.z)
			}
		}
		h.day, h.today, h.z = day, map[uint64]bool{}, 0
	}
	if h.today[patient] {
		return
	}
	h.today[patient] = true
	n := len(h.today)
	if n == 201 {
		r.alarms[rivalDaily]++
		alarm(rivalDaily)
	}
	if len(h.counts) < 5 {
		return
	}
	if n == 1 {
		slices.Sort(h.counts)
	}
	median := float64(h.counts[len(h.counts)/2])
	var off []float64
	if n > int(median) {
		for _, x := range h.counts {
			off = append(off, math.Abs(float64(x)-median))
		}
		slices.Sort(off)
		z := (float64(n) - median) / max(1, 1.4826*off[len(off)/2])
		h.z = max(h.z, z)
		if z >= r.z && now >= h.until {
			h.until = now + world.Day
			r.alarms[rivalMAD]++
			alarm(rivalMAD)
		}
	}
}
