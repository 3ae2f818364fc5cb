package replay

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll(b, nil)
}

// TestCutAnywhere cuts a file at every byte: what comes out is a prefix, and that something is missing is said.
func TestCutAnywhere(t *testing.T) {
	ng := slices.Concat(ngOf(seconds(8)...), ngBlock(little, 10, []byte("secret")), ngSection(bigEnd), ngIface(bigEnd, 1, 0, nil), ngEnhanced(bigEnd, 0, 5e9, 3, []byte("end")))
	for name, file := range map[string][]byte{
		"pcap": pcapOf(seconds(8)...), "pcapng": ng,
		"pcap.gz": gzipped(t, pcapOf(seconds(8)...)), "pcapng.zst": zstded(t, ng),
	} {
		t.Run(name, func(t *testing.T) {
			whole, _ := readBytes(t, small(), file)
			if len(whole) < 8 {
				t.Fatalf("%d packets in the whole file", len(whole))
			}
			// Where a file may end without anything missing: the starts of its records.
			clean := []int64{}
			if name == "pcap" {
				clean = append(clean, pcapHeader)
			}
			if name == "pcapng" {
				for at := 0; at < len(file); {
					size := file[at+4 : at+8]
					at += int(slices.Max(size)) // all blocks here are shorter than 256 bytes
					clean = append(clean, int64(at))
				}
			}
			for _, p := range whole {
				clean = append(clean, p.Where.Offset)
			}
			for n := range file {
				got, src := readBytes(t, small(), file[:n])
				if len(got) > len(whole) {
					t.Fatalf("cut at %d: %d packets", n, len(got))
				}
				wantSame(t, got, whole[:len(got)])
				said := len(src.Notices()) + len(src.Faults())
				if strings.HasSuffix(name, "z") || strings.HasSuffix(name, "st") {
					if said != 1 {
						t.Errorf("cut at %d: faults %v, notices %v", n, src.Faults(), src.Notices())
					}
					continue
				}
				want := 1
				if n > 0 && slices.Contains(clean, int64(n)) {
					want = 0
				}
				if said != want {
					t.Errorf("cut at %d: faults %v, notices %v", n, src.Faults(), src.Notices())
				}
				if st := src.Stats(); len(src.Notices()) > 0 && (st.Truncated != 1 || src.Notices()[0].Offset > int64(n)) {
					t.Errorf("cut at %d: stats %+v, notices %v", n, st, src.Notices())
				}
			}
		})
	}
}

// TestBrokenStream turns bytes of a compressed file: what comes out before the damage is right, and nothing
// hangs. The checksum at the end of both formats makes each change visible.
func TestBrokenStream(t *testing.T) {
	plain := pcapOf(seconds(200)...)
	whole, _ := readBytes(t, small(), plain)
	for _, file := range [][]byte{gzipped(t, plain), zstded(t, plain)} {
		for at := 40; at < len(file); at += 7 {
			bad := bytes.Clone(file)
			bad[at] ^= 0x55
			_, src := readBytes(t, small(), bad)
			if len(src.Notices())+len(src.Faults()) == 0 {
				t.Errorf("byte %d changed: nothing said", at)
			}
		}
		half, src := readBytes(t, small(), append(bytes.Clone(file), "rubbish behind the end"...))
		wantSame(t, half, whole)
		if n := src.Notices(); len(n) != 1 || !strings.Contains(n[0].What, "truncated") {
			t.Errorf("notices %v", n)
		}
	}
}
