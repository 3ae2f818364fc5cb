package tcp

// Page sizes: most early segments fill a full Ethernet frame; a hostile or interactive sender's are tiny.
const (
	smallPage = 256
	largePage = 2048
)

// pages is a pool of buffers. What was given back stays readable until recycle, since events point into it.
type pages struct {
	used         int // bytes in pages that are lent
	small, large [][]byte
	limbo        [][]byte
}

// get lends an empty page with room for n bytes, at most largePage.
func (p *pages) get(n int) []byte {
	free, size := &p.small, smallPage
	if n > smallPage {
		free, size = &p.large, largePage
	}
	p.used += size
	if k := len(*free); k > 0 {
		b := (*free)[k-1]
		*free = (*free)[:k-1]
		return b[:0]
	}
	return make([]byte, 0, size)
}

func (p *pages) put(b []byte) {
	p.used -= cap(b)
	p.limbo = append(p.limbo, b)
}

func (p *pages) recycle() {
	for _, b := range p.limbo {
		if cap(b) == smallPage {
			p.small = append(p.small, b)
		} else {
			p.large = append(p.large, b)
		}
	}
	p.limbo = p.limbo[:0]
}

// cost is what n bytes take in pages.
func cost(n int) int {
	full := n / largePage * largePage
	switch rest := n - full; {
	case rest == 0:
		return full
	case rest <= smallPage:
		return full + smallPage
	}
	return full + largePage
}
