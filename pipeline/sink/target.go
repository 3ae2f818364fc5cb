package sink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"auscult/pipeline/outbox"
)

// Target is one place that alerts are delivered to, out of the outbox. One goroutine calls it.
type Target interface {
	// Name is that of its cursor and of its numbers: letters, digits, dashes.
	Name() string
	// Send delivers batch, in order, and says how many of its first records are taken for certain. An error is a
	// *Failure: why the next one is not.
	Send(ctx context.Context, batch []outbox.Record) (taken int, err error)
	Close() error
}

// Cause is why a delivery failed, for counting.
type Cause uint8

// Causes.
const (
	OtherCause   Cause = iota
	Unreachable        // nobody answers at the address, or the connection broke
	Timeout            // an answer did not come in time
	BadTLS             // certificates, or no TLS on the other side
	BadLogin           // user or password
	NotAllowed         // by the other side's rules
	MissingTopic       // or path
	Refused            // this alert, for what it is
	TooLarge           // this alert, with all evidence cut
	FullDisk           // the other side cannot store
	Overloaded         // the other side asks to wait
	causes
)

var causeNames = [causes]string{"other", "unreachable", "timeout", "tls", "login", "not_allowed", "missing_topic", "refused", "too_large",
	"full_disk", "overloaded"}

func (c Cause) String() string { return causeNames[c] }

// Causes is every cause, in the order of SinkStats.Errors.
func Causes() []Cause {
	out := make([]Cause, causes)
	for i := range out {
		out[i] = Cause(i)
	}
	return out
}

// Failure is why a record was not delivered, in one line.
type Failure struct {
	Cause Cause
	Text  string
	// Final means that trying again is of no use until somebody changes something.
	Final bool
	// Skip means that this record will never be taken, and the next may be.
	Skip bool
}

func (f *Failure) Error() string { return f.Text }

// asFailure is err as a Failure.
func asFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return &Failure{Text: oneLiner(err.Error())}
}

func oneLiner(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", "; ") }

// TLSConfig says whom to trust, and who we are. Keys are read from files only.
type TLSConfig struct {
	// CAFile holds the certificates (PEM) that the other side's must come from; empty: those of the system.
	CAFile string `yaml:"ca_file"`
	// CertFile holds our certificate (PEM) where one is asked for; empty for none.
	CertFile string `yaml:"cert_file"`
	// KeyFile holds the private key of cert_file (PEM).
	KeyFile string `yaml:"key_file"`
	// SkipVerify takes any certificate: whoever is in between reads the alerts. For tests.
	SkipVerify bool `yaml:"skip_verify"`
}

func (c TLSConfig) validate() error {
	if (c.CertFile == "") != (c.KeyFile == "") {
		return fmt.Errorf("cert_file: %q and key_file: %q go together", c.CertFile, c.KeyFile)
	}
	return nil
}

// load reads the files.
func (c TLSConfig) load() (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.SkipVerify}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file: %s holds no certificate in PEM", c.CAFile)
		}
	}
	if c.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("cert_file: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

// secret reads a password or key of one line from a file.
func secret(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	s := strings.TrimRight(string(b), "\r\n")
	if s == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return s, nil
}

// tlsFailure is what is wrong with certificates, in a few words; false when err is about something else.
func tlsFailure(err error) (string, bool) {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var verify *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet (" + oneLiner(invalid.Detail) + ")", true
	case errors.As(err, &unknown):
		return "its certificate is from an unknown authority; give the right one as ca_file", true
	case errors.As(err, &name):
		return oneLiner(name.Error()), true
	case errors.As(err, &verify), errors.As(err, &invalid):
		return oneLiner(err.Error()), true
	case errors.As(err, &alert):
		return "it does not accept our certificate or TLS (" + alert.Error() + ")", true
	case errors.As(err, &record):
		return "it does not speak TLS", true
	case strings.Contains(err.Error(), "remote error: tls: "):
		return "it does not accept our certificate or TLS (" + oneLiner(err.Error()) + ")", true
	}
	return "", false
}
