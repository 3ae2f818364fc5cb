package capture

import (
	"errors"
	"fmt"
	"math/bits"
	"time"

	"golang.org/x/sys/unix"
)

// socket is a packet socket with its ring. It has no ring to send from and is never written to; Seal makes the
// kernel hold it to that.
type socket struct {
	fd  int
	mem []byte // the ring, mapped
}

// everything is ETH_P_ALL in the byte order of the network.
var everything = bits.ReverseBytes16(unix.ETH_P_ALL)

// openSocket returns a socket with a ring that takes nothing yet: no packet gets in ahead of the filter.
func openSocket(cfg Config, filter program, incoming bool) (_ *socket, err error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return nil, errors.New("not allowed to capture: run as root, or give the program CAP_NET_RAW (setcap cap_net_raw+ep)")
	}
	if err != nil {
		return nil, fmt.Errorf("open a packet socket: %w", err)
	}
	s := &socket{fd: fd}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return nil, fmt.Errorf("ask for TPACKET_V3 (Linux 3.2 has it): %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_RESERVE, tagBytes); err != nil {
		return nil, fmt.Errorf("reserve room for a tag: %w", err)
	}
	if incoming { // Linux 4.20; before it the reader drops them
		_ = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
	}
	if err := s.filter(filter); err != nil {
		return nil, fmt.Errorf("attach the filter: %w", err)
	}
	const slot = 2048 // TPACKET_V3 checks it and does not use it
	req := unix.TpacketReq3{
		Block_size:     uint32(cfg.BlockBytes),
		Block_nr:       uint32(cfg.RingBytes / cfg.BlockBytes),
		Frame_size:     slot,
		Frame_nr:       uint32(cfg.RingBytes / slot),
		Retire_blk_tov: uint32(cfg.BlockTimeout / time.Millisecond),
	}
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return nil, fmt.Errorf("make a ring of %d bytes (set a smaller ring_bytes if memory is short): %w", cfg.RingBytes, err)
	}
	if s.mem, err = unix.Mmap(fd, 0, cfg.RingBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return nil, fmt.Errorf("map a ring of %d bytes: %w", cfg.RingBytes, err)
	}
	return s, nil
}

// blocks is the ring in its pieces.
func (s *socket) blocks(size int) []*block {
	var list []*block
	for at := 0; at < len(s.mem); at += size {
		list = append(list, &block{mem: s.mem[at : at+size : at+size]})
	}
	return list
}

func (s *socket) filter(p program) error {
	code := make([]unix.SockFilter, len(p))
	for i, c := range p {
		code[i] = unix.SockFilter{Code: c.Op, Jt: c.Jt, Jf: c.Jf, K: c.K}
	}
	return unix.SetsockoptSockFprog(s.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
}

// bind begins to take the packets of an interface. It needs no privilege.
func (s *socket) bind(ifindex int, promiscuous bool) error {
	if err := unix.Bind(s.fd, &unix.SockaddrLinklayer{Protocol: everything, Ifindex: ifindex}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if !promiscuous {
		return nil
	}
	mreq := unix.PacketMreq{Ifindex: int32(ifindex), Type: unix.PACKET_MR_PROMISC}
	if err := unix.SetsockoptPacketMreq(s.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &mreq); err != nil {
		return fmt.Errorf("make it promiscuous: %w", err)
	}
	return nil
}

// join makes s one of the sockets that share an interface, as group.
func (s *socket) join(group int, p program) error {
	mode := unix.PACKET_FANOUT_CBPF
	if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_FANOUT, group|mode<<16); err != nil {
		return fmt.Errorf("share it between rings (it must be up for that; or set rings to 1): %w", err)
	}
	code := make([]unix.SockFilter, len(p))
	for i, c := range p {
		code[i] = unix.SockFilter{Code: c.Op, Jt: c.Jt, Jf: c.Jf, K: c.K}
	}
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	if err := unix.SetsockoptSockFprog(s.fd, unix.SOL_PACKET, unix.PACKET_FANOUT_DATA, &prog); err != nil {
		return fmt.Errorf("say how rings share it: %w", err)
	}
	return nil
}

// lost adds what the kernel has counted since the last call, which makes it begin anew.
func (s *socket) lost(st *InterfaceStats) {
	n, err := unix.GetsockoptTpacketStatsV3(s.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return // only if the socket is closed
	}
	st.Received += uint64(n.Packets)
	st.Dropped += uint64(n.Drops)
	st.Freezes += uint64(n.Freeze_q_cnt)
}

// failed is whether the interface went down or away since the last call.
func (s *socket) failed() bool {
	errno, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	return err == nil && errno != 0
}

func (s *socket) close() {
	if s.mem != nil {
		unix.Munmap(s.mem)
		s.mem = nil
	}
	unix.Close(s.fd)
}
