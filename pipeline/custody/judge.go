package custody

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// judge says what is wrong with the leaves: with the log, when the files give the roots that were signed and it does not;
// else with the files that are not what the log says.
func (v *verifying) judge() {
	end := int64(0)
	for _, c := range v.points {
		end, v.last = max(end, c.Size), c
		if c.Time.After(v.Sealed) {
			v.Sealed = c.Time
		}
	}
	before := v.Count
	switch {
	case !v.log.right && v.data.right && len(v.points) > 0:
		if !v.bad[LogFile] {
			v.fault(LogFile, v.first, "changed: it is not the leaf that the files have there")
		}
	case v.first > 0:
		for _, file := range []string{v.asked.Leaves, AuditFile, ManifestFile} {
			v.diff(file)
		}
		fallthrough
	case !v.data.right:
		if c := v.data.wrong; !v.log.right && v.log.wrong != nil && !v.bad[LogFile] {
			v.contradict(v.log.wrong, v.log.n)
		} else if c != nil && v.Count == before && !v.bad[LogFile] && (!v.bad[v.asked.Leaves] && !v.bad[AuditFile] || v.isKnown(c)) {
			v.contradict(c, v.data.n)
		}
	}
	if n := max(v.log.n, v.data.n); n > end && v.first == 0 {
		file := LogFile
		if v.bad[ManifestFile] {
			file = ManifestFile
		}
		v.fault(file, 0, "leaves %d to %d are not under a checkpoint: nothing proves them", end+1, n)
	}
}

// isKnown is whether c was kept elsewhere.
func (v *verifying) isKnown(c *Checkpoint) bool {
	return slices.ContainsFunc(v.known, func(k Checkpoint) bool { return k.Note == c.Note })
}

// contradict tells that n leaves are not those that c was signed for.
func (v *verifying) contradict(c *Checkpoint, n int64) {
	what, file := fmt.Sprintf("checkpoint %d of %s", c.Number, c.Time.Format(time.RFC3339)), LogFile
	if v.isKnown(c) {
		what, file = "the given "+what, given
	}
	if c.Size > n {
		v.fault(file, 0, "%s was signed over %d leaves, and here are %d: cut back to an older state", what, c.Size, n)
		return
	}
	from := int64(1)
	for _, p := range v.points {
		if p.Size < c.Size {
			from = max(from, p.Size+1)
		}
	}
	v.fault(file, 0, "%s was signed over other leaves: of 1 to %d some are not as they were (from %d on, if the checkpoint before fits)",
		what, c.Size, from)
}

// placed is a leaf and where it lies.
type placed struct {
	hash tlog.Hash
	file string
	line int64
}

// maxDiff is how many lines of a file are held to say which are not as they were; of a longer one the first is told.
const maxDiff = 1 << 20

// diff tells which lines of file are not those that the log has of it.
func (v *verifying) diff(file string) {
	was := v.logged(file)
	var is []placed
	switch file {
	case AuditFile:
		for i, e := range v.entries {
			is = append(is, placed{e.hash, file, int64(i + 1)})
		}
	case ManifestFile:
		if v.manifest.leaf == (tlog.Hash{}) {
			return // it is missing, or no manifest: that was told
		}
		if len(was) != 1 || was[0].hash != v.manifest.leaf {
			v.fault(file, 0, "changed: it is not what was sealed")
		}
		return
	default:
		is = v.lines(was)
	}
	if len(was) >= maxDiff || len(is) >= maxDiff {
		v.fault(file, 0, "changed: it has %d lines, and the log %d of it", len(is), len(was))
		return
	}
	if v.bad[file] && len(is) == 0 {
		return // it cannot be read, which was told
	}
	v.edits(file, was, is)
}

// edits tells how is came of was.
func (v *verifying) edits(file string, was, is []placed) {
	old, now := set(was), set(is)
	for len(was) > 0 || len(is) > 0 {
		switch {
		case len(is) == 0:
			v.fault(file, was[0].line, "is missing")
			was = was[1:]
		case len(was) == 0:
			v.fault(is[0].file, is[0].line, "was added")
			is = is[1:]
		case was[0].hash == is[0].hash:
			was, is = was[1:], is[1:]
		case !now[was[0].hash] && !old[is[0].hash]:
			v.fault(is[0].file, is[0].line, "changed")
			was, is = was[1:], is[1:]
		case !now[was[0].hash]:
			v.fault(file, was[0].line, "is missing")
			was = was[1:]
		case !old[is[0].hash]:
			v.fault(is[0].file, is[0].line, "was added")
			is = is[1:]
		default:
			v.fault(is[0].file, is[0].line, "is out of place: another line was there")
			was, is = was[1:], is[1:]
		}
	}
}

func set(list []placed) map[tlog.Hash]bool {
	m := make(map[tlog.Hash]bool, len(list))
	for _, p := range list {
		m[p.hash] = true
	}
	return m
}

// logged are the leaves of file in the log.
func (v *verifying) logged(file string) (list []placed) {
	l := v.reader(LogFile, maxLogLine)
	defer l.close()
	for l.next() && len(list) < maxDiff {
		if name, h, ok := v.parseLeaf(l.text); ok && name == file {
			list = append(list, placed{h, file, int64(len(list) + 1)})
		}
	}
	return list
}

// lines are the alerts; those whose file is gone are as the log has them.
func (v *verifying) lines(was []placed) (list []placed) {
	a := v.alerts()
	a.silent = true
	defer a.close()
	for len(list) < maxDiff {
		gone, ok := a.next()
		if !ok {
			break
		}
		if gone {
			if len(list) < len(was) {
				list = append(list, was[len(list)])
			}
			continue
		}
		list = append(list, placed{a.leaf.end(), a.name, a.n})
	}
	return list
}

// compareOutputs checks what only the manifest tells of, if that is what was sealed.
func (v *verifying) compareOutputs() {
	m := &v.manifest.Manifest
	if m.Format == "" || v.bad[ManifestFile] {
		return
	}
	v.Manifest = m
	if v.Case != m.Case && !v.bad[AuditFile] {
		v.fault(ManifestFile, 0, "is of case %s; %s is of %s", m.Case, AuditFile, v.Case)
	}
	known := map[string]bool{}
	for _, name := range Files {
		known[name] = true
	}
	for _, o := range m.Outputs {
		known[o.Name] = true
		if !v.bad[o.Name] {
			v.compare(o)
		}
		v.Outputs++
	}
	for name := range v.taken {
		known[name] = true
	}
	for _, name := range v.names(m.Beside) {
		if !known[name] {
			v.fault(name, 0, "was added: the manifest does not name it")
		}
	}
}
