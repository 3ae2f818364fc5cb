package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	wired "github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// spoken is what one side of a connection says.
type spoken struct {
	server bool
	bytes  []byte
}

// clinic writes the traffic of one clinic: who and what in it is known to the test by name.
type clinic struct {
	t     *testing.T
	out   *pcapgo.Writer
	at    time.Time
	conns int
}

func newClinic(t *testing.T, w io.Writer) *clinic {
	out := pcapgo.NewWriter(w)
	if err := out.WriteFileHeader(1<<18, wired.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	return &clinic{t: t, out: out, at: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}
}

// connection writes one whole TCP connection from a client of its own.
func (c *clinic) connection(port int, talk ...spoken) {
	c.t.Helper()
	c.conns++
	ends := [2]net.IP{net.IPv4(10, 1, byte(c.conns>>8), byte(c.conns)), net.IPv4(10, 2, 0, 5)}
	ports := [2]wired.TCPPort{wired.TCPPort(20000 + c.conns), wired.TCPPort(port)}
	seq := [2]uint32{uint32(c.conns) * 7919, uint32(c.conns) * 104729}
	send := func(from int, payload []byte, syn, ack, fin bool) {
		ip := &wired.IPv4{Version: 4, TTL: 64, Protocol: wired.IPProtocolTCP, SrcIP: ends[from], DstIP: ends[1-from]}
		tcp := &wired.TCP{SrcPort: ports[from], DstPort: ports[1-from], Seq: seq[from], SYN: syn, ACK: ack, FIN: fin, PSH: len(payload) > 0, Window: 65535}
		if ack {
			tcp.Ack = seq[1-from]
		}
		tcp.SetNetworkLayerForChecksum(ip)
		buf := gopacket.NewSerializeBuffer()
		eth := &wired.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, byte(from)}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, byte(1 - from)},
			EthernetType: wired.EthernetTypeIPv4}
		if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, tcp,
			gopacket.Payload(payload)); err != nil {
			c.t.Fatal(err)
		}
		c.at = c.at.Add(2 * time.Millisecond)
		n := len(buf.Bytes())
		if err := c.out.WritePacket(gopacket.CaptureInfo{Timestamp: c.at, CaptureLength: n, Length: n}, buf.Bytes()); err != nil {
			c.t.Fatal(err)
		}
		seq[from] += uint32(len(payload))
		if syn || fin {
			seq[from]++
		}
	}
	const client, server = 0, 1
	send(client, nil, true, false, false)
	send(server, nil, true, true, false)
	send(client, nil, false, true, false)
	for _, s := range talk {
		from := client
		if s.server {
			from = server
		}
		for b := s.bytes; len(b) > 0; {
			n := min(len(b), 1400)
			send(from, b[:n], false, true, false)
			b = b[n:]
		}
		c.at = c.at.Add(150 * time.Millisecond)
	}
	send(client, nil, false, true, true)
	send(server, nil, false, true, true)
	send(client, nil, false, true, false)
	c.at = c.at.Add(time.Second)
}

// ask is a request and its answer in HTTP/1.1; head is the request line's method and target and header lines.
func ask(head, body, status, kind, answer string) []spoken {
	line, headers, _ := strings.Cut(head, "\n")
	text := line + " HTTP/1.1\r\nHost: ehr.clinic.example\r\n"
	for h := range strings.SplitSeq(headers, "\n") {
		if h = strings.TrimSpace(h); h != "" {
			text += h + "\r\n"
		}
	}
	if body != "" {
		text += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	reply := fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", status, kind, len(answer), answer)
	return []spoken{{bytes: []byte(text + "\r\n" + body)}, {true, []byte(reply)}}
}

// jwt is a token in the form of a JWT.
func jwt(claims string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + b64([]byte(claims)) + "." + b64([]byte("a signature of 32 bytes, or so .."))
}

// h2 is one request and its answer in HTTP/2 with prior knowledge.
func h2(t *testing.T, fields [][2]string, answer string) []spoken {
	t.Helper()
	var client, server bytes.Buffer
	client.WriteString(http2.ClientPreface)
	c, s := http2.NewFramer(&client, nil), http2.NewFramer(&server, nil)
	pack := func(fields [][2]string) []byte {
		var b bytes.Buffer
		e := hpack.NewEncoder(&b)
		for _, f := range fields {
			if err := e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
				t.Fatal(err)
			}
		}
		return b.Bytes()
	}
	for _, err := range []error{
		c.WriteSettings(), s.WriteSettings(),
		c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: pack(fields), EndHeaders: true, EndStream: true}),
		s.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: pack([][2]string{{":status", "200"}, {"content-type", "application/fhir+json"}}), EndHeaders: true}),
		s.WriteData(1, true, []byte(answer)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return []spoken{{bytes: client.Bytes()}, {true, server.Bytes()}}
}

// frame is a WebSocket text frame (RFC 6455 section 5.2), masked with a key of zeros from the client.
func frame(server bool, text string) spoken {
	b := []byte{0x81}
	mask := byte(0x80)
	if server {
		mask = 0
	}
	b = append(b, mask|126, byte(len(text)>>8), byte(len(text)))
	if !server {
		b = append(b, 0, 0, 0, 0)
	}
	return spoken{server, append(b, text...)}
}

// taped is an end of a connection whose writes are noted.
type taped struct {
	net.Conn
	server bool
	mu     *sync.Mutex
	talk   *[]spoken
}

func (c taped) Write(b []byte) (int, error) {
	c.mu.Lock()
	*c.talk = append(*c.talk, spoken{c.server, bytes.Clone(b)})
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// secured is talk inside TLS 1.2, with a client certificate of name; the secrets go to keys.
func secured(t *testing.T, name pkix.Name, mail string, keys io.Writer, talk []spoken) (out []spoken) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issue := func(of *x509.Certificate) tls.Certificate {
		of.SerialNumber, of.NotBefore, of.NotAfter = big.NewInt(7), time.Unix(0, 0), time.Unix(1<<33, 0)
		der, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	var mu sync.Mutex
	client := tls.Client(taped{a, false, &mu, &out}, &tls.Config{InsecureSkipVerify: true, ServerName: "ehr.clinic.example", KeyLogWriter: keys, MaxVersion: tls.VersionTLS12,
		Certificates: []tls.Certificate{issue(&x509.Certificate{Subject: name, EmailAddresses: []string{mail}})}})
	server := tls.Server(taped{b, true, &mu, &out}, &tls.Config{ClientAuth: tls.RequireAnyClientCert,
		Certificates: []tls.Certificate{issue(&x509.Certificate{Subject: pkix.Name{CommonName: "ehr.clinic.example"}})}})
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for _, s := range talk {
		from, to := net.Conn(client), net.Conn(server)
		if s.server {
			from, to = to, from
		}
		go func() { _, err := from.Write(s.bytes); done <- err }()
		if _, err := io.ReadFull(to, make([]byte, len(s.bytes))); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	return out
}
