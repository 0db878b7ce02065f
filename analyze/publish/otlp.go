package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/metrics/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	"google.golang.org/protobuf/proto"

	"metron/internal/term"
)

// otlp publishes OpenTelemetry metrics over HTTP, in protobuf.
type otlp struct {
	server
	resource []*common.KeyValue // of OTEL_RESOURCE_ATTRIBUTES
}

const otlpPath = "/v1/metrics"

func openOTLP(value string, env func(string) string) (Tracker, error) {
	base, err := baseURL(value, "OTEL_EXPORTER_OTLP_HEADERS holds headers, such as authorization=Bearer%20TOKEN")
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(base.Path, otlpPath) {
		base = base.JoinPath(otlpPath)
	}
	o := &otlp{server: newServer(base, http.Header{})}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS"} { // the second prevails
		if err := eachPair(name, env(name), o.header.Set); err != nil {
			return nil, err
		}
	}
	const attributes = "OTEL_RESOURCE_ATTRIBUTES"
	return o, eachPair(attributes, env(attributes), func(key, value string) { o.resource = append(o.resource, text(key, value)) })
}

// eachPair reads a variable of "name=value,name=value", the values in percent-encoding.
// What is wrong is said by its place: it may be a secret.
func eachPair(variable, list string, take func(name, value string)) error {
	for i, part := range strings.Split(list, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || err != nil || !isToken(name) || strings.ContainsAny(value, "\r\n\x00") {
			return fmt.Errorf("%s is not a list of name=value in percent-encoding: its part %d is none", variable, i+1)
		}
		take(name, value)
	}
	return nil
}

func isToken(name string) bool {
	return name != "" && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// tries is how often a request is sent that the server asks to send again.
const tries = 4

// Publish sends one request with all metrics.
func (o *otlp) Publish(ctx context.Context, r *Report) (string, error) {
	body, err := proto.Marshal(&collector.ExportMetricsServiceRequest{ResourceMetrics: otlpMetrics(r, o.resource)})
	if err != nil {
		return "", err
	}
	where := o.base.String()
	for try := 1; ; try++ {
		answer, err := o.send(ctx, http.MethodPost, o.base, "application/x-protobuf", body)
		if err == nil {
			return where, accepted(answer)
		}
		wait, again := retryIn(err, try)
		if !again {
			if e := (*statusError)(nil); errors.As(err, &e) && e.status == http.StatusNotFound {
				err = term.WithHint(err, "a collector takes OTLP over HTTP at port 4318, path %s", otlpPath)
			}
			return "", fmt.Errorf("%s: %w", where, err)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(wait):
		}
	}
}

// accepted reads an answer: a server may have thrown part of it away.
func accepted(answer []byte) error {
	var response collector.ExportMetricsServiceResponse
	if err := proto.Unmarshal(answer, &response); err != nil {
		return nil // it said 200; some servers answer with a word
	}
	if part := response.GetPartialSuccess(); part.GetRejectedDataPoints() > 0 {
		return fmt.Errorf("the server rejected %s: %s", term.Plural(part.GetRejectedDataPoints(), "data point", "data points"), cut(part.GetErrorMessage(), 300))
	}
	return nil
}

// retryIn says whether and when the protocol asks to try again.
func retryIn(err error, try int) (time.Duration, bool) {
	e := (*statusError)(nil)
	if try == tries || !errors.As(err, &e) {
		return 0, false
	}
	switch e.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return 0, false
	}
	wait := time.Second << (try - 1)
	if seconds, err := strconv.Atoi(e.header.Get("Retry-After")); err == nil && seconds >= 0 {
		wait = min(time.Duration(seconds)*time.Second, 30*time.Second)
	}
	return wait, true
}
