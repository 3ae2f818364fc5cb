package main

import (
	"fmt"
	"io"
	"sync"
)

// runner does many things at once and tells of each. What it runs shares nothing, so that results do not depend on
// the number of workers.
type runner struct {
	workers int
	log     io.Writer
	mu      sync.Mutex
}

// each calls f with 0 to n-1, and writes what it returns.
func (r *runner) each(what string, n int, f func(int) string) {
	next := make(chan int)
	var wg sync.WaitGroup
	done := 0
	for range max(1, min(r.workers, n)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				said := f(i)
				r.mu.Lock()
				done++
				fmt.Fprintf(r.log, "%s %d/%d %s\n", what, done, n, said)
				r.mu.Unlock()
			}
		}()
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}
