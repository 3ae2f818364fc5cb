package detectors

import "auscult/sensor/call"

// before is the value that an object's property was last seen with.
func (d *massAssignment) before(c *call.Call, name uint64) (value uint64, known bool) {
	if o := d.objects.find(objectPath(c)); o != nil {
		for i := range o.values {
			if o.values[i].name == name {
				return o.values[i].value, true
			}
		}
	}
	return 0, false
}

// remember notes what an object's property is now.
func (d *massAssignment) remember(c *call.Call, name, value uint64) *assigned {
	o, _ := d.objects.use(objectPath(c))
	o.seen = d.scene.now
	for i := range o.values {
		if o.values[i].name == name {
			o.values[i].value = value
			return o
		}
	}
	o.values[o.next%len(o.values)] = struct{ name, value uint64 }{name, value}
	o.next++
	return o
}

// expect waits for a read that shows the value.
func (d *massAssignment) expect(c *call.Call, name, value uint64) {
	o, _ := d.objects.use(objectPath(c))
	o.seen = d.scene.now
	o.pending.name, o.pending.value, o.pending.writer = name, value, callerKey(c)
}

// shows is whether the answer has the property with the value that the write sent.
func shows(c *call.Call, a *call.Arg, name uint64, d *massAssignment) bool {
	for i := range c.Answer.Props {
		if p := &c.Answer.Props[i]; p.Value == a.Value && p.Value != 0 && d.name(p.Key, p.Name).name == name {
			return true
		}
	}
	return false
}

// sends is whether the write has the property.
func sends(c *call.Call, name uint64, d *massAssignment) bool {
	for i := range c.Args {
		if a := &c.Args[i]; a.Where == call.InBody && d.name(a.Key, a.Name).name == name {
			return true
		}
	}
	return false
}

// find is what is known of a name at the endpoint, or nil.
func (w *habits) find(name uint64) *sent {
	for i := range w.sent[:w.names] {
		if w.sent[i].name == name {
			return &w.sent[i]
		}
	}
	return nil
}

// room is find, and makes one; nil when there is no room.
func (w *habits) room(name uint64) *sent {
	if s := w.find(name); s != nil {
		return s
	}
	if w.names == len(w.sent) {
		return nil
	}
	w.names++
	w.sent[w.names-1] = sent{name: name}
	return &w.sent[w.names-1]
}

// send notes that who sent a name.
func (w *habits) send(name, who uint64) {
	s := w.room(name)
	if s == nil {
		return
	}
	for i := range s.who {
		if s.who[i] == 0 || s.who[i] == who {
			s.who[i] = who
			return
		}
	}
}

// form notes the names of an accepted write.
func (w *habits) form(c *call.Call) {
	for i := range c.Args {
		if a := &c.Args[i]; a.Where == call.InBody {
			w.forms |= 1 << (a.Key & 63)
		}
	}
}

// others is how many but me sent it, up to two.
func (s *sent) others(me uint64) int {
	n := 0
	for _, who := range s.who {
		if who != 0 && who != me {
			n++
		}
	}
	return n
}

// wrote counts an accepted write.
func (w *habits) wrote(who, role uint64) {
	for i := range w.writers[:w.n] {
		if w.writers[i].who == who {
			w.writers[i].writes++
			return
		}
	}
	if w.n < len(w.writers) {
		w.writers[w.n] = writer{who: who, role: role, writes: 1}
		w.n++
	}
}

// without is how many others of the same role have written here, and how often.
func (w *habits) without(me, role uint64) (others, writes int) {
	for i := range w.writers[:w.n] {
		if x := &w.writers[i]; x.who != me && x.role == role {
			others++
			writes += x.writes
		}
	}
	return others, writes
}
