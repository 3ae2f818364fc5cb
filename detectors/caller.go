package detectors

import (
	"strings"

	"auscult/sensor/call"
)

// human tells whether a call is taken for the doing of one human: no machine account, no address of many.
func human(c *call.Call) bool { return !c.Principal.Service && !c.Principal.Shared }

// sureness is a confidence, halved for an address of many and lowered for any address.
func sureness(who *call.Principal, base int) int {
	switch {
	case who.Shared:
		return base / 2
	case who.Kind == call.Address:
		return base * 3 / 4
	}
	return base
}

// wordList is a table of words in lower case.
type wordList []string

// in is the first word of the list in which text, lowered, has a part beginning: /Slots/{id} has slot, /otp-send
// has otp. A word of up to three letters must end there too. A part begins after anything that is no letter, or with a capital after a small letter.
func (l wordList) in(text string) string {
	start := true
	for i := 0; i < len(text); i++ {
		b := text[i]
		if b >= 'A' && b <= 'Z' && i > 0 && text[i-1] >= 'a' && text[i-1] <= 'z' {
			start = true
		}
		letter := b|0x20 >= 'a' && b|0x20 <= 'z'
		if start && letter {
			for _, w := range l {
				end := i + len(w)
				if len(text) < end || w[0] != b|0x20 || !strings.EqualFold(text[i:end], w) {
					continue
				}
				if len(w) > 3 || end == len(text) || text[end] < 'a' || text[end] > 'z' {
					return w
				}
			}
		}
		start = !letter
	}
	return ""
}
