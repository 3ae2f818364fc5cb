package cluster

import (
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// call is the fields of a call, in the order in which they travel. It is only added to, behind.
func (r *record) call(c *call.Call) {
	bits(r, &c.Kind)
	num(r, &c.Time)
	r.hash(&c.Flow)
	bits(r, &c.Seq)
	if c.Kind == call.LinkOnly {
		return
	}
	r.since(c.Time, &c.Start)
	r.hash(&c.Conn)
	bits(r, &c.Stream)
	r.end(&c.Client)
	r.end(&c.Server)
	bits(r, &c.Version)
	for _, s := range [...]*string{&c.Method, &c.Host, &c.Target, &c.Path, &c.Query, &c.Route, &c.Forwarded, &c.UserAgent, &c.ContentType, &c.User} {
		r.text(s)
	}
	r.hash(&c.Endpoint)
	num(r, &c.Status)
	for _, n := range [...]*int64{&c.ReqWire, &c.ReqDec, &c.RespWire, &c.RespDec, &c.Messages[0], &c.Messages[1]} {
		num(r, n)
	}
	num(r, &c.TTFB)
	num(r, &c.Duration)
	r.principal(c)
	items(r, &c.Objects, 20, object)
	items(r, &c.Delivered, 8, (*record).hash)
	items(r, &c.Issued, 8, (*record).hash)
	bits(r, &c.Grant)
	items(r, &c.Args, 22, arg)
	r.auth(c)
	items(r, &c.Handed, 11, handed)
	r.answer(&c.Answer)
	num(r, &c.Graph.Depth)
	num(r, &c.Graph.Aliases)
	num(r, &c.Graph.Batch)
	r.text(&c.Graph.Mutation)
	r.text(&c.Secure.Version)
	r.text(&c.Secure.JA4)
	num(r, &c.Asked)
	bits(r, &c.PHI.Classes)
	num(r, &c.PHI.People)
	num(r, &c.PHI.Records)
	num(r, &c.PHI.Bytes)
	r.text(&c.FHIR.Interaction)
	r.text(&c.FHIR.Type)
	r.text(&c.FHIR.Operation)
	num(r, &c.FHIR.Entries)
	num(r, &c.FHIR.Total)
	bits(r, &c.Flags)
	bits(r, &c.Marks)
	bits(r, &c.Loss)
	bits(r, &c.GRPC)
	bits(r, &c.Frames.File)
	num(r, &c.Frames.Offset)
	within := c.Outer != packet.Outer{}
	r.flags(&c.Running, &c.Continued, &c.PHI.Cut, &c.Graph.Introspection, &within)
	if within {
		r.address(&c.Outer.Src)
		r.address(&c.Outer.Dst)
		bits(r, &c.Outer.ID)
		bits(r, &c.Outer.Encap)
	}
}

// since is a time that is near another, if it is known.
func (r *record) since(base clock.Time, t *clock.Time) {
	d := *t - base
	num(r, &d)
	*t = base + d
}

func (r *record) principal(c *call.Call) {
	p := &c.Principal
	r.hash(&p.Key)
	bits(r, &p.Kind)
	for _, s := range [...]*string{&p.ID, &p.Issuer, &p.Client, &p.Role, &p.Scope} {
		r.text(s)
	}
	r.hash(&p.Token)
	r.hash(&p.Patient)
	r.flags(&p.Service, &p.Shared)
	bits(r, &p.Strength)
	num(r, &p.Expires)
}

func object(r *record, o *call.Object) {
	r.text(&o.Type)
	r.text(&o.ID)
	r.hash(&o.Key)
	r.hash(&o.Param)
	bits(r, &o.Where)
	r.flags(&o.Patient, &o.Sub)
}

func arg(r *record, a *call.Arg) {
	r.hash(&a.Key)
	r.hash(&a.Value)
	r.text(&a.Name)
	r.text(&a.Text)
	num(r, &a.Len)
	bits(r, &a.Where)
	bits(r, &a.Kind)
	r.look(&a.Look)
}

func (r *record) auth(c *call.Call) {
	a := &c.Auth
	bits(r, &a.Scheme)
	bits(r, &a.Marks)
	num(r, &a.Issued)
	num(r, &a.Starts)
	r.hash(&a.Secret)
	r.hash(&a.Signature)
	r.text(&a.Purpose)
}

func handed(r *record, h *call.Handed) {
	r.hash(&h.Token)
	r.text(&h.Name)
	r.text(&h.Value)
	bits(r, &h.Marks)
}

func (r *record) answer(a *call.Answer) {
	bits(r, &a.Set)
	r.text(&a.Product)
	bits(r, &a.CORS)
	r.text(&a.Origin)
	r.text(&a.Banner)
	r.flags(&a.Limited)
	items(r, &a.Props, 18, prop)
}

func prop(r *record, p *call.Prop) {
	r.hash(&p.Key)
	r.text(&p.Name)
	bits(r, &p.Class)
	r.hash(&p.Value)
}
