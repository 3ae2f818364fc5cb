package inject

import "math/bits"

// A value that is longer than fits is looked at in its beginning, in its end, and in the few places between them
// whose signs are the rarest in it, as those of something put into a note or a document are: so that neither a long
// note nor a value made to be slow costs more than a short one (CWE-400). Who fills a value with all signs there are
// hides what stands between them, and shows by that a value that its parameter never has.
const (
	fits    = 2048 // bytes that are looked at whole
	head    = 640
	tail    = 256
	block   = 128
	around  = 64 // bytes looked at before and behind a block
	windows = 4
	joint   = "\nx\n" // stands for what is left out: a word, so that no syntax reaches over it

	words = Lower // in the set of a block: it has a word that attacks are made of
)

// cut is what is looked at of v, which does not fit. It is valid until the next call.
func (r *Reader) cut(v []byte) []byte {
	var (
		sets [longest / block]Chars
		has  [32]int // blocks with each class
		best [windows]struct{ score, at int }
		end  = len(v) - tail
		n    = (end - head + block - 1) / block
	)
	for i := range n {
		at := head + i*block
		sets[i] = signs(v[at:min(at+block, end)])
		for set := uint32(sets[i]); set != 0; set &= set - 1 {
			has[bits.TrailingZeros32(set)]++
		}
	}
	for i := range n {
		score := 0
		for set := uint32(sets[i]); set != 0; set &= set - 1 {
			score += longest / has[bits.TrailingZeros32(set)]
		}
		least := 0
		for j := range best {
			if best[j].score < best[least].score {
				least = j
			}
		}
		if score > best[least].score {
			best[least].score, best[least].at = score, head+i*block
		}
	}
	out, done := append(r.kept[:0], v[:head]...), head
	for range windows {
		next := -1
		for i := range best {
			if best[i].score > 0 && (next < 0 || best[i].at < best[next].at) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		from, to := max(best[next].at-around, done), min(best[next].at+block+around, end)
		best[next].score = 0
		if from > done {
			out = append(out, joint...)
		}
		if to > from {
			out, done = append(out, v[from:to]...), to
		}
	}
	if end > done {
		out = append(out, joint...)
	}
	r.kept = append(out, v[max(done, end):]...)
	return r.kept
}

// signs are the classes in a block that families have, with words when it has one that attacks are made of.
func signs(v []byte) Chars {
	var set, found Chars
	for i, b := range v {
		set |= classes[b]
		switch b | 0x20 {
		case 's':
			if w := v[i:]; hasFold(w, "select") || hasFold(w, "script") || hasFold(w, "sleep(") {
				found = words
			}
		case 'u':
			if hasFold(v[i:], "union") {
				found = words
			}
		}
	}
	return set&special | found
}
