package http

import (
	"reflect"
	"strings"
	"testing"
)

func TestConfig(t *testing.T) {
	if err := Defaults().Validate(); err != nil {
		t.Error(err)
	}
	// Every field has a bound, and the error names the field.
	typ := reflect.TypeOf(Config{})
	for i := range typ.NumField() {
		cfg := Defaults()
		reflect.ValueOf(&cfg).Elem().Field(i).SetInt(-1)
		name := typ.Field(i).Tag.Get("yaml")
		if err := cfg.Validate(); err == nil || !strings.HasPrefix(err.Error(), name+": -1 ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStatsAdd(t *testing.T) {
	var a, b Stats
	v := reflect.ValueOf(&b).Elem()
	for i := range v.NumField() {
		v.Field(i).SetUint(uint64(i + 1))
	}
	a.Add(&b)
	if a != b {
		t.Errorf("a field is not added: %+v", a)
	}
}
