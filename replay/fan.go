package replay

import "auscult/pipeline/lanes"

// fan walks the merged packets and hands them to every lane. One goroutine.
type fan struct {
	*lanes.Fan
	env   *env
	merge *merge
}

func newFan(env *env, workers int) *fan {
	f := &fan{env: env, Fan: lanes.NewFan(workers, env.cfg.InFlight, env.cfg.BatchPackets, env.ctx.Done())}
	env.before = f.flush
	return f
}

// run reads to the end, or to the end of the context: the lanes then still get what was handed over before it.
func (f *fan) run() {
	for f.step() {
	}
	f.flush()
	f.merge.close()
}

// step takes one packet into the current batch; false ends the run.
func (f *fan) step() bool {
	raw, blk := f.merge.next()
	if raw == nil || !f.Room() {
		return false
	}
	f.Put(raw, blk, &blk.mark)
	return !f.Full() || f.flush() == nil
}

// flush hands the current batch over. It is also called before each read, so that packets do not wait for a
// pipe's next ones; an error stops the read.
func (f *fan) flush() error {
	if err := f.env.ctx.Err(); err != nil {
		return err
	}
	f.Flush()
	return nil
}
