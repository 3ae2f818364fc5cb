package websocket

import (
	"bytes"

	"auscult/sensor/http"
)

// extensions are what a server accepted (RFC 6455 section 9.1).
type extensions struct {
	deflate bool    // permessage-deflate (RFC 7692)
	forget  [2]bool // by side: each message is compressed on its own
	unknown bool    // one that is not known, and may give the reserved bits a meaning
}

// negotiated reads the Sec-WebSocket-Extensions of the response. Windows that were agreed to be smaller need no
// heed: a larger one reads them too.
func negotiated(m *http.Message) (ext extensions) {
	for i := range m.Headers {
		h := &m.Headers[i]
		if !http.EqualFold(h.Name, "sec-websocket-extensions") {
			continue
		}
		for list := h.Value; len(list) > 0; {
			var item []byte
			item, list, _ = bytes.Cut(list, []byte{','})
			name, params, _ := bytes.Cut(item, []byte{';'})
			switch name = http.TrimSpace(name); {
			case len(name) == 0:
			case http.EqualFold(name, "permessage-deflate"):
				ext.deflate = true
				for len(params) > 0 {
					var param []byte
					param, params, _ = bytes.Cut(params, []byte{';'})
					switch param = http.TrimSpace(param); {
					case http.EqualFold(param, "client_no_context_takeover"):
						ext.forget[http.Request] = true
					case http.EqualFold(param, "server_no_context_takeover"):
						ext.forget[http.Response] = true
					}
				}
			default:
				ext.unknown = true
			}
		}
	}
	return ext
}
