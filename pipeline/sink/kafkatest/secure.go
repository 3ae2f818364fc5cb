package kafkatest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// Login is what a client of a secure broker needs.
type Login struct {
	CAFile, User, Password string
	authority              *authority
	keystore               string
}

// StartSecure starts a broker that clients reach by SASL_SSL only: TLS with a certificate of its own authority, and
// the mechanisms PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 with one user.
func StartSecure(t testing.TB) (*Broker, *Login) {
	t.Helper()
	dir := t.TempDir()
	l := &Login{CAFile: filepath.Join(dir, "ca.pem"), User: "sensor", Password: "sesame-street", keystore: filepath.Join(dir, "server.pem")}
	var err error
	if l.authority, err = newAuthority(); err != nil {
		t.Fatalf("kafkatest: %v", err)
	}
	if err := os.WriteFile(l.CAFile, l.authority.pem, 0o600); err != nil {
		t.Fatalf("kafkatest: %v", err)
	}
	l.Certify(t, time.Now().Add(time.Hour))
	b := prepare(t)
	for _, m := range []string{"256", "512"} {
		b.format = append(b.format, "--add-scram", "SCRAM-SHA-"+m+"=[name="+l.User+",password="+l.Password+"]")
	}
	inner, err := freePort()
	if err != nil {
		t.Fatalf("kafkatest: %v", err)
	}
	b.begin(func(controller int) []Option {
		in := net.JoinHostPort("127.0.0.1", strconv.Itoa(inner))
		jaas := "org.apache.kafka.common.security."
		return []Option{
			Option(fmt.Sprintf("listeners=CLIENT://%s,INNER://%s,CONTROLLER://127.0.0.1:%d", b.Addr, in, controller)),
			Option(fmt.Sprintf("advertised.listeners=CLIENT://%s,INNER://%s", b.Addr, in)),
			"listener.security.protocol.map=CLIENT:SASL_SSL,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT",
			"inter.broker.listener.name=INNER",
			"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
			Option("listener.name.client.plain.sasl.jaas.config=" + jaas + "plain.PlainLoginModule required user_" + l.User + "=\"" + l.Password + "\";"),
			Option("listener.name.client.scram-sha-256.sasl.jaas.config=" + jaas + "scram.ScramLoginModule required;"),
			Option("listener.name.client.scram-sha-512.sasl.jaas.config=" + jaas + "scram.ScramLoginModule required;"),
			"ssl.keystore.type=PEM",
			Option("ssl.keystore.location=" + filepath.ToSlash(l.keystore)),
		}
	})
	return b, l
}

// Certify gives the broker a certificate that ends at a time; it shows it from its next start on.
func (l *Login) Certify(t testing.TB, end time.Time) {
	t.Helper()
	b, err := l.authority.issue(end)
	if err == nil {
		err = os.WriteFile(l.keystore, b, 0o600)
	}
	if err != nil {
		t.Fatalf("kafkatest: %v", err)
	}
}

// authority signs certificates for 127.0.0.1.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kafkatest"}, NotBefore: time.Now().Add(-48 * time.Hour),
		NotAfter: time.Now().Add(48 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &authority{c, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, nil
}

// issue is a private key and its certificate, in PEM.
func (a *authority) issue(end time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "broker"}, NotBefore: end.Add(-24 * time.Hour), NotAfter: end,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...), nil
}
