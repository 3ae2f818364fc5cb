package outbox

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
)

// memory is a disk that knows what of it is durable: what a power cut leaves, and it fails when it is told to.
type memory struct {
	mu    sync.Mutex
	names map[string]*inode
	safe  map[string]*inode // names as they were at the last sync of the folder
	steps int               // operations that change something, so far
	dies  int               // at this one the power goes: it happens in part, and nothing works afterwards; 0 never
	room  int               // bytes that files may hold; 0 any number
	fails map[string]error  // by operation: write, sync, create, remove, rename
}

type inode struct {
	data    []byte
	durable []byte
	writes  []stretch // since the last sync
}

type stretch struct {
	off  int
	data []byte
}

var errDead = errors.New("the power is gone")

func newMemory() *memory {
	return &memory{names: map[string]*inode{}, safe: map[string]*inode{}, fails: map[string]error{}}
}

// step is called before each change. Half says that the change is to happen in part.
func (m *memory) step(what string) (half bool, err error) {
	if m.dies > 0 && m.steps >= m.dies {
		return false, errDead
	}
	m.steps++
	if m.steps == m.dies {
		return true, errDead
	}
	return false, m.fails[what]
}

func (m *memory) used() (n int) {
	for _, i := range m.names {
		n += len(i.data)
	}
	return n
}

func (m *memory) create(name string) (file, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	half, err := m.step("create")
	if err == nil && m.names[name] != nil {
		err = fs.ErrExist
	}
	if err != nil && !half {
		return nil, err
	}
	i := &inode{}
	m.names[name] = i
	return &memoryFile{m, i}, err
}

func (m *memory) open(name string) (file, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.names[name]; i != nil {
		return &memoryFile{m, i}, nil
	}
	return nil, fs.ErrNotExist
}

func (m *memory) rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	half, err := m.step("rename")
	if err == nil || half {
		m.names[to] = m.names[from]
		delete(m.names, from)
	}
	return err
}

func (m *memory) remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	half, err := m.step("remove")
	if err == nil || half {
		delete(m.names, name)
	}
	return err
}

func (m *memory) list() (names []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range m.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (m *memory) sync() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	half, err := m.step("sync")
	if err != nil && !half {
		return err
	}
	m.safe = map[string]*inode{}
	for name, i := range m.names {
		m.safe[name] = i
	}
	return err
}

// afterPowerCut is what the disk holds when the power is back: what was synced, and of the rest whatever chance left,
// a write also in part.
func (m *memory) afterPowerCut(r *rand.Rand) *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := newMemory()
	names := m.safe
	if r.IntN(2) == 0 {
		names = m.names
	}
	for name, i := range names {
		data := slices.Clone(i.durable)
		for _, w := range i.writes {
			n := len(w.data)
			switch r.IntN(3) {
			case 0:
				continue
			case 1:
				n = r.IntN(n + 1)
			}
			if end := w.off + n; end > len(data) {
				data = append(data, make([]byte, end-len(data))...)
			}
			copy(data[w.off:], w.data[:n])
		}
		out.names[name] = &inode{data: data, durable: slices.Clone(data)}
		out.safe[name] = out.names[name]
	}
	return out
}

type memoryFile struct {
	m *memory
	i *inode
}

func (f *memoryFile) ReadAt(b []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if off >= int64(len(f.i.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.i.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memoryFile) WriteAt(b []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	half, err := f.m.step("write")
	if half {
		b = b[:len(b)/2]
	} else if err != nil {
		return 0, err
	}
	if more := int(off) + len(b) - len(f.i.data); f.m.room > 0 && more > 0 && f.m.used()+more > f.m.room {
		b, err = b[:max(0, len(b)-(f.m.used()+more-f.m.room))], syscall.ENOSPC
	}
	if end := int(off) + len(b); end > len(f.i.data) {
		f.i.data = append(f.i.data, make([]byte, end-len(f.i.data))...)
	}
	copy(f.i.data[off:], b)
	f.i.writes = append(f.i.writes, stretch{int(off), slices.Clone(b)})
	return len(b), err
}

func (f *memoryFile) Truncate(size int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if _, err := f.m.step("truncate"); err != nil {
		return err
	}
	f.i.data = f.i.data[:min(int(size), len(f.i.data))]
	return nil
}

func (f *memoryFile) Sync() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	half, err := f.m.step("sync")
	if err != nil && !half {
		return err
	}
	f.i.durable, f.i.writes = slices.Clone(f.i.data), nil
	return err
}

func (f *memoryFile) Size() (int64, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return int64(len(f.i.data)), nil
}

func (f *memoryFile) Close() error { return nil }
