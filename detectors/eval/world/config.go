// Package world makes the calls of an invented hospital, in the order of time: people of twelve roles in wards,
// clinics, an emergency department, registration, laboratory, radiology and offices, the machines beside them, the
// patients of its portal, and all that makes honest traffic look bad. Everything follows from a seed. One goroutine
// owns a World; the calls it hands out, strings and slices too, are valid until the next.
package world

import "fmt"

// Scheme is how the hospital writes the identifiers of its patients.
type Scheme uint8

// Schemes.
const (
	Integer    Scheme = iota
	CheckDigit        // a number with a Luhn digit
	Hex
	Base64 // of Patient/123
	Base62
	UUIDv4
	UUIDv7
	ULID
	ObjectID
	Hashed // salted, opaque
)

var schemes = [...]string{"integer", "check digit", "hex", "base64", "base62", "UUIDv4", "UUIDv7", "ULID", "ObjectId", "salted hash"}

func (s Scheme) String() string { return schemes[s] }

// Config is one hospital.
type Config struct {
	Seed     uint64
	People   int // staff
	Patients int // known on the first day
	IDs      Scheme
	Unseen   bool    // lists and searches pass where the sensor cannot see them
	NAT      float64 // share of the staff behind addresses of their whole department
	India    bool
	Roles    bool    // tokens tell the role
	Loss     float64 // share of calls that the sensor misses
	Hard     float64 // how often what makes honest traffic look bad happens: 1 as in life, 0 never
}

// Default is a middling hospital.
func Default(seed uint64) Config {
	return Config{Seed: seed, People: 400, Patients: 200_000, Roles: true, Loss: 0.001, Hard: 1}
}

// Validate tells the first field that cannot work, and its value.
func (c Config) Validate() error {
	switch {
	case c.People < 20:
		return fmt.Errorf("world: people: %d is less than 20", c.People)
	case c.Patients < 10*c.People || c.Patients > 5_000_000:
		return fmt.Errorf("world: patients: %d is less than ten for each of the staff, or more than five million", c.Patients)
	case int(c.IDs) >= len(schemes):
		return fmt.Errorf("world: ids: %d is no scheme", c.IDs)
	case !(c.NAT >= 0 && c.NAT <= 1):
		return fmt.Errorf("world: nat: %g is not a share", c.NAT)
	case !(c.Loss >= 0 && c.Loss <= 0.5):
		return fmt.Errorf("world: loss: %g is not between 0 and one half", c.Loss)
	case !(c.Hard >= 0 && c.Hard <= 20):
		return fmt.Errorf("world: hard: %g is not between 0 and 20", c.Hard)
	}
	return nil
}
