package pipeline

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"auscult/detectors"
	"auscult/pipeline/alert"
	"auscult/pipeline/inventory"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
)

// Config is everything a run can be told. Each limit below it is per partition or per key, so that what a limit
// sheds does not depend on the number of workers.
type Config struct {
	// Workers is how many goroutines read packets into calls; it changes speed, never results.
	Workers int `yaml:"workers"`
	// EpochCalls bounds the calls that one flow partition may hand over for one grid step (100 ms of packet
	// time); more are dropped and counted. A capture whose clock stands still meets it, honest traffic does not.
	EpochCalls int              `yaml:"epoch_calls"`
	Extract    extract.Config   `yaml:"extract"`
	Call       call.Config      `yaml:"call"`
	Detectors  detectors.Config `yaml:"detectors"`
	Alert      alert.Config     `yaml:"alert"`
	// Engine is the detectors to run, when they begin with a baseline or what they learn is wanted; nil: new ones.
	// One run uses it up.
	Engine *detectors.Engine `yaml:"-"`
	// Detection is the Site to go on with, which Engine then is a part of; nil: a new one. One run uses it up.
	Detection *Site `yaml:"-"`
	// Keeper is given the state of Detection now and then, and at the end; it may be nil.
	Keeper Keeper `yaml:"-"`
	// Sample is how often, in packet time, all counters are gathered into a Sample, in steps of the grid; 0: never. It costs some
	// microseconds each time.
	Sample time.Duration `yaml:"-"`
	// Inventory takes in every call after detection, on the goroutine that owns it; nil: nobody does.
	Inventory *inventory.Inventory `yaml:"-"`
	// Watcher judges the samples; it may be nil.
	Watcher Watcher `yaml:"-"`
	// Rules gives the allow-list rules while the run goes on; it may be nil.
	Rules Rules `yaml:"-"`
}

// Defaults is the configuration that suits a hospital's core switch.
func Defaults() Config {
	return Config{
		Workers:    runtime.NumCPU(),
		EpochCalls: 8192,
		Extract:    extract.Defaults(),
		Call:       call.Defaults(),
		Detectors:  detectors.Defaults(),
		Alert:      alert.Defaults(),
	}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	if c.Workers < 1 || c.Workers > Partitions {
		return fmt.Errorf("workers: %d is not between 1 and %d", c.Workers, Partitions)
	}
	if c.EpochCalls < 1 {
		return fmt.Errorf("epoch_calls: %d is not positive", c.EpochCalls)
	}
	if c.Sample < 0 || clock.Time(c.Sample)%clock.Grid != 0 { // calls between two marks of the grid are handed over as they come
		return fmt.Errorf("sample: %v is no multiple of %v", c.Sample, time.Duration(clock.Grid))
	}
	return errors.Join(
		within("extract", c.Extract.Validate()),
		within("call", c.Call.Validate()),
		within("detectors", c.Detectors.Validate()),
		within("alert", c.Alert.Validate()),
	)
}

func within(section string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s.%w", section, err)
}
