package capture

import "github.com/prometheus/client_golang/prometheus"

// vitals are the recorder's state at a moment.
type vitals struct {
	inFlight  int64
	held      int64 // bytes in the queue, and of requests in flight
	did       tally
	taken     int64 // records that the journal took, those that were lost with it later included
	lagUS     int64 // age of what waits longest for the journal
	recording bool  // rows reach the disk
}

func (r *recorder) vitals() vitals {
	v := vitals{inFlight: r.counts.inFlight.Load()}
	v.did, v.taken = r.counts.all()
	if r.queue != nil { // else nothing is recorded, as asked
		v.held, v.recording = r.budget.held.Load(), r.recording()
		v.lagUS = max(r.clock.NowUS()-r.roundUS.Load(), r.waitedUS.Load())
	}
	return v
}

// vitalsCollector hands vitals to Prometheus, all of one moment.
type vitalsCollector struct {
	state                           func() vitals
	inFlight, held, lag, recording  *prometheus.Desc
	records, dropped, leftOut, less *prometheus.Desc
}

func newVitalsCollector(state func() vitals) *vitalsCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("metron_capture_"+name, help, labels, nil)
	}
	return &vitalsCollector{state: state,
		inFlight:  desc("requests_in_flight", "Requests that have begun and not ended."),
		held:      desc("recorder_queue_bytes", "Bytes that recording holds: what waits to be decoded, and what is being put together."),
		lag:       desc("journal_lag_seconds", "Age of what waits longest to be decoded and journalled."),
		recording: desc("recording", "1 while rows reach the disk, 0 while traffic passes unrecorded."),
		records:   desc("records_total", "Records that were complete and taken by a journal."),
		dropped:   desc("records_dropped_total", "Records that were given up, by reason: no memory was left, or the disk took nothing.", "reason"),
		leftOut:   desc("requests_left_out_total", "Requests that were not to be recorded, by reason.", "reason"),
		less:      desc("records_degraded_total", "Records that keep less than was asked for, since memory was short, by what they keep.", "to"),
	}
}

// Describe lists what Collect will send.
func (v *vitalsCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{v.inFlight, v.held, v.lag, v.recording, v.records, v.dropped, v.leftOut, v.less} {
		to <- d
	}
}

// Collect reads the state once.
func (v *vitalsCollector) Collect(to chan<- prometheus.Metric) {
	now := v.state()
	gauge := func(d *prometheus.Desc, value float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
	}
	counter := func(d *prometheus.Desc, n int64, label ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), label...)
	}
	gauge(v.inFlight, float64(now.inFlight))
	gauge(v.held, float64(now.held))
	gauge(v.lag, seconds(now.lagUS))
	if now.recording {
		gauge(v.recording, 1)
	} else {
		gauge(v.recording, 0)
	}
	counter(v.records, now.taken)
	counter(v.dropped, now.did.dropped, "memory")
	counter(v.dropped, now.did.failed, "disk")
	counter(v.leftOut, now.did.filtered, "filtered")
	counter(v.leftOut, now.did.sampledOut, "sampled")
	counter(v.less, now.did.toHash, "hash")
	counter(v.less, now.did.toLengths, "lengths")
}
