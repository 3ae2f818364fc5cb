package call

import (
	"bytes"

	"auscult/sensor/http"
)

// multipartArgs takes the fields of a multipart body (RFC 7578), and of files their names: what a file holds is not a
// value of the API, but for a document type declaration, which its reader obeys. It is false when there is no part.
func (b *Builder) multipartArgs(c *Call, ar *Arena, r *Route, media, body []byte) bool {
	mark := parameter(media, "boundary")
	if len(mark) == 0 || len(mark) > maxBoundary {
		first, _, _ := bytes.Cut(trimSpace(body), []byte("\n"))
		mark = bytes.TrimPrefix(trimSpace(first), []byte("--"))
		if len(mark) == 0 || len(mark) > maxBoundary {
			return false
		}
	}
	b.boundary = append(append(b.boundary[:0], "--"...), mark...)
	i := bytes.Index(body, b.boundary)
	if i < 0 {
		return false
	}
	for parts := 0; ; parts++ {
		body = body[i+len(b.boundary):]
		if bytes.HasPrefix(body, []byte("--")) {
			return parts > 0
		}
		i = bytes.Index(body, b.boundary)
		part := body
		if i >= 0 {
			part = body[:i]
		}
		b.part(c, ar, r, part)
		if i < 0 {
			return true
		}
	}
}

// part takes one part with its head.
func (b *Builder) part(c *Call, ar *Arena, r *Route, part []byte) {
	part = bytes.TrimLeft(part, " \t\r\n")
	head, content, ok := bytes.Cut(part, []byte("\r\n\r\n"))
	if !ok {
		head, content, _ = bytes.Cut(part, []byte("\n\n"))
	}
	content = bytes.TrimRight(content, "\r\n")
	var name, file, typ []byte
	for len(head) > 0 {
		line := head
		line, head, _ = bytes.Cut(head, []byte("\n"))
		key, value, _ := bytes.Cut(line, []byte(":"))
		switch key = trimSpace(key); {
		case http.EqualFold(key, "content-disposition"):
			name, file = parameter(value, "name"), parameter(value, "filename")
		case http.EqualFold(key, "content-type"):
			typ = trimSpace(value)
		}
	}
	if file != nil {
		b.put(ar, InBody, nameFilename, file, String)
		if i := bytes.Index(content, []byte("<!DOCTYPE")); i >= 0 {
			b.put(ar, InBody, nameDoctype, content[i:i+declaration(content[i:])], String)
		}
		return
	}
	if bytes.Contains(typ, []byte("json")) && b.jsonArgs(c, ar, r, content) {
		return
	}
	b.operators(b.put(ar, InBody, name, content, String), name)
}
