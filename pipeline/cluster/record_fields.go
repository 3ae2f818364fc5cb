package cluster

import (
	"encoding/binary"

	"auscult/sensor/call"
	"auscult/sensor/exposure"
	"auscult/sensor/inject"
	"auscult/sensor/packet"
)

// take makes r the record of c, in the memory that it has.
func (r *record) take(c *call.Call) {
	old := *r
	*r = record{Time: c.Time, Flow: c.Flow, Seq: c.Seq, Kind: c.Kind}
	r.Objects, r.Args, r.Handed, r.Answer.Props = old.Objects[:0], old.Args[:0], old.Handed[:0], old.Answer.Props[:0]
	if c.Kind == call.LinkOnly {
		return
	}
	r.Start, r.Conn, r.Stream, r.Version = c.Start-c.Time, c.Conn, c.Stream, c.Version
	r.Client, r.Server = appendEnd(old.Client[:0], &c.Client), appendEnd(old.Server[:0], &c.Server)
	r.Method, r.Host, r.Target, r.Path, r.Query, r.Route = c.Method, c.Host, c.Target, c.Path, c.Query, c.Route
	r.Endpoint, r.Forwarded, r.UserAgent, r.Content = c.Endpoint, c.Forwarded, c.UserAgent, c.ContentType
	r.Status, r.Sizes = c.Status, [4]int64{c.ReqWire, c.ReqDec, c.RespWire, c.RespDec}
	r.TTFB, r.Duration = c.TTFB, c.Duration
	r.Principal = recordPrincipal(c.Principal)
	for i := range c.Objects {
		r.Objects = append(r.Objects, recordObject(c.Objects[i]))
	}
	r.Delivered, r.User, r.Issued, r.Grant = c.Delivered, c.User, c.Issued, c.Grant
	for i := range c.Args {
		a := &c.Args[i]
		r.Args = append(r.Args, recordArg{a.Key, a.Value, a.Name, a.Text, a.Len, a.Where, a.Kind, recordLook(a.Look)})
	}
	r.Auth = recordAuth(c.Auth)
	for i := range c.Handed {
		r.Handed = append(r.Handed, recordHanded(c.Handed[i]))
	}
	a := &c.Answer
	props := r.Answer.Props
	for i := range a.Props {
		props = append(props, recordProp(a.Props[i]))
	}
	r.Answer = recordAnswer{a.Set, a.Product, a.CORS, a.Origin, a.Banner, a.Limited, props}
	r.Graph, r.TLS, r.JA4, r.Asked = recordGraph(c.Graph), c.Secure.Version, c.Secure.JA4, c.Asked
	r.PHI, r.FHIR = recordFound(c.PHI), recordFHIR(c.FHIR)
	r.Flags, r.Marks, r.Loss, r.GRPC, r.Messages = c.Flags, c.Marks, c.Loss, c.GRPC, c.Messages
	r.File, r.Offset = c.Frames.File, c.Frames.Offset
	r.Outer = old.Outer[:0]
	if c.Outer != (packet.Outer{}) {
		o := append(append(r.Outer, c.Outer.Src[:]...), c.Outer.Dst[:]...)
		r.Outer = append(binary.BigEndian.AppendUint32(o, c.Outer.ID), byte(c.Outer.Encap))
	}
	r.Running, r.Continued = c.Running, c.Continued
}

// fill makes c the call of r, which fits. Its strings and slices are new.
func (r *record) fill(c *call.Call) {
	*c = call.Call{Order: call.Order{Time: r.Time, Flow: r.Flow, Seq: r.Seq}, Kind: r.Kind}
	if r.Kind == call.LinkOnly {
		return
	}
	c.Start, c.Conn, c.Stream, c.Version = r.Time+r.Start, r.Conn, r.Stream, r.Version
	c.Client, c.Server = end(r.Client), end(r.Server)
	c.Method, c.Host, c.Target, c.Path, c.Query, c.Route = r.Method, r.Host, r.Target, r.Path, r.Query, r.Route
	c.Endpoint, c.Forwarded, c.UserAgent, c.ContentType = r.Endpoint, r.Forwarded, r.UserAgent, r.Content
	c.Status, c.ReqWire, c.ReqDec, c.RespWire, c.RespDec = r.Status, r.Sizes[0], r.Sizes[1], r.Sizes[2], r.Sizes[3]
	c.TTFB, c.Duration = r.TTFB, r.Duration
	c.Principal = call.Principal(r.Principal)
	c.Objects = room[call.Object](len(r.Objects))
	for i := range c.Objects {
		c.Objects[i] = call.Object(r.Objects[i])
	}
	c.Delivered, c.User, c.Issued, c.Grant = r.Delivered, r.User, r.Issued, r.Grant
	c.Args = room[call.Arg](len(r.Args))
	for i := range c.Args {
		a := &r.Args[i]
		c.Args[i] = call.Arg{Key: a.Key, Value: a.Value, Name: a.Name, Text: a.Text, Len: a.Len, Where: a.Where, Kind: a.Kind,
			Look: inject.Look(a.Look)}
	}
	c.Auth = call.Auth(r.Auth)
	c.Handed = room[call.Handed](len(r.Handed))
	for i := range c.Handed {
		c.Handed[i] = call.Handed(r.Handed[i])
	}
	a := &r.Answer
	c.Answer = call.Answer{Shown: exposure.Shown{Set: a.Set, Product: a.Product}, CORS: a.CORS, Origin: a.Origin, Banner: a.Banner,
		Limited: a.Limited, Props: room[call.Prop](len(a.Props))}
	for i := range a.Props {
		c.Answer.Props[i] = call.Prop(a.Props[i])
	}
	c.Graph, c.Secure, c.Asked = call.Graph(r.Graph), call.Secure{Version: r.TLS, JA4: r.JA4}, r.Asked
	c.PHI, c.FHIR = call.Found(r.PHI), call.FHIR(r.FHIR)
	c.Flags, c.Marks, c.Loss, c.GRPC, c.Messages = r.Flags, r.Marks, r.Loss, r.GRPC, r.Messages
	c.Frames = packet.Where{File: r.File, Offset: r.Offset}
	if len(r.Outer) > 0 {
		n := len(packet.Addr{})
		c.Outer = packet.Outer{Src: packet.Addr(r.Outer[:n]), Dst: packet.Addr(r.Outer[n : 2*n]),
			ID: binary.BigEndian.Uint32(r.Outer[2*n:]), Encap: packet.Encap(r.Outer[2*n+4])}
	}
	c.Running, c.Continued = r.Running, r.Continued
}

func appendEnd(dst []byte, e *packet.Endpoint) []byte {
	if *e == (packet.Endpoint{}) {
		return dst
	}
	return binary.BigEndian.AppendUint16(append(dst, e.Addr[:]...), e.Port)
}

func end(b []byte) (e packet.Endpoint) {
	if len(b) > 0 {
		e.Addr, e.Port = packet.Addr(b[:len(e.Addr)]), binary.BigEndian.Uint16(b[len(e.Addr):])
	}
	return e
}

// room is n zero values; nil for none, as a call has it.
func room[T any](n int) []T {
	if n == 0 {
		return nil
	}
	return make([]T, n)
}
