// Package capture is the live source: packets of interfaces go in, and come out in one order of time, the same to
// every lane. Frames are borrowed from the kernel's rings until the lane's next call; one goroutine reads, and no packet
// is copied or allocates.
package capture
