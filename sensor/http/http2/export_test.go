package http2

// TableBytes is the memory of all header tables of the pool.
func (pool *Pool) TableBytes() int64 { return pool.tables }
