package sink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"auscult/detectors"
	"auscult/pipeline/cef"
	"auscult/pipeline/ocsf"
	"auscult/pipeline/outbox"
)

// SyslogConfig says where alerts go as syslog over TLS.
type SyslogConfig struct {
	// Address is host:port of the collector (port 6514 by RFC 5425); empty turns the sink off.
	Address string `yaml:"address"`
	// Format is what a message holds: ocsf, or cef, which has no evidence and stays below 8 KiB.
	Format string `yaml:"format"`
	// Facility is that of RFC 5424, section 6.2.1; 13 is log audit.
	Facility int `yaml:"facility"`
	// MaxBytes bounds one message; evidence is cut off a larger one. Collectors must take 2048 and should take 8192.
	MaxBytes int `yaml:"max_bytes"`
	// Timeout bounds a connection's start, and each write.
	Timeout time.Duration `yaml:"timeout"`
	// Settle is how long a connection must hold behind a batch, for the batch to count as taken.
	Settle time.Duration `yaml:"settle"`
	TLS    TLSConfig     `yaml:"tls"`
}

// SyslogDefaults fits collectors that take a whole alert.
func SyslogDefaults() SyslogConfig {
	return SyslogConfig{Format: "ocsf", Facility: 13, MaxBytes: 64 << 10, Timeout: 10 * time.Second, Settle: 250 * time.Millisecond}
}

// Validate names the first field that cannot be worked with.
func (c SyslogConfig) Validate() error {
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		return fmt.Errorf("address: %q is not host:port", c.Address)
	}
	switch {
	case c.Format != "ocsf" && c.Format != "cef":
		return fmt.Errorf("format: %q is neither ocsf nor cef", c.Format)
	case c.Facility < 0 || c.Facility > 23:
		return fmt.Errorf("facility: %d is not between 0 and 23", c.Facility)
	case c.MaxBytes < 2048:
		return fmt.Errorf("max_bytes: %d is below 2048", c.MaxBytes)
	case c.Timeout <= 0:
		return fmt.Errorf("timeout: %v is not positive", c.Timeout)
	case c.Settle <= 0:
		return fmt.Errorf("settle: %v is not positive", c.Settle)
	}
	if err := c.TLS.validate(); err != nil {
		return fmt.Errorf("tls.%w", err)
	}
	return nil
}

// Syslog sends each alert as one message of RFC 5424, framed by octet counting over TLS (RFC 5425). The protocol has
// no acknowledgement: a batch counts as taken when the connection still holds a moment later. What a collector had not
// read when its machine died is lost to it, and no sender can know.
type Syslog struct {
	cfg  SyslogConfig
	tls  *tls.Config
	host string // of the header: the sensor's name
	conn *tls.Conn
	cuts atomic.Uint64
	buf  []byte
}

// NewSyslog is the target that cfg asks for; sensor is the name it goes by. Nothing is connected yet; an error is about
// the files that cfg names.
func NewSyslog(cfg SyslogConfig, sensor string) (*Syslog, error) {
	t, err := cfg.TLS.load()
	if err != nil {
		return nil, fmt.Errorf("syslog.tls.%w", err)
	}
	t.ServerName, _, _ = net.SplitHostPort(cfg.Address)
	return &Syslog{cfg: cfg, tls: t, host: headerWord(sensor, 255)}, nil
}

// Name is syslog.
func (s *Syslog) Name() string { return "syslog" }

// CutAlerts is how many alerts were sent with evidence cut.
func (s *Syslog) CutAlerts() uint64 { return s.cuts.Load() }

// Close ends the connection, if there is one.
func (s *Syslog) Close() error {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
	return nil
}

