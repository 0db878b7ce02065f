package capture

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"metron/schema"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// scrape reads /metrics as Prometheus does: the value of each series, of a
// histogram its count.
func scrape(t *testing.T, s *Server) map[string]float64 {
	t.Helper()
	_, body := get(t, "http://"+s.admin.listener.Addr().String()+"/metrics")
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for name, family := range families {
		for _, m := range family.Metric {
			series := strings.TrimPrefix(name, "metron_capture_")
			for _, l := range m.Label {
				series += " " + l.GetValue()
			}
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				values[series] = m.Counter.GetValue()
			case dto.MetricType_GAUGE:
				values[series] = m.Gauge.GetValue()
			case dto.MetricType_HISTOGRAM:
				values[series] = float64(m.Histogram.GetSampleCount())
			}
		}
	}
	return values
}

// TestAdmin watches a stream pass: in flight while it does, and counted after.
func TestAdmin(t *testing.T) {
	next := make(chan struct{})
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, event("a"))
		w.(http.Flusher).Flush()
		<-next
		io.WriteString(w, event("b")+event("c")+"data: [DONE]\n\n") // in one read
	}), func(s *Server) { s.Admin = "127.0.0.1:0" })
	admin := "http://" + s.admin.listener.Addr().String()
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body := get(t, admin+path); code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	resp := post(t, s, chatRequest)
	defer resp.Body.Close()
	if n := scrape(t, s)["requests_in_flight"]; n != 1 {
		t.Errorf("%v requests in flight, want 1", n)
	}
	close(next)
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the request is counted", func() bool { return scrape(t, s)["requests_total ok"] == 1 })
	eventually(t, "and its row", func() bool { return scrape(t, s)["records_total"] == 1 })
	v := scrape(t, s)
	for series, want := range map[string]float64{
		"recorded_requests_total openai.chat ok": 1, "requests_in_flight": 0, "recorder_queue_bytes": 0, "recording": 1, "write_errors_total": 0,
		"records_dropped_total memory": 0, "records_dropped_total disk": 0,
		"time_to_first_token_seconds openai.chat": 1, "time_between_tokens_seconds openai.chat": 2,
		"token_chunks_total": 3, "request_body_bytes_total openai.chat": float64(len(chatRequest)),
	} {
		if got, there := v[series]; !there || got != want {
			t.Errorf("%s is %v (there: %v), want %v", series, got, there, want)
		}
	}
	if v["added_latency_seconds"] < 2 || v["coalesced_token_chunks_total"] < 1 || v["go_goroutines"] == 0 {
		t.Errorf("added latency of %v reads, %v coalesced, %v goroutines", v["added_latency_seconds"], v["coalesced_token_chunks_total"], v["go_goroutines"])
	}
	s.admin.stop()
	if code, _ := get(t, admin+"/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("ready while it stops: %d", code)
	}
	stop(t, s)
	if _, err := http.Get(admin + "/healthz"); err == nil {
		t.Error("the admin address answers after the end")
	}
}

// TestAllRequestsAreCounted: recorded or not, by how they ended.
func TestAllRequestsAreCounted(t *testing.T) {
	for name, change := range map[string]func(*Server){
		"recorded":     func(*Server) {},
		"filtered out": func(s *Server) { s.Only.Paths = []string{"/none"} },
		"unrecorded":   func(s *Server) { s.Unrecorded = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/error":
					w.WriteHeader(http.StatusTooManyRequests)
				case "/nothing":
					panic(http.ErrAbortHandler)
				case "/cut", "/left":
					io.WriteString(w, "some")
					w.(http.Flusher).Flush()
					if r.URL.Path == "/left" {
						<-r.Context().Done()
					}
					panic(http.ErrAbortHandler)
				}
			}), func(s *Server) { s.Admin = "127.0.0.1:0"; change(s) })
			defer s.Close()
			for _, path := range []string{"/", "/", "/error", "/nothing", "/cut", "/left"} {
				resp, err := http.Get(s.URL() + path)
				if err != nil {
					t.Fatal(err)
				}
				if path != "/left" {
					_, _ = io.ReadAll(resp.Body)
				}
				resp.Body.Close()
			}
			want := map[string]float64{"ok": 2, "http_error": 1, "transport_error": 1, "truncated": 1, "client_abort": 1}
			var got map[string]float64
			eventually(t, fmt.Sprintf("the counts are %v", want), func() bool {
				got = map[string]float64{}
				for series, n := range scrape(t, s) {
					if outcome, ok := strings.CutPrefix(series, "requests_total "); ok {
						got[outcome] = n
					}
				}
				return maps.Equal(got, want)
			})
		})
	}
}

// TestAdminTellsThatRecordingFails: traffic goes on, so it stays ready.
func TestAdminTellsThatRecordingFails(t *testing.T) {
	s := start(t, http.NotFoundHandler(), func(s *Server) { s.Admin = "127.0.0.1:0" })
	defer s.Close()
	s.recorder.health(errors.New("no space left"))
	if code, body := get(t, "http://"+s.admin.listener.Addr().String()+"/readyz"); code != http.StatusOK || !strings.Contains(body, "not recording") {
		t.Errorf("%d %s", code, body)
	}
	if v := scrape(t, s); v["recording"] != 0 || v["write_errors_total"] != 1 {
		t.Errorf("recording %v, write errors %v", v["recording"], v["write_errors_total"])
	}
}

