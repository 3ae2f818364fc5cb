package report

import (
	"testing"

	"auscult/pipeline/ocsf"
	"auscult/sensor/phi"
)

// What is drawn in a way of its own is a kind of finding that there is.
func TestShapesAreKinds(t *testing.T) {
	for kind := range shapes {
		if ocsf.MeaningOf(kind).Name == kind {
			t.Errorf("%s is no kind of finding", kind)
		}
	}
}

func TestClassesHaveWords(t *testing.T) {
	for _, name := range phi.ClassNames {
		if classWords[name] == "" {
			t.Errorf("no words for %s", name)
		}
	}
}

func TestQuantile(t *testing.T) {
	for _, v := range []int64{0, 1, 3, 4, 5, 7, 8, 100, 1023, 1024, 1 << 30} {
		var s sizes
		s.add(v)
		if q := s.quantile(.5); q < v || q > v+v/4 {
			t.Errorf("%d is told as %d", v, q)
		}
	}
}
