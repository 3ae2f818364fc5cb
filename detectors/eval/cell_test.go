package main

import "testing"

func TestSummarize(t *testing.T) {
	found := []delay{{8, 1}, {9, 1}, {0, 0}, {7, 1}, {0, 0}}
	if s := summarize(found); s.median != 9 || s.p90 != never || s.never != 0.4 {
		t.Errorf("%+v", s)
	}
}
