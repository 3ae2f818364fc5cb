package main

// memoryMetrics are of the state that outlives a restart.
var memoryMetrics = [...]metric[memorySaver]{
	total("state_saves_total", "Times that what is remembered was written.", func(m *memorySaver) uint64 { return m.saves.Load() }),
	total("state_failures_total", "Times that it could not be, or was past its bound.", func(m *memorySaver) uint64 { return m.failures.Load() }),
	gauge("state_bytes", "Its size when it was written last.", func(m *memorySaver) float64 { return float64(m.bytes.Load()) }),
	gauge("state_stored_bytes", "The size of the file.", func(m *memorySaver) float64 { return float64(m.stored.Load()) }),
	gauge("state_write_seconds", "How long it took to write the file, beside detection.",
		func(m *memorySaver) float64 { return m.took().Seconds() }),
	gauge("state_saved_timestamp_seconds", "When it was written last.", func(m *memorySaver) float64 { return float64(m.at.Load()) / 1e9 }),
}
