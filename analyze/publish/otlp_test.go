package publish

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/metrics/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"
)

// otlpDouble decodes what a collector is sent, and answers with a status each.
func otlpDouble(t *testing.T, got *[]*collector.ExportMetricsServiceRequest, answers ...func(http.ResponseWriter)) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := &collector.ExportMetricsServiceRequest{}
		if err := proto.Unmarshal(body, request); err != nil {
			t.Errorf("decode: %v", err)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/v1/metrics" || r.Header.Get("Content-Type") != "application/x-protobuf" ||
			r.Header.Get("Authorization") != "Bearer "+secret || r.Header.Get("X-Scope") != "b" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		*got = append(*got, request)
		if n := len(*got); n <= len(answers) {
			answers[n-1](w)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func openTestOTLP(t *testing.T, url string) Tracker {
	o, err := Open("otlp="+url, env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20"+secret+",x-scope=a",
		"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-scope=b", "OTEL_RESOURCE_ATTRIBUTES", "gen_ai.provider.name=vllm"))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func attribute(list []*common.KeyValue, key string) string {
	for _, a := range list {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

func TestOTLP(t *testing.T) {
	var got []*collector.ExportMetricsServiceRequest
	s := otlpDouble(t, &got)
	where, err := openTestOTLP(t, s.URL).Publish(t.Context(), report(4, 1))
	if err != nil || where != s.URL+"/v1/metrics" || len(got) != 1 {
		t.Fatalf("%q, %v, %d requests", where, err, len(got))
	}
	resource := got[0].ResourceMetrics[0]
	if a := resource.Resource.Attributes; attribute(a, "service.name") != "metron" || attribute(a, "metron.run") != "run.parquet" || attribute(a, "gen_ai.provider.name") != "vllm" {
		t.Errorf("resource %v", a)
	}
	all := map[string]*metrics.Metric{}
	for _, m := range resource.ScopeMetrics[0].Metrics {
		if all[m.Name] != nil {
			t.Errorf("%s twice", m.Name)
		}
		all[m.Name] = m
	}
	ttft := all["gen_ai.server.time_to_first_token"]
	p := ttft.GetHistogram().GetDataPoints()[0]
	// Values at a bound belong to the bucket below it.
	if ttft.Unit != "s" || !slices.Equal(p.BucketCounts[:2], []uint64{3, 4}) || p.BucketCounts[16] != 1 || p.Count != 8 || len(p.BucketCounts) != len(p.ExplicitBounds)+1 {
		t.Errorf("%v", p)
	}
	if p.GetMin() != 0.0005 || p.GetMax() != 11 || p.GetSum() != 0.0005+2*0.001+4*0.0011+11 || p.StartTimeUnixNano != 1_700_000_000_000_000_000 || p.TimeUnixNano != 1_700_000_060_000_000_000 {
		t.Errorf("%v", p)
	}
	if ttft.GetHistogram().AggregationTemporality != metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE {
		t.Error("not cumulative")
	}
	usage := all["gen_ai.client.token.usage"].GetHistogram().GetDataPoints()
	if len(usage) != 2 || attribute(usage[0].Attributes, "gen_ai.token.type") != "input" || attribute(usage[1].Attributes, "gen_ai.token.type") != "output" || usage[1].GetSum() != 21 {
		t.Errorf("%v", usage)
	}
	if all["gen_ai.server.time_per_output_token"] != nil {
		t.Error("a histogram of nothing")
	}
	if m := all["metron.m1"]; m.GetUnit() != "s" || m.GetGauge().DataPoints[0].GetAsDouble() != 3 || attribute(m.GetGauge().DataPoints[0].Attributes, "metron.stat") != "p99.9" {
		t.Errorf("%v", m)
	}
	if m := all["metron.m1.count"]; m.GetUnit() != "1" || m.GetGauge().DataPoints[0].GetAsDouble() != 2 {
		t.Errorf("%v", m)
	}
}

// TestOTLPAttributes: a key is there once, and the user's own, of several the last, prevails.
func TestOTLPAttributes(t *testing.T) {
	got := otlpMetrics(report(0, 0), []*common.KeyValue{text("a", "1"), text("service.name", "bench"), text("a", "2")})[0].Resource.Attributes
	if len(got) != 3 || attribute(got, "service.name") != "bench" || attribute(got, "metron.run") != "run.parquet" || attribute(got, "a") != "2" {
		t.Errorf("%v", got)
	}
}

// TestOTLPAnswers: what the protocol says to send again is sent again, what it says not is not.
func TestOTLPAnswers(t *testing.T) {
	answer := func(status int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(status)
		}
	}
	partial := func(rejected int64) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			body, _ := proto.Marshal(&collector.ExportMetricsServiceResponse{PartialSuccess: &collector.ExportMetricsPartialSuccess{RejectedDataPoints: rejected, ErrorMessage: "too old"}})
			w.Write(body)
		}
	}
	for name, c := range map[string]struct {
		answers  []func(http.ResponseWriter)
		requests int
		want     string
	}{
		"busy, then well": {[]func(http.ResponseWriter){answer(503), answer(429)}, 3, ""},
		"busy for good":   {[]func(http.ResponseWriter){answer(502), answer(504), answer(503), answer(503)}, 4, "status 503"},
		"refused":         {[]func(http.ResponseWriter){answer(401)}, 1, "status 401"},
		"no OTLP there":   {[]func(http.ResponseWriter){answer(404)}, 1, "status 404"},
		"not a retry":     {[]func(http.ResponseWriter){answer(500)}, 1, "status 500"},
		"a part":          {[]func(http.ResponseWriter){partial(1)}, 1, "rejected 1 data point: too old"},
		"a remark":        {[]func(http.ResponseWriter){partial(0)}, 1, ""},
	} {
		var got []*collector.ExportMetricsServiceRequest
		s := otlpDouble(t, &got, c.answers...)
		_, err := openTestOTLP(t, s.URL+"/v1/metrics").Publish(t.Context(), report(2, 1))
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret)) || len(got) != c.requests {
			t.Errorf("%s: %v after %d requests", name, err, len(got))
		}
	}
}
