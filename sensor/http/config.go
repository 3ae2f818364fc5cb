package http

import "fmt"

// Config bounds what a message may cost. Every limit has a counter in Stats.
type Config struct {
	// HeadBytes is the longest head, start line included; a longer one is cut there, marked OverHead, and the
	// direction goes on at the next message that can be recognised. It also bounds trailers, and what a client
	// sends of another protocol before the server has agreed to it.
	HeadBytes int `yaml:"head_bytes"`
	// Headers is how many header fields of a message are kept; the rest are dropped and the head marked OverHead.
	Headers int `yaml:"headers"`
	// ChunkLine is the longest chunk-size line with its extensions; a longer one is a BadChunk.
	ChunkLine int `yaml:"chunk_line"`
	// Pending is how many requests of one connection may wait for a response; the oldest is then given up.
	Pending int `yaml:"pending"`
	// Streams is how many streams of an HTTP/2 connection may be open; the one that was idle longest is then given
	// up, with what was seen of it.
	Streams int `yaml:"streams"`
	// HeaderTable bounds in bytes, counted as in RFC 7541 section 4.1, what is kept of the dynamic table of each
	// direction of an HTTP/2 connection. Fields that refer to what was dropped are unknown, and said to be.
	HeaderTable int `yaml:"header_table"`
	// HeaderTables bounds the memory in bytes of all dynamic tables of one flow partition; tables then stop
	// growing, and drop their oldest fields as above.
	HeaderTables int64 `yaml:"header_tables"`
	// ResyncBytes is how much of a connection on which no message was seen yet is searched for the first one.
	ResyncBytes int64 `yaml:"resync_bytes"`
	// Codings is how many content codings may be stacked; content under more is counted, not decoded.
	Codings int `yaml:"codings"`
	// DecodedBytes is how much a message may decode to; what is past it is counted on the wire only.
	DecodedBytes int64 `yaml:"decoded_bytes"`
	// Ratio is how many times larger decoded content may be than on the wire, once it is past RatioFloor.
	Ratio int64 `yaml:"ratio"`
	// RatioFloor is the decoded size in bytes up to which Ratio is not asked for.
	RatioFloor int64 `yaml:"ratio_floor"`
	// WindowBytes is the largest window in bytes of a zstd or brotli content; content that asks for more is
	// counted, not decoded. Of zstd no more than 8 MB is ever taken (RFC 9659).
	WindowBytes int64 `yaml:"window_bytes"`
	// DecoderBytes is how many bytes of windows the decoders of one flow partition may hold at once; content
	// that begins while too few are left is counted, not decoded.
	DecoderBytes int64 `yaml:"decoder_bytes"`
	// Decoders is how many compressed bodies of one flow partition may be in decoding at once; content that
	// begins while all are taken is counted, not decoded.
	Decoders int `yaml:"decoders"`
	// Spare is how many idle buffers, exchanges and decoders of each kind a flow partition keeps for reuse. It
	// changes speed, never results.
	Spare int `yaml:"spare"`
}

// MaxCodings is the largest Config.Codings.
const MaxCodings = 4

// Defaults is the configuration that suits clinical APIs: bodies are small, heads carry tokens and cookies.
func Defaults() Config {
	return Config{
		HeadBytes:    64 << 10,
		Headers:      256,
		ChunkLine:    4 << 10,
		Pending:      128,
		Streams:      256,
		HeaderTable:  64 << 10,
		HeaderTables: 16 << 20,
		ResyncBytes:  1 << 20,
		Codings:      2,
		DecodedBytes: 64 << 20,
		Ratio:        256,
		RatioFloor:   1 << 20,
		WindowBytes:  16 << 20,
		DecoderBytes: 32 << 20,
		Decoders:     64,
		Spare:        32,
	}
}

// Validate names the first field that cannot be worked with.
func (c Config) Validate() error {
	for _, f := range []struct {
		name        string
		value       int64
		least, most int64
	}{
		{"head_bytes", int64(c.HeadBytes), 1 << 10, 16 << 20},
		{"headers", int64(c.Headers), 8, 1 << 16},
		{"chunk_line", int64(c.ChunkLine), 32, 1 << 20},
		{"pending", int64(c.Pending), 1, 1 << 20},
		{"streams", int64(c.Streams), 1, 4096},
		{"header_table", int64(c.HeaderTable), 0, 1 << 20},
		{"header_tables", c.HeaderTables, 0, 1 << 40},
		{"resync_bytes", c.ResyncBytes, 1, 1 << 40},
		{"codings", int64(c.Codings), 0, MaxCodings},
		{"decoded_bytes", c.DecodedBytes, 0, 1 << 50},
		{"ratio", c.Ratio, 1, 1 << 20},
		{"ratio_floor", c.RatioFloor, 0, 1 << 50},
		{"window_bytes", c.WindowBytes, 1 << 10, 1 << 29},
		{"decoder_bytes", c.DecoderBytes, 0, 1 << 40},
		{"decoders", int64(c.Decoders), 0, 1 << 16},
		{"spare", int64(c.Spare), 0, 1 << 20},
	} {
		if f.value < f.least || f.value > f.most {
			return fmt.Errorf("%s: %d is not between %d and %d", f.name, f.value, f.least, f.most)
		}
	}
	return nil
}

