package phi

import "math/bits"

// ClassNames are the stable names of the classes, in the order of their bits.
var ClassNames = [NumClasses]string{"name", "birth_date", "address", "phone", "email", "mrn", "ssn", "aadhaar", "abha",
	"pan", "mbi", "npi", "insurance", "diagnosis", "observation", "medication", "procedure", "allergy", "immunization",
	"encounter", "imaging", "sensitive", "genetic", "photo", "credential", "financial"}

// Groups of classes that are judged alike.
const (
	numbers  = MRN | SSN | Aadhaar | ABHA | PAN | MBI | Insurance
	identity = Name | BirthDate | Address | Phone | Email | Photo | numbers
	clinical = Diagnosis | Observation | Medication | Procedure | Allergy | Immunization | Encounter | Imaging |
		Sensitive | Genetic
)

// Append appends the names of the classes in c to dst, in the order of the constants.
func (c Class) Append(dst []string) []string {
	for c &= 1<<NumClasses - 1; c != 0; c &= c - 1 {
		dst = append(dst, ClassNames[bits.TrailingZeros32(uint32(c))])
	}
	return dst
}

// Names are the names of the classes in c, in the order of the constants; nil for none.
func (c Class) Names() []string { return c.Append(nil) }

// proofs is how many of name, birth date, phone, address and identifier are in c.
func (c Class) proofs() int {
	n := bits.OnesCount32(uint32(c & (Name | BirthDate | Phone | Address)))
	if c&numbers != 0 {
		n++
	}
	return n
}
