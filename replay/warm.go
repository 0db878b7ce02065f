package replay

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"sync"

	"golang.org/x/sync/errgroup"

	"metron/internal/exchange"
)

// WarmAuto opens as many connections ahead as the plan will need at once, if a
// trial request has shown that the target keeps them.
const WarmAuto = -1

const (
	// maxWarm bounds what WarmAuto opens.
	maxWarm = 1024
	// dialing is how many are being opened at a time: a listener's queue is short.
	dialing = 32
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// warm holds connections that were opened before anybody asked for them, so that
// a burst at the start of a run does not wait for handshakes.
type warm struct {
	mu   sync.Mutex
	idle map[string][]net.Conn // by address, the oldest first
}

// before gives a dial that takes a warm connection where there is one. A server
// may have closed it meanwhile: such a one is passed over.
func (w *warm) before(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		for {
			c := w.take(address)
			if c == nil {
				return dial(ctx, network, address)
			}
			if !stale(c) {
				return c, nil
			}
			c.Close()
		}
	}
}

func (w *warm) take(address string) net.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	idle := w.idle[address]
	if len(idle) == 0 {
		return nil
	}
	w.idle[address] = idle[1:]
	return idle[0]
}

// open opens n connections to an address.
func (w *warm) open(ctx context.Context, dial dialFunc, address string, n int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(dialing)
	for range n {
		g.Go(func() error {
			c, err := dial(ctx, "tcp", address)
			if err != nil {
				return err
			}
			if s := socket(c); s != nil {
				s.Ahead = true
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.idle == nil {
				w.idle = map[string][]net.Conn{}
			}
			w.idle[address] = append(w.idle[address], c)
			return nil
		})
	}
	return g.Wait()
}

// close closes those that nobody took.
func (w *warm) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, idle := range w.idle {
		for _, c := range idle {
			c.Close()
		}
	}
	w.idle = nil
}

// socket is the stamped connection beneath.
func socket(c net.Conn) *exchange.Conn {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	s, _ := c.(*exchange.Conn)
	return s
}

// addressOf is what the transport dials for a URL.
func addressOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
