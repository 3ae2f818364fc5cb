package phi

import "testing"

func TestPass(t *testing.T) {
	f := func(c check, v string, want bool) {
		t.Helper()
		if got := pass(c, []byte(v)); got != want {
			t.Errorf("pass(%d, %q) = %v", c, v, got)
		}
	}
	// 236 is the textbook number of Verhoeff, whose check digit is 3; UIDAI prints 9999 4105 7058 as a specimen.
	if !verhoeff([]byte("2363")) || verhoeff([]byte("2364")) || !verhoeff([]byte("999941057058")) {
		t.Error("verhoeff")
	}
	f(aadhaar, "9999 4105 7058", true)
	f(aadhaar, "999941057058", true)
	f(aadhaar, "999941057059", false)
	f(aadhaar, "099941057058", false)
	f(aadhaar, "XXXXXXXX1234", true)
	f(aadhaar, "1234XXXXXXXX", false)
	f(aadhaar, "XXXX", false)
	f(ssn, "123-45-6780", true)
	f(ssn, "123 45 6780", true)
	f(ssn, "123-45 6780", false)
	f(ssn, "666-45-6780", false)
	f(ssn, "912-45-6780", false)
	f(ssn, "123-00-6780", false)
	f(ssn, "123-45-0000", false)
	f(ssn, "219-09-9999", false)
	f(npi, "1234567893", true)
	f(npi, "1234567894", false)
	f(npi, "3234567893", false)
	f(pan, "ABCPE1234F", true)
	f(pan, "ABCDE1234F", false)
	f(pan, "abcpe1234f", false)
	f(mbi, "1EG4TE5MK73", true)
	f(mbi, "1EG4-TE5-MK73", true)
	f(mbi, "1SG4TE5MK73", false)
	f(mbi, "0EG4TE5MK73", false)
	f(abha, "91-1234-5678-9012", true)
	f(abha, "9112345678901", false)
	f(abha, "a@abdm", true)
	f(abha, "a@abdm.org", false)
	f(icd10, "E11.9", true)
	f(icd10, "B20", true)
	f(icd10, "S72.001A", true)
	f(icd10, "E11.", false)
	f(icd10, "11E", false)
	f(icd10, "E11.90000", false)
	f(loinc, "8867-4", true)
	f(loinc, "8867-5", false)
	f(loinc, "555-1234", false)
	f(phone, "+91 98765 43210", true)
	f(phone, "9876543210", true)
	f(phone, "(555) 439-2081", true)
	f(phone, "1700000000000", false)
	f(phone, "12345", false)
	f(phone, "0000000000", false)
	f(phone, "12a4567890", false)
	f(date, "1980-01-02", true)
	f(date, "1980-01-02T00:00:00Z", true)
	f(date, "31/12/1980", true)
	f(date, "12/31/1980", true)
	f(date, "02-Jan-1980", true)
	f(date, "19800102", true)
	f(date, "198001021530", true)
	f(date, "1980-01", true)
	f(date, "1980", false)
	f(date, "1700000000000", false)
	f(date, "1700000000", false)
	f(date, "1780-01-02", false)
	f(date, "1980-13-02", false)
	f(email, "a@b.org", true)
	f(email, "a@b", false)
	f(email, "a b@c.org", false)
	f(marked, "MRN-1", true)
	f(marked, "MRN 1", false)
	f(marked, "abc", false)
	f(marked, "0", false)
	for code, want := range map[string]bool{"B20": true, "b24": true, "Z21": true, "F10.1": true, "F99": true, "O04.5": true,
		"A64": true, "A49": false, "F09": false, "E11.9": false, "O03": false, "hello": false} {
		if got := isSensitive([]byte(code)); got != want {
			t.Errorf("isSensitive(%q) = %v", code, got)
		}
	}
}

func FuzzPass(f *testing.F) {
	for _, v := range []string{"9999 4105 7058", "02-Jan-1980", "1EG4-TE5-MK73", "a@abdm", "8867-4", ""} {
		f.Add([]byte(v))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		for c := anything; c <= secret; c++ {
			if pass(c, v) && len(v) == 0 {
				t.Errorf("nothing passes as %d", c)
			}
		}
		isSensitive(v)
		parseReference(v)
	})
}

func TestConfig_Validate(t *testing.T) {
	if err := Defaults().Validate(); err != nil {
		t.Error(err)
	}
	for _, bad := range []func(*Config){
		func(c *Config) { c.ScanLimit = 0 }, func(c *Config) { c.Token = 1 }, func(c *Config) { c.Depth = 0 },
		func(c *Config) { c.IDs = -1 }, func(c *Config) { c.Distinct = 0 },
	} {
		c := Defaults()
		bad(&c)
		if c.Validate() == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}