// Stats counts what the parsers of one pool met. It belongs to the pool's goroutine.
type Stats struct {
	Requests     uint64 // request heads read
	Responses    uint64 // final response heads read
	Interim      uint64 // 1xx responses passed over
	Exchanges    uint64 // yielded, orphans included
	Orphans      uint64 // responses without a request
	Unanswered   uint64 // requests yielded without a response
	Upgrades     uint64
	NotHTTP      uint64
	HTTP2        uint64
	Ambiguous    uint64 // requests that careful readers delimit differently
	Smuggled     uint64 // of them, those that hold another request by the other reading
	RequestBytes uint64 // of the requests read, heads and content: their mean is RequestBytes/Requests
	LostRequests uint64 // requests that were lost and whose responses were seen, after the start of their connections
	// LostRequestBytes are bytes lost between the requests of a connection beyond those of LostRequests. Divided by
	// the mean of a request they estimate how many more were lost, with their responses.
	LostRequestBytes uint64
	OverHeld         uint64 // clients that sent more than HeadBytes behind a request to switch that was not answered yet
	Resyncs          uint64 // directions that lost step
	Skipped          uint64 // bytes passed over while out of step
	GivenUp          uint64 // connections in which ResyncBytes held no message
	OverHead         uint64 // heads longer than HeadBytes
	OverHeaders      uint64 // header fields past Headers
	OverPending      uint64 // requests given up because Pending others waited
	OverStreams      uint64 // HTTP/2 streams given up because Streams others were open
	OverTables       uint64 // header fields dropped from HPACK tables because of HeaderTable or HeaderTables
	LostTables       uint64 // times that the HPACK state of a direction was lost to a gap, a limit or an error
	HeaderStates     uint64 // header sections that refer to HPACK state which is not known
	Floods           uint64 // header sections of more CONTINUATION frames than Headers, or of more bytes than HeadBytes
	Resets           uint64 // HTTP/2 streams reset by either side
	RapidResets      uint64 // streams that their client reset at once
	Pushes           uint64 // HTTP/2 server pushes
	LateFrames       uint64 // DATA and HEADERS frames of HTTP/2 streams that are closed or were never opened
	Repaired         uint64 // requests closed because their response must have been lost
	BadChunks        uint64
	Decoded          uint64 // bodies decoded to their end
	BadCodings       uint64 // bodies that did not decode as their Content-Encoding says
	Unlabelled       uint64 // bodies of text that are gzip and do not say so
	OverCodings      uint64 // bodies under more than Codings codings
	OverDecoded      uint64 // bodies past DecodedBytes
	OverRatio        uint64 // bodies past Ratio
	OverWindow       uint64 // bodies that ask for a window past WindowBytes
	OverDecoders     uint64 // bodies that began while all Decoders or DecoderBytes were taken
	DecoderFault     uint64 // panics inside a decoder library, contained
}

// Add adds o to s.
func (s *Stats) Add(o *Stats) {
	s.Requests += o.Requests
	s.Responses += o.Responses
	s.Interim += o.Interim
	s.Exchanges += o.Exchanges
	s.Orphans += o.Orphans
	s.Unanswered += o.Unanswered
	s.Upgrades += o.Upgrades
	s.NotHTTP += o.NotHTTP
	s.HTTP2 += o.HTTP2
	s.OverHeld += o.OverHeld
	s.RequestBytes += o.RequestBytes
	s.LostRequests += o.LostRequests
	s.LostRequestBytes += o.LostRequestBytes
	s.Ambiguous += o.Ambiguous
	s.Smuggled += o.Smuggled
	s.Resyncs += o.Resyncs
	s.Skipped += o.Skipped
	s.GivenUp += o.GivenUp
	s.OverHead += o.OverHead
	s.OverHeaders += o.OverHeaders
	s.OverPending += o.OverPending
	s.OverStreams += o.OverStreams
	s.OverTables += o.OverTables
	s.LostTables += o.LostTables
	s.HeaderStates += o.HeaderStates
	s.Floods += o.Floods
	s.Resets += o.Resets
	s.RapidResets += o.RapidResets
	s.Pushes += o.Pushes
	s.LateFrames += o.LateFrames
	s.Repaired += o.Repaired
	s.BadChunks += o.BadChunks
	s.Decoded += o.Decoded
	s.BadCodings += o.BadCodings
	s.Unlabelled += o.Unlabelled
	s.OverCodings += o.OverCodings
	s.OverDecoded += o.OverDecoded
	s.OverRatio += o.OverRatio
	s.OverWindow += o.OverWindow
	s.OverDecoders += o.OverDecoders
	s.DecoderFault += o.DecoderFault
}
