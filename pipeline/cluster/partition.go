package cluster

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"auscult/pipeline"
	"auscult/pipeline/alert"
	"auscult/pipeline/snapshot"
	"auscult/sensor/clock"
	"auscult/sensor/pseudonym"
)

// Bench is what judges sites: it is asked once for each, by the goroutine of its partition.
type Bench interface {
	// Keys is the key that a site's calls are sealed under.
	Keys(site string) (*pseudonym.Keyer, error)
	// Open is a new judge of a site's calls, and where its alerts go: durable when it returns.
	Open(site string, keys *pseudonym.Keyer) (judge func() *pipeline.Site, write func([]alert.Alert) error)
	// Place is the number of the next alert, and the number that was delivered.
	Place() (next, passed uint64)
}

// maxRefused bounds the sites of which it is said that they are refused.
const maxRefused = 100

// partition is the sites whose calls one partition of the topic holds. One goroutine.
type partition struct {
	cfg     *Config
	bench   Bench
	say     func(string)
	sites   map[string]*bound
	next    int64 // offset to be read next
	through int64 // offset up to which all was read before a restart
	refused map[string]bool
	count   Counts // of what belongs to no site
	alerts  []alert.Alert
}

// bound is a site and what belongs to it here.
type bound struct {
	site
	sealed *seal // its states
	write  func([]alert.Alert) error
}

func newPartition(cfg *Config, bench Bench, say func(string)) *partition {
	return &partition{cfg: cfg, bench: bench, say: say, sites: map[string]*bound{}, refused: map[string]bool{}}
}

// take judges what a message lets be judged. An error is about where alerts go.
func (p *partition) take(o *opened) error {
	p.next = o.offset + 1
	if o.fault != "" {
		p.refuse(o.Site, o.fault)
		return nil
	}
	b, err := p.site(o.Site)
	if err != nil {
		p.refuse(o.Site, fmt.Sprintf("site %q: its calls cannot be opened: %v", o.Site, err))
		return nil
	}
	p.sites[o.Site] = b
	p.alerts = b.add(p.alerts[:0], o)
	if len(p.alerts) == 0 {
		return nil
	}
	err = b.write(p.alerts)
	clear(p.alerts)
	return err
}

// refuse counts a message that is not judged, and says so once for each site.
func (p *partition) refuse(site, line string) {
	p.count.Refused++
	if !p.refused[site] && len(p.refused) < maxRefused {
		p.refused[site] = true
		p.say(line + " (further ones are only counted)")
	}
}

// site is the one of that name, new where it is not known yet.
func (p *partition) site(name string) (*bound, error) {
	if b := p.sites[name]; b != nil {
		return b, nil
	}
	keys, err := p.bench.Keys(name)
	if err != nil {
		return nil, err
	}
	calls, err := newSeal(keys, callsPurpose)
	if err != nil {
		return nil, err
	}
	b := &bound{site: site{name: name, cfg: p.cfg, say: p.say, past: map[string]run{}, said: map[string]bool{}, through: p.through,
		reading: &reading{seal: calls}}}
	if b.sealed, err = newSeal(keys, statePurpose); err != nil {
		return nil, err
	}
	b.judged, b.write = p.bench.Open(name, keys)
	return b, nil
}

// over is whether at least one site was here, and all are at their end.
func (p *partition) over() (any, all bool) {
	all = true
	for _, b := range p.sites {
		any = any || len(b.past) > 0
		all = all && b.over()
	}
	return any, all
}

// total is what was counted.
func (p *partition) total() (c Counts) {
	c = p.count
	for _, b := range p.sites {
		c.Add(&b.count)
	}
	return c
}

// checkpoint is a partition's state, and from where it is to be read on: one cannot be without the other.
type checkpoint struct {
	Version int         `cbor:"1,keyasint"`
	Offset  int64       `cbor:"2,keyasint"` // to read on from
	Through int64       `cbor:"3,keyasint"` // what is before is in the states, or is read again because it waits
	Sites   []siteState `cbor:"4,keyasint,omitempty"`
}

const checkpointVersion = 1

type siteState struct {
	Name     string         `cbor:"1,keyasint"`
	Released clock.Time     `cbor:"2,keyasint"`
	Sensors  int            `cbor:"3,keyasint"`
	Live     bool           `cbor:"4,keyasint,omitzero"`
	Past     map[string]run `cbor:"5,keyasint,omitempty"`
	Streams  []streamState  `cbor:"6,keyasint,omitempty"`
	State    []byte         `cbor:"7,keyasint,omitempty"` // of what judges, compressed and sealed
	Size     int            `cbor:"8,keyasint,omitzero"`  // of it, before
	Began    int64          `cbor:"9,keyasint,omitzero"`

	image  *snapshot.Image // of what becomes State
	sealed *seal
}

