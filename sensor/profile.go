package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
)

// profiles starts what the hidden profiling flags ask for; the function it returns ends it.
func profiles(cpu, mem string) (stop func() error, err error) {
	var file *os.File
	if cpu != "" {
		if file, err = os.Create(cpu); err != nil {
			return nil, fmt.Errorf("profile: %w", err)
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return nil, errors.Join(fmt.Errorf("profile: %w", err), file.Close())
		}
	}
	return func() error {
		var errs []error
		if file != nil {
			pprof.StopCPUProfile()
			errs = append(errs, file.Close())
		}
		if mem != "" {
			errs = append(errs, heapProfile(mem))
		}
		return errors.Join(errs...)
	}, nil
}

func heapProfile(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	runtime.GC() // what is garbage is no finding
	return errors.Join(pprof.WriteHeapProfile(file), file.Close())
}
