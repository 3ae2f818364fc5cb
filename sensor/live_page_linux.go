package main

import (
	"fmt"
	"slices"
	"time"

	"auscult/pipeline/custody"
	"auscult/pipeline/inventory"
	"auscult/sensor/clock"
	"auscult/sensor/page"
)

// openPage makes the live page, where it may be served.
func (l *line) openPage() (err error) {
	listen := &l.settings.Listen
	if l.server == nil || listen.pageless() != "" {
		return nil
	}
	o := page.Options{Config: l.settings.Page, Names: l.out.names, Meta: l.out.meta, Tokens: l.server.tokens, Local: listen.local(), State: l.watch.state}
	switch file := l.settings.Alert.AllowFile; {
	case !slices.ContainsFunc(o.Tokens, func(t page.Token) bool { return t.Role == page.Operator }):
		o.Unable = "no operator has a token (--listen-tokens)"
	case l.flags.publish:
		o.Unable = "auscult detect judges the calls of this sensor"
	case file == "":
		o.Unable = "there is no file for the allow-list (--allow)"
	case l.out.custody == nil:
		o.Unable = "there is no case folder, whose audit log would say who did it (-l)"
	default:
		if l.allowing, err = page.OpenAllowing(file, len(l.settings.Alert.Allow), l.reached, l.audit); err != nil {
			return &exit{statusUsage, fmt.Errorf("--allow: %w", err)}
		}
		o.Allow, l.watch.allowing = l.allowing, l.allowing
	}
	if l.out.apis == nil {
		l.out.apis = inventory.New(l.settings.Inventory, l.settings.Detectors.API, l.out.names)
	}
	l.watch.page = page.New(o)
	return nil
}

// reached is the packet time that some lane may have reached: they all follow the clock.
func (l *line) reached() clock.Time {
	at := l.watch.lanes.at()
	if at == 0 {
		return 0
	}
	return max(at, clock.Time(time.Now().UnixNano()))
}

// audit writes what an operator did into the audit log, signed at once.
func (l *line) audit(text string) {
	l.out.custody.Audit(custody.Entry{Audit: "allow", Text: text})
	l.out.custody.Checkpoint()
}
