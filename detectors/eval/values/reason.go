package main

import "strings"

// Why an attack was missed, as far as its text tells.
const (
	tooShort  = iota // fewer than six characters: a probe
	wordsOnly        // no sign that a syntax needs
	encoded          // a code of its own around it: Base64, hexadecimal, nested percent signs
	noLeave          // a whole statement, page or program, that leaves no place
	other
	numReasons = other + 1
)

var reasons = [numReasons]string{"too short", "no sign of a syntax", "behind another code", "a whole program", "other"}

func reason(v string) int {
	switch {
	case len(v) < 6:
		return tooShort
	case !strings.ContainsAny(v, "'\"`<>()[]{};|&$%*=\\#/@,"):
		return wordsOnly
	case len(v) > 16 && !strings.ContainsAny(v, " '\"<>(){};|&$") && strings.ContainsAny(v, "=%\\"):
		return encoded
	case len(v) > 200:
		return noLeave
	}
	return other
}
