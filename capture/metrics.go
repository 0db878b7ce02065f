package capture

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"metron/internal/exchange"
	"metron/schema"
)

// metrics are the figures of the passing traffic for the admin address. A nil
// *metrics counts nothing: nobody asked for them.
type metrics struct {
	registry *prometheus.Registry

	addedLatency                prometheus.Histogram
	requests                    *prometheus.CounterVec   // by outcome
	recorded                    *prometheus.CounterVec   // by api and outcome
	ttft, tbt                   *prometheus.HistogramVec // by api
	requestBytes, responseBytes *prometheus.CounterVec   // by api
	chunks, coalesced           prometheus.Counter
	writeErrors                 prometheus.Counter
}

// newMetrics makes them in a registry of their own; state gives the recorder's
// at each scrape. No label has values that a client or a server chooses.
func newMetrics(state func() vitals) *metrics {
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "metron", Subsystem: "capture", Name: name, Help: help}
	}
	histogram := func(name, help string, buckets []float64) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Namespace: "metron", Subsystem: "capture", Name: name, Help: help, Buckets: buckets}
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		addedLatency: prometheus.NewHistogram(histogram("added_latency_seconds",
			"From the return of a read on the server's connection to its bytes written and flushed to the client.",
			[]float64{10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 1})),
		requests: prometheus.NewCounterVec(counter("requests_total", "Requests that ended, recorded or not, by outcome as far as status and transport tell."), []string{"outcome"}),
		recorded: prometheus.NewCounterVec(counter("recorded_requests_total", "Requests that ended and are recorded, by API and outcome as the answer's own events tell."), []string{"api", "outcome"}),
		// The bounds of OpenTelemetry's gen_ai.server.time_to_first_token, and two
		// more for prompts that take long.
		ttft: prometheus.NewHistogramVec(histogram("time_to_first_token_seconds",
			"From a request's head to the first chunk with tokens, of answers that were streamed and ended well.",
			[]float64{.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 30, 60}), []string{"api"}),
		// Those of gen_ai.server.time_per_output_token, and three more for fast decoding.
		tbt: prometheus.NewHistogramVec(histogram("time_between_tokens_seconds",
			"From one chunk with tokens to the next of the same choice, of answers that were streamed and ended well: one sample a chunk, however many tokens it has.",
			[]float64{.001, .0025, .005, .01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5}), []string{"api"}),
		requestBytes:  prometheus.NewCounterVec(counter("request_body_bytes_total", "Bytes of the bodies of requests that ended and are recorded."), []string{"api"}),
		responseBytes: prometheus.NewCounterVec(counter("response_body_bytes_total", "Bytes of the bodies of their responses."), []string{"api"}),
		chunks:        prometheus.NewCounter(counter("token_chunks_total", "Chunks with tokens, of all answers.")),
		coalesced: prometheus.NewCounter(counter("coalesced_token_chunks_total",
			"Those that came in the same socket read as the one before, so that their time is not their own.")),
		writeErrors: prometheus.NewCounter(counter("write_errors_total", "Times that recording began to fail, and tries of sealing a file that failed.")),
	}
	m.registry.MustRegister(m.addedLatency, m.requests, m.recorded, m.ttft, m.tbt, m.requestBytes, m.responseBytes, m.chunks, m.coalesced, m.writeErrors,
		newVitalsCollector(state),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return m
}

// added is told on the path of every token how long it took there.
func (m *metrics) added(us int64) {
	if m != nil {
		m.addedLatency.Observe(seconds(us))
	}
}

// passed is told of each request that ended, on its path; status is 0 where the
// server gave none.
func (m *metrics) passed(status int, e exchange.Ending) {
	if m != nil {
		m.requests.WithLabelValues(exchange.Outcome(status, e)).Inc()
	}
}

// watch has m told of what a recording does.
func (c *Recording) watch(m *metrics) {
	sealed, warn := c.Sealed, c.Warn
	c.metrics = m
	c.Sealed = func(path string, rows int64, err error) {
		if err != nil {
			m.writeErrors.Inc()
		}
		if sealed != nil {
			sealed(path, rows, err)
		}
	}
	c.Warn = func(err error) {
		if err != nil {
			m.writeErrors.Inc()
		}
		if warn != nil {
			warn(err)
		}
	}
}

// ended takes a complete row, off the path.
func (m *metrics) ended(row *schema.Record) {
	if m == nil {
		return
	}
	m.recorded.WithLabelValues(row.API, row.Outcome).Inc()
	m.requestBytes.WithLabelValues(row.API).Add(float64(row.RequestBytes))
	if row.ResponseBytes != nil {
		m.responseBytes.WithLabelValues(row.API).Add(float64(*row.ResponseBytes))
	}
	m.tokens(row)
}

// tokens observes the times of a row's chunks with tokens. Latencies are those of
// ok rows, as everywhere in metron; coalescing is a matter of the transport.
func (m *metrics) tokens(row *schema.Record) {
	ok := row.Stream && row.Outcome == schema.OutcomeOK
	last := map[int16]int64{} // by choice
	before := -1              // the chunk with tokens before this one
	for i, kind := range row.ChunkKind {
		if kind > schema.KindRefusal {
			continue
		}
		m.chunks.Inc()
		if before >= 0 && len(row.ChunkRead) > 0 && row.ChunkRead[i] == row.ChunkRead[before] {
			m.coalesced.Inc()
		}
		var choice int16
		if len(row.ChunkChoice) > 0 {
			choice = row.ChunkChoice[i]
		}
		at := row.ChunkTime[i]
		if since, again := last[choice]; ok && again {
			m.tbt.WithLabelValues(row.API).Observe(seconds(at - since))
		}
		if ok && before < 0 {
			m.ttft.WithLabelValues(row.API).Observe(seconds(at))
		}
		last[choice], before = at, i
	}
}

func seconds(us int64) float64 { return float64(us) / 1e6 }
