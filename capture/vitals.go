package capture

import "github.com/prometheus/client_golang/prometheus"

// vitals are the recorder's state at a moment.
type vitals struct {
	inFlight   int64
	queueBytes int64            // what waits to be decoded
	dropped    map[string]int64 // records that were given up, by reason
	recorded   int64
	lagUS      int64 // age of what waits longest for the journal
	recording  bool  // rows reach the disk
}

func (r *recorder) vitals() vitals {
	c := &r.counts
	return vitals{inFlight: c.inFlight.Load(), queueBytes: r.bytes.Load(), recorded: c.recorded.Load(),
		dropped:   map[string]int64{"queue_full": c.dropped.Load(), "disk": c.failed.Load()},
		lagUS:     r.lag.us(r.clock.NowUS()),
		recording: !r.warning.Load()}
}

// vitalsCollector hands vitals to Prometheus, all of one moment.
type vitalsCollector struct {
	state                                           func() vitals
	inFlight, queue, dropped, recorded, lag, health *prometheus.Desc
}

func newVitalsCollector(state func() vitals) *vitalsCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("metron_capture_"+name, help, labels, nil)
	}
	return &vitalsCollector{state: state,
		inFlight: desc("requests_in_flight", "Requests that have begun and not ended."),
		queue:    desc("recorder_queue_bytes", "Bytes that wait to be decoded."),
		dropped:  desc("records_dropped_total", "Records that were given up, by reason.", "reason"),
		recorded: desc("records_total", "Records that were complete and taken by a journal."),
		lag:      desc("journal_lag_seconds", "Age of what waits longest to be decoded and journalled; 0: nothing waits."),
		health:   desc("recording", "1 while rows reach the disk, 0 while traffic passes unrecorded."),
	}
}

// Describe lists what Collect will send.
func (v *vitalsCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{v.inFlight, v.queue, v.dropped, v.recorded, v.lag, v.health} {
		to <- d
	}
}

// Collect reads the state once.
func (v *vitalsCollector) Collect(to chan<- prometheus.Metric) {
	now := v.state()
	gauge := func(d *prometheus.Desc, value float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
	}
	gauge(v.inFlight, float64(now.inFlight))
	gauge(v.queue, float64(now.queueBytes))
	gauge(v.lag, seconds(now.lagUS))
	up := 0.0
	if now.recording {
		up = 1
	}
	gauge(v.health, up)
	to <- prometheus.MustNewConstMetric(v.recorded, prometheus.CounterValue, float64(now.recorded))
	for reason, n := range now.dropped {
		to <- prometheus.MustNewConstMetric(v.dropped, prometheus.CounterValue, float64(n), reason)
	}
}
