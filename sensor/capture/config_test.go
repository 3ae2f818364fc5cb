package capture_test

import (
	"strings"
	"testing"
	"time"

	"auscult/sensor/capture"
)

func TestConfig(t *testing.T) {
	if err := capture.Defaults().Validate(); err != nil {
		t.Fatal(err)
	}
	f := func(change func(*capture.Config), want string) {
		t.Helper()
		cfg := capture.Defaults()
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f(func(c *capture.Config) { c.SnapLength = 63 }, "snap_length: 63 is not between 64 and ")
	f(func(c *capture.Config) { c.SnapLength = 1 << 20 }, "block_bytes: 1048576 is not between 1052672 and ")
	f(func(c *capture.Config) { c.BlockBytes++ }, "block_bytes: 1048577 is not a multiple of 65536")
	f(func(c *capture.Config) { c.RingBytes = 1 << 20 }, "ring_bytes: 1048576 is not between 2097152 and ")
	f(func(c *capture.Config) { c.RingBytes++ }, "ring_bytes: 67108865 is not a multiple of block_bytes, 1048576")
	f(func(c *capture.Config) { c.Rings = 0 }, "rings: 0 is not between 1 and 64")
	f(func(c *capture.Config) { c.InFlight = 0 }, "in_flight: 0 ")
	f(func(c *capture.Config) { c.BatchPackets = 0 }, "batch_packets: 0 ")
	f(func(c *capture.Config) { c.BlockTimeout = 0 }, "block_timeout: 0s is not between 1ms and 1s")
	f(func(c *capture.Config) { c.BlockTimeout = 50 * time.Millisecond }, "window: 100ms is not between 110ms and 10s")
	f(func(c *capture.Config) { c.ClockStep = 0 }, "clock_step: 0s is not between 100ms and 1h0m0s")
	f(func(c *capture.Config) { c.Timestamps = "adapter" }, `timestamps: "adapter" is neither kernel nor hardware`)
	f(func(c *capture.Config) { c.Vanished = "" }, `vanished: "" is neither wait nor end`)
}
