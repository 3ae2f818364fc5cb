package sink

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"auscult/pipeline/outbox"
)

// WebhookConfig says where alerts are posted.
type WebhookConfig struct {
	// URL takes one alert a POST; https, or http on this machine. Empty turns the sink off.
	URL string `yaml:"url"`
	// SecretFile holds the key, in one line, that posts are signed with (standardwebhooks.com).
	SecretFile string `yaml:"secret_file"`
	// MaxBytes bounds one alert; evidence is cut off a larger one.
	MaxBytes int `yaml:"max_bytes"`
	// Timeout bounds one post.
	Timeout time.Duration `yaml:"timeout"`
	TLS     TLSConfig     `yaml:"tls"`
}

// WebhookDefaults fits most receivers.
func WebhookDefaults() WebhookConfig {
	return WebhookConfig{MaxBytes: 900_000, Timeout: 10 * time.Second}
}

// Validate names the first field that cannot be worked with.
func (c WebhookConfig) Validate() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return fmt.Errorf("url: %q is neither https, nor http on this machine", c.URL)
	case u.User != nil:
		return errors.New("url: holds a password; posts are signed by secret_file instead")
	case c.SecretFile == "":
		return errors.New("secret_file: missing; the receiver checks by it that a post is ours")
	case c.MaxBytes < 2048:
		return fmt.Errorf("max_bytes: %d is below 2048", c.MaxBytes)
	case c.Timeout <= 0:
		return fmt.Errorf("timeout: %v is not positive", c.Timeout)
	}
	if err := c.TLS.validate(); err != nil {
		return fmt.Errorf("tls.%w", err)
	}
	return nil
}

// Webhook posts each alert: the body is the line that the file holds, signed as Standard Webhooks 1.0 says (HMAC-SHA256
// over id, time and body), with the headers of a CloudEvent in binary mode. The next is posted when the receiver has
// answered 2xx. Delivery is at least once; webhook-id tells repeats.
type Webhook struct {
	cfg    WebhookConfig
	where  string // the URL without what may be secret in it
	key    []byte
	source string
	client *http.Client
	cuts   atomic.Uint64
}

// NewWebhook is the target that cfg asks for; an error is about the files that cfg names.
func NewWebhook(cfg WebhookConfig, tenant, sensor string) (*Webhook, error) {
	t, err := cfg.TLS.load()
	if err != nil {
		return nil, fmt.Errorf("webhook.tls.%w", err)
	}
	key, err := secret(cfg.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("webhook.secret_file: %w", err)
	}
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("webhook.url: %w", err)
	}
	return &Webhook{cfg: cfg, where: u.Scheme + "://" + u.Host, key: []byte(key),
		source: "urn:auscult:" + or(tenant, "default") + ":" + or(sensor, "sensor"),
		client: &http.Client{
			Transport:     &http.Transport{TLSClientConfig: t, Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, ForceAttemptHTTP2: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Timeout:       cfg.Timeout,
		}}, nil
}

// Name is webhook.
func (w *Webhook) Name() string { return "webhook" }

// CutAlerts is how many alerts were sent with evidence cut.
func (w *Webhook) CutAlerts() uint64 { return w.cuts.Load() }

// Close lets the connection go.
func (w *Webhook) Close() error {
	w.client.CloseIdleConnections()
	return nil
}

// Send posts the alerts of batch one after the other, up to the first that is not taken.
func (w *Webhook) Send(ctx context.Context, batch []outbox.Record) (taken int, err error) {
	for i := range batch {
		if err := w.post(ctx, &batch[i]); err != nil {
			return i, err
		}
	}
	return len(batch), nil
}

func (w *Webhook) post(ctx context.Context, r *outbox.Record) error {
	body, ok := cut(r.Body, w.cfg.MaxBytes)
	if !ok {
		return w.fail(TooLarge, true, fmt.Sprintf("alert %s-%d is too large without any evidence: raise max_bytes", r.UID, r.Sequence))
	}
	if len(body) < len(r.Body) {
		w.cuts.Add(1)
	}
	id, at := r.UID+"-"+strconv.Itoa(r.Sequence), strconv.FormatInt(time.Now().Unix(), 10)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return w.fail(OtherCause, false, oneLiner(err.Error()))
	}
	for k, v := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "auscult",
		"Webhook-Id": id, "Webhook-Timestamp": at, "Webhook-Signature": signature(w.key, id, at, body),
		"Ce-Specversion": "1.0", "Ce-Id": id, "Ce-Source": w.source, "Ce-Type": eventType(r), "Ce-Subject": r.UID,
		"Ce-Time": r.Time.UTC().Format(time.RFC3339Nano),
	} {
		req.Header.Set(k, v)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return w.explain(err)
	}
	defer resp.Body.Close()
	io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection is used again; more is not worth it
	return w.judge(r, resp)
}

// signature is that of Standard Webhooks 1.0, scheme v1.
func signature(key []byte, id, at string, body []byte) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.", id, at)
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// judge is what the answer means. What is wrong with this one alert is passed over; what is wrong with us or with the
// receiver is waited for.
func (w *Webhook) judge(r *outbox.Record, resp *http.Response) error {
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusBadRequest, code == http.StatusUnprocessableEntity:
		return w.fail(Refused, true, fmt.Sprintf("alert %s-%d is refused: %s", r.UID, r.Sequence, resp.Status))
	case code == http.StatusRequestEntityTooLarge:
		return w.fail(TooLarge, true, fmt.Sprintf("alert %s-%d is refused: %s; lower max_bytes", r.UID, r.Sequence, resp.Status))
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return w.final(NotAllowed, "the receiver does not let us: "+resp.Status)
	case code == http.StatusNotFound, code == http.StatusGone, code == http.StatusMethodNotAllowed:
		return w.final(MissingTopic, "nobody takes posts there: "+resp.Status)
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		return w.fail(Overloaded, false, "the receiver asks to wait: "+resp.Status)
	case code == http.StatusInsufficientStorage:
		return w.fail(FullDisk, false, "the receiver cannot store: "+resp.Status)
	case code >= 300 && code < 400:
		return w.final(MissingTopic, "the receiver sends us elsewhere, and alerts are not sent there: "+resp.Status)
	}
	return w.fail(OtherCause, false, "the receiver answers "+resp.Status)
}

func (w *Webhook) fail(c Cause, skip bool, why string) *Failure {
	return &Failure{Cause: c, Skip: skip, Text: "webhook " + w.where + ": " + why}
}

func (w *Webhook) final(c Cause, why string) *Failure {
	return &Failure{Cause: c, Final: true, Text: "webhook " + w.where + ": " + why}
}

// explain never quotes err whole: it holds the URL.
func (w *Webhook) explain(err error) *Failure {
	var op *net.OpError
	var wrapped *url.Error
	if why, ok := tlsFailure(err); ok {
		return w.final(BadTLS, "the receiver cannot be trusted: "+why)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return w.fail(Timeout, false, "the receiver does not answer in time")
	case errors.As(err, &op):
		return w.fail(Unreachable, false, "the receiver cannot be reached ("+op.Err.Error()+")")
	case errors.As(err, &wrapped):
		return w.fail(OtherCause, false, oneLiner(wrapped.Err.Error()))
	}
	return w.fail(OtherCause, false, "the receiver cannot be asked")
}
