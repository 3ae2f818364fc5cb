// Package capture is the live source: packets of interfaces go in, and come out in one order of time, the same to
// every lane. Frames are borrowed from the kernel's rings until the lane's next call; one goroutine reads, and no packet
// is copied or allocates.
//
// All lanes see all packets: a block of a ring is shared by reference count and goes back to the kernel when the last
// lane has left it. Whose a packet is depends on the innermost flow, behind tags, tunnels and fragments; every worker
// finds it as it does in a replay, so no packet can come to the wrong one, and what fanout does decides nothing but
// speed. That costs each worker the decoding of all headers, and it is cheap: 800,000 packets at 357,000 a second over a
// veth pair took 0.25 CPU seconds with two decoding workers on one ring, 0.24 with one, 0.20 to 0.34 a bare reader of a
// ring, and 0.50 two workers with two rings joined by PACKET_FANOUT. So one ring for an interface is the default, and
// more are for cards that hand packets to several processors at once. (go run ./sensor/capture/rate; two cores, busy.)
package capture
