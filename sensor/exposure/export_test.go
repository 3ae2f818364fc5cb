package exposure

// Texts are the phrases that are looked for.
func Texts() []string {
	var out []string
	for i := range clues {
		out = append(out, clues[i].text)
	}
	return out
}