type streamState struct {
	Sensor string `cbor:"1,keyasint"`
	Run    uint64 `cbor:"2,keyasint"`
	At     place  `cbor:"3,keyasint"`
}

// snapshot is the checkpoint of now. Its encode may be called on another goroutine, one at a time.
func (p *partition) snapshot() checkpoint {
	cp := checkpoint{Version: checkpointVersion, Offset: p.next, Through: max(p.next, p.through)}
	for _, name := range slices.Sorted(maps.Keys(p.sites)) {
		b := p.sites[name]
		st := siteState{Name: name, Sensors: b.sensors, Past: maps.Clone(b.past), sealed: b.sealed}
		if err := b.keep(&st, &cp.Offset); err != nil {
			p.say(fmt.Sprintf("site %s: its state cannot be kept; whoever takes over judges its calls again from the beginning: %v", name, err))
			cp.Offset = min(cp.Offset, b.began)
		}
		cp.Sites = append(cp.Sites, st)
	}
	return cp
}

// keep notes in st where the site stands, and in offset from where it must be read on.
func (b *bound) keep(st *siteState, offset *int64) error {
	if b.judge != nil {
		image, err := b.judge.Snapshot()
		if err != nil {
			return err
		}
		st.image = image
	}
	st.Released, st.Live, st.Began = b.released, b.live, b.began
	for _, s := range b.streams {
		st.Streams = append(st.Streams, streamState{s.sensor, s.run, s.resume()})
		if len(s.queue) > 0 {
			*offset = min(*offset, s.queue[0].offset)
		}
	}
	return nil
}

// restore makes p, which is new, what it was at cp.
func (p *partition) restore(cp *checkpoint) error {
	if cp.Version != checkpointVersion {
		return fmt.Errorf("it is of another version (%d)", cp.Version)
	}
	p.next, p.through = cp.Offset, cp.Through
	for i := range cp.Sites {
		st := &cp.Sites[i]
		b, err := p.site(st.Name)
		if err != nil {
			return fmt.Errorf("site %s: %w", st.Name, err)
		}
		b.sensors = st.Sensors
		if st.Past != nil {
			b.past = st.Past
		}
		p.sites[st.Name] = b
		if len(st.Streams) == 0 && st.State == nil {
			b.through = 0 // nothing of it is judged, or all of it is again
			continue
		}
		b.released, b.live, b.began = st.Released, st.Live, st.Began
		for _, s := range st.Streams {
			b.streams = append(b.streams, &stream{sensor: s.Sensor, run: s.Run, place: s.At})
		}
		slices.SortFunc(b.streams, (*stream).compare)
		if st.State == nil {
			continue
		}
		if err := b.wake(st, p.cfg.MaxState); err != nil {
			p.say(fmt.Sprintf("site %s: its state cannot be used, and it is judged by what comes from now on: %v", st.Name, err))
			b.judge = nil
		}
	}
	return nil
}

// wake makes the judge of the site what it was.
func (b *bound) wake(st *siteState, limit int) error {
	if st.Size < 0 || st.Size > limit {
		return fmt.Errorf("%d bytes are more than max_state", st.Size)
	}
	zipped, err := b.sealed.open(st.State, []byte(st.Name))
	if err != nil {
		return err
	}
	state, err := b.sealed.unzip(make([]byte, 0, st.Size), zipped, st.Size)
	if err != nil {
		return err
	}
	if b.judge, err = b.newJudge(); err != nil {
		return err
	}
	return b.judge.Restore(state)
}

// encode is cp as it is stored, with states of at most limit bytes in all.
func (cp *checkpoint) encode(limit int) ([]byte, error) {
	for i := range cp.Sites {
		st := &cp.Sites[i]
		if st.image == nil {
			continue
		}
		b, err := st.image.Bytes()
		st.image = nil
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", st.Name, err)
		}
		if limit -= len(b); limit < 0 {
			return nil, errors.New("its states are larger than max_state in all; raise it, or use more partitions")
		}
		st.Size, st.State = len(b), st.sealed.close(nil, b, []byte(st.Name))
	}
	return cbor.Marshal(cp)
}

func (k *heads) checkpoint(b []byte) (cp checkpoint, err error) {
	err = k.mode.Unmarshal(b, &cp)
	return cp, err
}
