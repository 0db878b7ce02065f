package capture

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// admin answers on an address of its own, which clients need not reach:
//
//   - /healthz: the process lives
//   - /readyz: it takes requests. It says 503 from the moment that it is told to
//     stop. Recording that fails does not make it unready, since it would take the
//     traffic away, which goes on; the answer and metron_capture_recording say it.
//     Nor does the upstream: whether it can be reached is for its own probes.
//   - /metrics: Prometheus' text, of this capture and of the process
type admin struct {
	listener net.Listener
	http     *http.Server
	stopping atomic.Bool
}

func listenAdmin(address string) (*admin, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on the admin address %s: %w", address, err)
	}
	return &admin{listener: l}, nil
}

// start serves; a nil *admin is none.
func (a *admin) start(m *metrics, state func() vitals) {
	if a == nil {
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case a.stopping.Load():
			http.Error(w, "stopping", http.StatusServiceUnavailable)
		case !state().recording:
			fmt.Fprintln(w, "ready, but not recording")
		default:
			fmt.Fprintln(w, "ready")
		}
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	a.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute}
	go a.http.Serve(a.listener)
}

// stop makes it unready.
func (a *admin) stop() {
	if a != nil {
		a.stopping.Store(true)
	}
}

func (a *admin) close() error {
	if a == nil {
		return nil
	}
	if a.http == nil { // it never served
		return a.listener.Close()
	}
	return a.http.Close()
}
