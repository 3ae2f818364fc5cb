package bpf

// MatchAside runs a program for Aside on a frame whose tag the kernel has taken out; proto is 0 when it had none.
func (p *Program) MatchAside(frame []byte, wireLen int, proto, tci uint16) bool {
	return p.run(frame, uint32(wireLen), tag{present: proto != 0, proto: proto, tci: tci})
}