func TestAdminAddressIsTaken(t *testing.T) {
	s := start(t, http.NotFoundHandler(), nil)
	defer s.Close()
	other := &Server{Recording: Recording{Dir: t.TempDir()}, Upstream: s.Upstream, Listen: "127.0.0.1:0", Admin: s.listener.Addr().String()}
	if err := other.Start(); err == nil || !strings.Contains(err.Error(), "admin address") {
		t.Errorf("started: %v", err)
	}
}

func TestMetricsFollowTheConventions(t *testing.T) {
	m := newMetrics(func() vitals { return vitals{} })
	m.ended(&schema.Record{RecordID: uuid.New(), API: schema.APIChat, Outcome: schema.OutcomeOK})
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "metron_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// TestTokenMetrics holds the samples of rows against METRICS' definitions.
func TestTokenMetrics(t *testing.T) {
	for _, c := range []struct {
		name                         string
		row                          schema.Record
		ttft, tbt, chunks, coalesced float64
	}{
		{"role first", schema.Record{Outcome: "ok", Stream: true, ChunkTime: []int64{1, 2, 3}, ChunkKind: []int8{4, 0, 0}, ChunkRead: []int32{0, 0, 1}}, 1, 1, 2, 0},
		{"one read", schema.Record{Outcome: "ok", Stream: true, ChunkTime: []int64{5, 5, 5}, ChunkKind: []int8{0, 1, 2}, ChunkRead: []int32{7, 7, 7}}, 1, 2, 3, 2},
		{"two choices", schema.Record{Outcome: "ok", Stream: true, ChunkTime: []int64{1, 2, 3, 4}, ChunkKind: []int8{0, 0, 0, 0}, ChunkChoice: []int16{0, 1, 0, 1}, ChunkRead: []int32{0, 1, 2, 3}}, 1, 2, 4, 0},
		{"cut", schema.Record{Outcome: "truncated", Stream: true, ChunkTime: []int64{1, 2}, ChunkKind: []int8{0, 0}, ChunkRead: []int32{0, 0}}, 0, 0, 2, 1},
		{"reads unknown", schema.Record{Outcome: "ok", Stream: true, ChunkTime: []int64{1, 2}, ChunkKind: []int8{0, 0}}, 1, 1, 2, 0},
		{"whole", schema.Record{Outcome: "ok"}, 0, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMetrics(func() vitals { return vitals{} })
			c.row.API = schema.APIChat
			m.ended(&c.row)
			samples := func(name string) float64 {
				families, err := m.registry.Gather()
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range families {
					if f.GetName() == "metron_capture_"+name {
						return float64(f.Metric[0].GetHistogram().GetSampleCount())
					}
				}
				return 0 // none yet
			}
			got := []float64{samples("time_to_first_token_seconds"), samples("time_between_tokens_seconds"), testutil.ToFloat64(m.chunks), testutil.ToFloat64(m.coalesced)}
			for i, want := range []float64{c.ttft, c.tbt, c.chunks, c.coalesced} {
				if got[i] != want {
					t.Errorf("TTFT, TBT, chunks, coalesced are %v, want %v", got, []float64{c.ttft, c.tbt, c.chunks, c.coalesced})
					break
				}
			}
		})
	}
}

// TestNobodyAsked: without an admin address nothing is counted, and nothing fails.
func TestNobodyAsked(t *testing.T) {
	var m *metrics
	m.added(1)
	m.ended(&schema.Record{})
	var a *admin
	a.start(nil, nil)
	a.stop()
	if err := errors.Join(a.close()); err != nil {
		t.Error(err)
	}
}

// BenchmarkAdded is what the admin address costs a read on the path.
func BenchmarkAdded(b *testing.B) {
	m := newMetrics(func() vitals { return vitals{} })
	b.ReportAllocs()
	for b.Loop() {
		m.added(120)
	}
}

func TestAddedAllocatesNothing(t *testing.T) {
	m := newMetrics(func() vitals { return vitals{} })
	if n := testing.AllocsPerRun(100, func() { m.added(120) }); n != 0 {
		t.Errorf("%v allocations a read", n)
	}
}

// TestAdminWithoutRecording: what only forwards is watched, too.
func TestAdminWithoutRecording(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }),
		func(s *Server) { s.Admin, s.Unrecorded = "127.0.0.1:0", true })
	defer s.Close()
	if code, body := get(t, s.URL()); code != http.StatusOK || body != "hello" {
		t.Fatalf("%d %q", code, body)
	}
	if _, body := get(t, "http://"+s.admin.listener.Addr().String()+"/readyz"); !strings.Contains(body, "not recording") {
		t.Errorf("readyz: %q", body)
	}
	// A read is told of once it has been flushed: the client may be faster.
	eventually(t, "the read is told of", func() bool { return scrape(t, s)["added_latency_seconds"] >= 1 })
	if v := scrape(t, s); v["recording"] != 0 || v["recorder_queue_bytes"] != 0 {
		t.Errorf("recording %v, %v bytes wait", v["recording"], v["recorder_queue_bytes"])
	}
}

// TestAdminThatNeverServed closes its listener.
func TestAdminThatNeverServed(t *testing.T) {
	a, err := listenAdmin("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.close(); err != nil {
		t.Error(err)
	}
}
