package main

import (
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// soakExchanges is how many calls one connection of the traffic makes.
const soakExchanges = 4

// soakTraffic makes the traffic of a hospital that never sees the same twice: each connection is another one, of another
// user with another token, who reads other patients.
type soakTraffic struct {
	fd             int
	to             unix.SockaddrLinklayer
	n              uint64 // connections so far
	packets, calls uint64 // sent
	frame          []byte
	seq            [2]uint32 // of client and server
}

func newSoakTraffic(name string) (*soakTraffic, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return nil, err
	}
	req, err := unix.NewIfreq(name)
	if err != nil {
		return nil, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req); err != nil {
		return nil, err
	}
	return &soakTraffic{fd: fd, to: unix.SockaddrLinklayer{Ifindex: int(req.Uint32())}}, nil
}

// run sends connections at rate packets a second for that long, and longer where it had no time to send them all.
func (s *soakTraffic) run(rate float64, last time.Duration) error {
	start := time.Now()
	for {
		past := time.Since(start)
		if past >= last && float64(s.packets) >= rate*last.Seconds() {
			return nil
		}
		if float64(s.packets) > rate*past.Seconds() {
			time.Sleep(time.Millisecond)
			continue
		}
		if err := s.connection(); err != nil {
			return err
		}
	}
}

// Flags of TCP (RFC 9293 section 3.1).
const (
	soakFIN = 1 << iota
	soakSYN
	_
	soakPSH
	soakACK
)

// connection sends one whole connection.
func (s *soakTraffic) connection() error {
	s.n++
	s.seq = [2]uint32{uint32(s.n * 7919), uint32(s.n * 104729)}
	const client, server = 0, 1
	steps := func(list ...func() error) error {
		for _, f := range list {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	}
	part := func(side, flags int, text string) func() error {
		return func() error { return s.send(side, flags, text) }
	}
	if err := steps(part(client, soakSYN, ""), part(server, soakSYN|soakACK, ""), part(client, soakACK, "")); err != nil {
		return err
	}
	for i := range uint64(soakExchanges) {
		patient := s.n*soakExchanges + i
		request := fmt.Sprintf("GET /fhir/Patient/p%d HTTP/1.1\r\nHost: ehr.example\r\nX-API-Key: key-%d\r\nAccept: application/fhir+json\r\n\r\n", patient, s.n)
		body := fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","name":[{"family":"Family%d","given":["Given%d"]}],"birthDate":"1980-01-02"}`, patient, patient, patient)
		answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		if err := steps(part(client, soakPSH|soakACK, request), part(server, soakPSH|soakACK, answer), part(client, soakACK, "")); err != nil {
			return err
		}
		s.calls++
	}
	return steps(part(client, soakFIN|soakACK, ""), part(server, soakFIN|soakACK, ""), part(client, soakACK, ""))
}

// send sends one segment. A ring of the kernel that is full is waited for.
func (s *soakTraffic) send(side, flags int, text string) error {
	be := binary.BigEndian
	b := append(s.frame[:0], 2, 0, 0, 0, 0, byte(1-side), 2, 0, 0, 0, 0, byte(side), 8, 0)
	b = append(b, 0x45, 0)
	b = be.AppendUint16(b, uint16(40+len(text)))
	b = append(b, 0, 0, 0x40, 0, 64, 6, 0, 0)
	users, port := uint32(10<<24|1<<16)|uint32(s.n/50_000)&0xffff, uint16(10_000+s.n%50_000)
	ends, ports := [2]uint32{users, 10<<24 | 200<<16 | 5}, [2]uint16{port, 8080}
	b = be.AppendUint32(be.AppendUint32(b, ends[side]), ends[1-side])
	b = be.AppendUint16(be.AppendUint16(b, ports[side]), ports[1-side])
	ack := uint32(0)
	if flags&soakACK != 0 {
		ack = s.seq[1-side]
	}
	b = be.AppendUint32(be.AppendUint32(b, s.seq[side]), ack)
	b = append(b, 0x50, byte(flags), 0xff, 0xff, 0, 0, 0, 0)
	b = append(b, text...)
	s.frame = b
	s.seq[side] += uint32(len(text))
	if flags&(soakSYN|soakFIN) != 0 {
		s.seq[side]++
	}
	for {
		err := unix.Sendto(s.fd, b, 0, &s.to)
		if err == unix.ENOBUFS || err == unix.EINTR {
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		s.packets++
		return nil
	}
}
