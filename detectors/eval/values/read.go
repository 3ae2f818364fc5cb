package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// half is which of the values of a list count.
type half uint8

const (
	tune half = iota
	held
	all
)

// has tells whether a value belongs to the half.
func (h half) has(value string) bool {
	f := fnv.New64a()
	io.WriteString(f, value)
	x := f.Sum64()
	x ^= x >> 32 // the lowest bit of FNV is one of parity
	x *= 0xd6e8feb86659fd93
	return h == all || h == half(x>>63)
}

// request is one of a recorded set.
type request struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Data    any               `json:"data"`
}

// body is the data of the request as it was sent.
func (q *request) body() string {
	switch d := q.Data.(type) {
	case nil:
		return ""
	case string:
		return d
	}
	b, err := json.Marshal(q.Data)
	if err != nil {
		return ""
	}
	return string(b)
}

// open reads a file with a buffer that long lines fit in.
func open(path string, read func(*bufio.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	defer f.Close()
	if err := read(bufio.NewReaderSize(f, 1<<20)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// eachValue calls do for each value of a list: a JSON string a line, or of a .txt the line with %XX decoded, as any bytes.
func eachValue(path string, h half, do func(string)) error {
	return open(path, func(r *bufio.Reader) error {
		return eachLine(r, func(line []byte) error {
			var v string
			if strings.HasSuffix(path, ".jsonl") {
				if err := json.Unmarshal(line, &v); err != nil {
					return err
				}
			} else if decoded, err := url.PathUnescape(string(line)); err == nil {
				v = decoded
			} else { // signs of percent of its own
				v = string(line)
			}
			if v != "" && h.has(v) {
				do(v)
			}
			return nil
		})
	})
}

func eachLine(r *bufio.Reader, do func([]byte) error) error {
	for {
		line, err := r.ReadString('\n')
		if v := strings.TrimRight(line, "\r\n"); v != "" {
			if err := do([]byte(v)); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// eachRequest calls do for each request of a file: a JSON array of them, one a line, or HTTP/1 as it was sent, one after
// another. Two that are the same fall into the same half.
func eachRequest(path string, h half, do func(*request)) error {
	take := func(q *request) {
		if h.has(q.URL + "\x00" + q.body() + "\x00" + fmt.Sprint(q.Headers)) {
			do(q)
		}
	}
	return open(path, func(r *bufio.Reader) error {
		start, err := r.Peek(1)
		if err != nil {
			return err
		}
		switch start[0] {
		case '[':
			d := json.NewDecoder(r)
			if _, err := d.Token(); err != nil {
				return err
			}
			for d.More() {
				var q request
				if err := d.Decode(&q); err != nil {
					return err
				}
				take(&q)
			}
			return nil
		case '{':
			return eachLine(r, func(line []byte) error {
				var q request
				if err := json.Unmarshal(line, &q); err != nil {
					return err
				}
				take(&q)
				return nil
			})
		}
		return raw(r, take)
	})
}

// raw reads requests of HTTP/1 whose bodies are as long as they say; blank lines may stand between them, as in CSIC 2010.
func raw(r *bufio.Reader, take func(*request)) error {
	for {
		line, err := r.ReadString('\n')
		if err == io.EOF && line == "" {
			return nil
		}
		if err != nil && err != io.EOF {
			return err
		}
		parts := strings.Fields(line)
		if len(parts) == 0 {
			continue
		}
		if len(parts) < 2 {
			return fmt.Errorf("%q begins no request", line)
		}
		q := &request{Method: parts[0], URL: strings.Join(parts[1:max(2, len(parts)-1)], " "), Headers: map[string]string{}}
		for {
			line, err = r.ReadString('\n')
			if err != nil && err != io.EOF {
				return err
			}
			line = strings.TrimRight(line, "\r\n")
			if line == "" {
				break
			}
			name, value, _ := strings.Cut(line, ":")
			q.Headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
		for name, value := range q.Headers {
			if n, err := strconv.Atoi(value); err == nil && strings.EqualFold(name, "content-length") && n >= 0 && n <= 1<<20 {
				body := make([]byte, n)
				m, err := io.ReadFull(r, body)
				if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
					return err
				}
				q.Data = string(body[:m])
			}
		}
		take(q)
	}
}
