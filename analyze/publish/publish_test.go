package publish

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// env is an environment of a few variables.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// report is one of so many numbers and settings.
func report(numbers, settings int) *Report {
	r := &Report{Name: "run.parquet", Start: time.UnixMilli(1_700_000_000_000), End: time.UnixMilli(1_700_000_060_000),
		Summary: "run.parquet: 3 requests", JSON: []byte(`{"schema_version":1}`)}
	for i := range numbers {
		r.Numbers = append(r.Numbers, Number{Metric: fmt.Sprintf("m%d_s", i/2), Stat: []string{"count", "p99.9"}[i%2], Unit: "s", Label: "metric", Value: float64(i)})
	}
	for i := range settings {
		r.Settings = append(r.Settings, Pair{fmt.Sprint("setting", i), strings.Repeat("ä", 4000>>min(i, 11))}) // the first is too long
	}
	of := func(metric string, pairs ...float64) Distribution {
		return Distribution{metric, func(yield func(float64, int64) bool) {
			for i := 0; i < len(pairs); i += 2 {
				if !yield(pairs[i], int64(pairs[i+1])) {
					return
				}
			}
		}}
	}
	r.Distributions = []Distribution{of("ttft_s", 0.0005, 1, 0.001, 2, 0.0011, 4, 11, 1), of("tpot_s"), of("input_tokens", 100, 3), of("output_tokens", 7, 3)}
	return r
}

// secrets are no part of what anybody is told.
const secret = "s3cr3t"

func TestOpen(t *testing.T) {
	for _, c := range []struct {
		text, want string
		env        func(string) string
	}{
		{"mlflow=http://127.0.0.1:5000", "", env()},
		{"mlflow=https://mlflow.example.com/under/a/path", "", env("MLFLOW_TRACKING_TOKEN", secret)},
		{"otlp=http://127.0.0.1:4318", "", env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20"+secret+", x-scope=a")},
		{"mlflow", "want mlflow=URL", env()},
		{"mlflow=", "want mlflow=URL", env()},
		{"http://u:" + secret + "@h", "must be one of mlflow=URL, otlp=URL, wandb-offline=DIR", env()},
		{"neptune=x", "must be one of", env()},
		{"otlp=127.0.0.1:4318", "no http:// or https:// URL", env()},
		{"otlp=grpc://h:4317", "no http:// or https:// URL", env()},
		{"mlflow=http://", "no http:// or https:// URL", env()},
		{"mlflow=http://me:" + secret + "@h", "has credentials in it", env()},
		{"otlp=http://" + secret + "@h", "has credentials in it", env()},
		{"mlflow=http://h/?x=" + secret, "query", env()},
		{"mlflow=http://h#" + secret, "fragment", env()},
		{"mlflow=h/?x=" + secret, "no http:// or https:// URL", env()},
		{"http://h/?mlflow=" + secret, "must be one of", env()},
		{"otlp=http://h", "its part 2 is none", env("OTEL_EXPORTER_OTLP_HEADERS", "a=b,"+secret)},
		{"otlp=http://h", "its part 1 is none", env("OTEL_EXPORTER_OTLP_HEADERS", "a=%zz"+secret)},
		{"otlp=http://h", "its part 1 is none", env("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=x%0d%0a"+secret)},
		{"wandb-offline=runs", "", env("WANDB_API_KEY", secret)},
		{"wandb-offline=https://api.wandb.ai", "a folder, and not a URL", env()},
		{"wandb-offline=", "want wandb-offline=DIR", env()},
	} {
		_, err := Open(c.text, c.env)
		switch {
		case (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		case err != nil && strings.Contains(err.Error(), secret):
			t.Errorf("%s: the error tells the secret: %v", c.text, err)
		}
	}
}
