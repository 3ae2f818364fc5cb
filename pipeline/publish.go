package pipeline

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
)

// Publisher takes the calls of a run to where they are judged instead. One goroutine calls it.
type Publisher interface {
	// Publish takes calls in the total order, before anybody has completed them. They are borrowed until it returns.
	Publish(calls []call.Call) error
	// Mark says that every call before t was published.
	Mark(t clock.Time) error
	// Close says that the run is over, and waits until all is handed on.
	Close() error
}

// forward publishes calls, and then completes them for the call log.
func (o *owner) forward(calls []call.Call) {
	o.failed(o.publish.Publish(calls))
	for i := range calls {
		c := &calls[i]
		o.last = c.Time
		if c.Kind == call.HTTP && !c.Running {
			o.calls++
		}
		if c.Kind != call.LinkOnly {
			o.resolver.Resolve(c)
			if o.apis != nil {
				o.apis.Observe(c)
			}
		}
	}
	if len(calls) > 0 && o.last >= o.tidy {
		o.tidy = o.last.Floor() + tidyEvery
		o.resolver.Forget(o.last)
	}
}

// failed notes the first error of publish, which ends the run.
func (o *owner) failed(err error) {
	if err != nil && o.err == nil {
		o.err = err
		o.stop()
	}
}
