package page

import "slices"

// hub hands messages to those who follow. Whoever has the Page's lock owns it.
type hub struct {
	queue   int
	clients []*client
}

// client is one browser that follows. Its channel is closed when it is let go.
type client struct{ queue chan []byte }

func (h *hub) join(first ...[]byte) *client {
	c := &client{make(chan []byte, h.queue+len(first))}
	for _, m := range first {
		c.queue <- m
	}
	h.clients = append(h.clients, c)
	return c
}

// send hands m to all, and lets go of those who have no room for it: nobody is waited for.
func (h *hub) send(m []byte) (taken, slow int) {
	h.clients = slices.DeleteFunc(h.clients, func(c *client) bool {
		select {
		case c.queue <- m:
			taken++
			return false
		default:
			slow++
			close(c.queue)
			return true
		}
	})
	return taken, slow
}

// leave takes c out, if it was not let go before.
func (h *hub) leave(c *client) {
	if i := slices.Index(h.clients, c); i >= 0 {
		h.clients = slices.Delete(h.clients, i, i+1)
		close(c.queue)
	}
}
