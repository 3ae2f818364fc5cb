package pipeline

import (
	"auscult/pipeline/snapshot"
)

// Keeper keeps the state of a run's Site, which was told to remember. With it the run's end closes no incident: they go
// on where the state is restored.
type Keeper interface {
	// Due is whether the state is wanted now. It is asked often, on the goroutine that owns the Site.
	Due() bool
	// Keep is given it when all alerts that it knows of were written, so that none is lost with it; or the error that
	// there is none. ended says that the run is over. It is called on the goroutine that writes.
	Keep(image *snapshot.Image, err error, ended bool)
}

// kept is a state on its way to the Keeper, behind the alerts before it.
type kept struct {
	there bool
	image *snapshot.Image
	err   error
	ended bool
}

// keep puts the state into p.
func (o *owner) keep(p *parcel, ended bool) {
	p.state = kept{there: true, ended: ended}
	p.state.image, p.state.err = o.Snapshot()
}