// Send writes batch, and looks whether the connection holds.
func (s *Syslog) Send(ctx context.Context, batch []outbox.Record) (taken int, err error) {
	s.buf = s.buf[:0]
	for i := range batch {
		r := &batch[i]
		if s.cfg.Format != "ocsf" && isCheckpoint(r) {
			continue // that format has no place for it
		}
		message, whole, ok := s.message(r)
		if !ok {
			if i == 0 {
				return 0, &Failure{Cause: TooLarge, Skip: true,
					Text: fmt.Sprintf("syslog %s: alert %s-%d cannot be made to fit: raise max_bytes", s.cfg.Address, r.UID, r.Sequence)}
			}
			batch = batch[:i]
			break
		}
		if !whole {
			s.cuts.Add(1)
		}
		s.buf = append(append(strconv.AppendInt(s.buf, int64(len(message)), 10), ' '), message...)
	}
	if len(s.buf) == 0 {
		return len(batch), nil
	}
	if err := s.write(ctx); err != nil {
		s.Close()
		return 0, s.explain(err)
	}
	return len(batch), nil
}

// message is r as one message; whole is whether no evidence was cut. It is not ok when nothing makes it fit.
func (s *Syslog) message(r *outbox.Record) (b []byte, whole, ok bool) {
	if s.cfg.Format == "cef" {
		f, err := ocsf.Read(r.Body)
		if err != nil {
			return nil, true, false
		}
		b = cef.AppendSyslog(nil, f, s.cfg.Facility)
		return b, true, len(b) <= max(s.cfg.MaxBytes, 8<<10)
	}
	head := s.header(r)
	body, ok := cut(r.Body, s.cfg.MaxBytes-len(head))
	return append(head, body...), len(body) == len(r.Body), ok
}

func (s *Syslog) write(ctx context.Context) error {
	if s.conn == nil {
		start, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
		defer cancel()
		conn, err := (&tls.Dialer{Config: s.tls}).DialContext(start, "tcp", s.cfg.Address)
		if err != nil {
			return err
		}
		s.conn = conn.(*tls.Conn)
	}
	s.conn.SetWriteDeadline(time.Now().Add(s.cfg.Timeout))
	if _, err := s.conn.Write(s.buf); err != nil {
		return err
	}
	// Nothing is ever sent back: to wait in vain is what shall happen.
	s.conn.SetReadDeadline(time.Now().Add(s.cfg.Settle))
	var b [1]byte
	if _, err := s.conn.Read(b[:]); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil
}

// header is that of RFC 5424, section 6.2, with the space that follows it; no structured data.
func (s *Syslog) header(r *outbox.Record) []byte {
	pri := s.cfg.Facility*8 + syslogSeverity(r.Severity)
	return fmt.Appendf(nil, "<%d>1 %s %s auscult - %s - ", pri, r.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), s.host, activity(r))
}

// syslogSeverity is that of RFC 5424, table 2, for ours.
func syslogSeverity(s detectors.Severity) int {
	switch s {
	case detectors.Critical:
		return 2
	case detectors.High:
		return 3
	case detectors.Medium:
		return 4
	case detectors.Low:
		return 5
	}
	return 6
}

// headerWord is s as a field of the header: printable ASCII without spaces, at most n bytes, "-" for nothing.
func headerWord(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r
		}
		return -1
	}, s)
	return or(s[:min(n, len(s))], "-")
}

func (s *Syslog) explain(err error) *Failure {
	say := func(c Cause, final bool, why string) *Failure {
		return &Failure{Cause: c, Final: final, Text: "syslog " + s.cfg.Address + ": " + why}
	}
	var op *net.OpError
	if why, ok := tlsFailure(err); ok {
		return say(BadTLS, true, "the collector cannot be trusted: "+why)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return say(Timeout, false, "the collector does not take messages in time")
	case errors.Is(err, io.EOF):
		return say(Unreachable, false, "the collector closed the connection")
	case errors.As(err, &op):
		return say(Unreachable, false, "the collector cannot be reached ("+op.Err.Error()+"); start it or correct its address")
	}
	return say(OtherCause, false, oneLiner(err.Error()))
}
