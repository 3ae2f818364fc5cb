// Command rate measures the live source alone: it reads interfaces until it is interrupted and says how many packets
// it was given, how many were dropped, and what that cost.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"sync"
	"time"

	"auscult/pipeline"
	"auscult/sensor/capture"
	"auscult/sensor/packet"
)

func main() {
	if err := measure(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measure() error {
	cfg := capture.Defaults()
	names := flag.String("i", "lo", "interfaces, with commas between them")
	workers := flag.Int("workers", 2, "lanes")
	decode := flag.Bool("decode", true, "decode each packet in each lane, as workers do")
	flag.IntVar(&cfg.Rings, "rings", cfg.Rings, "rings of an interface")
	flag.IntVar(&cfg.RingBytes, "ring-bytes", cfg.RingBytes, "size of a ring")
	flag.IntVar(&cfg.BlockBytes, "block-bytes", cfg.BlockBytes, "size of a block of it")
	flag.IntVar(&cfg.SnapLength, "snap", cfg.SnapLength, "bytes kept of a packet")
	flag.IntVar(&cfg.BatchPackets, "batch", cfg.BatchPackets, "packets in a batch")
	profile := flag.String("cpuprofile", "", "file to write a profile to")
	flag.Parse()

	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	src, err := capture.Open(cfg, strings.Split(*names, ","), nil)
	if err != nil {
		return err
	}
	lanes, err := src.Open(ctx, *workers)
	if err != nil {
		return err
	}
	counts := make([]lane, *workers)
	var running sync.WaitGroup
	for i, l := range lanes {
		running.Go(func() { counts[i].read(l.Next, *decode, uint64(i), uint64(*workers)) })
	}
	running.Wait()
	if err := src.Close(); err != nil {
		return err
	}
	var own uint64
	for i := range counts {
		own += counts[i].own
	}
	st := src.Stats()
	for _, in := range st.Interfaces {
		fmt.Printf("%s: %d packets, %d bytes, %d dropped, %d freezes, %d missed by the card\n", in.Name, in.Packets, in.Bytes, in.Dropped, in.Freezes, in.Missed)
	}
	took := counts[0].last.Sub(counts[0].first)
	fmt.Printf("%d workers, %d rings: %.0f packets/s for %.1f s, %d TCP segments of the workers' own, %d held\n",
		*workers, cfg.Rings, float64(counts[0].packets)/took.Seconds(), took.Seconds(), own, st.Held)
	return nil
}

// lane is what one lane gave.
type lane struct {
	packets, own uint64
	first, last  time.Time
}

func (c *lane) read(next func() (packet.Raw, error), decode bool, index, workers uint64) {
	var d packet.Decoder
	var s packet.Segment
	for {
		raw, err := next()
		if err != nil {
			return
		}
		if raw.Frame == nil {
			continue
		}
		if c.packets++; c.packets == 1 {
			c.first = raw.Time.UTC()
		}
		c.last = raw.Time.UTC()
		if decode && d.Decode(&s, &raw) == packet.OK && s.Flow.Hash()%pipeline.Partitions%workers == index {
			c.own++
		}
	}
}
