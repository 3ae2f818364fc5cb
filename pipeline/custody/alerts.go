package custody

// alertLines reads the leaves of all parts of the alerts in a row.
type alertLines struct {
	*reading
	v      *verifying
	parts  []part
	name   string // of the part that is read; empty when it is gone
	gone   int64  // lines of it to come, when it is gone
	silent bool   // faults were told
}

func (v *verifying) alerts() *alertLines {
	return &alertLines{reading: &reading{}, v: v, parts: v.parts}
}

// next is whether there is another line, and whether its file is gone.
func (a *alertLines) next() (gone, ok bool) {
	for {
		if a.gone > 0 {
			a.gone--
			return true, true
		}
		if a.lines != nil {
			if a.lines.next() {
				return false, true
			}
			if !a.silent {
				a.v.tornEnd(a.name, a.lines)
			}
			a.close()
			a.reading = &reading{}
		}
		if len(a.parts) == 0 {
			return false, false
		}
		p := a.parts[0]
		a.parts = a.parts[1:]
		if a.name = p.name; p.name == "" {
			a.gone = min(p.lines, a.v.log.n) // the log has the lines of what is gone
			continue
		}
		if !a.silent {
			if f := a.v.open(p.name); f != nil {
				f.Close()
			}
		}
		a.reading = a.v.reader(p.name, 0)
	}
}
