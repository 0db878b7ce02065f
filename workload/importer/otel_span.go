package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// otelDocument is an ExportTraceServiceRequest, in the spellings of OTLP's
// JSON and of plain protobuf JSON.
type otelDocument struct {
	ResourceSpans  []otelResource `json:"resourceSpans"`
	ResourceSpans2 []otelResource `json:"resource_spans"`
}

type otelResource struct {
	ScopeSpans  []otelScope `json:"scopeSpans"`
	ScopeSpans2 []otelScope `json:"scope_spans"`
	Older       []otelScope `json:"instrumentationLibrarySpans"`
}

type otelScope struct {
	Spans []otelSpan `json:"spans"`
}

type otelSpan struct {
	TraceID    string          `json:"traceId"`
	SpanID     string          `json:"spanId"`
	Start      number          `json:"startTimeUnixNano"`
	End        number          `json:"endTimeUnixNano"`
	Attributes []otelAttribute `json:"attributes"`
	Status     otelStatus      `json:"status"`
}

type otelAttribute struct {
	Key   string    `json:"key"`
	Value otelValue `json:"value"`
}

type otelStatus struct {
	Code    json.RawMessage `json:"code"` // 2, or its name
	Message string          `json:"message"`
}

func (s otelStatus) failed() bool {
	return string(s.Code) == "2" || string(s.Code) == `"STATUS_CODE_ERROR"`
}

// spans lists the spans of a document.
func (d *otelDocument) spans() []otelSpan {
	var out []otelSpan
	for _, r := range slices.Concat(d.ResourceSpans, d.ResourceSpans2) {
		for _, s := range slices.Concat(r.ScopeSpans, r.ScopeSpans2, r.Older) {
			out = append(out, s.Spans...)
		}
	}
	return out
}

// otelValue is one of its fields.
type otelValue struct {
	Text   *string  `json:"stringValue"`
	Int    number   `json:"intValue"` // in quotes
	Double *float64 `json:"doubleValue"`
	Array  *struct {
		Values []otelValue `json:"values"`
	} `json:"arrayValue"`
}

// texts is a list of texts, or a text as a list of one.
func (v otelValue) texts() []string {
	switch {
	case v.Text != nil && *v.Text != "":
		return []string{*v.Text}
	case v.Array == nil:
		return nil
	}
	var out []string
	for _, e := range v.Array.Values {
		out = append(out, e.texts()...)
	}
	return out
}

// otelAttributes are the attributes of a span by name.
type otelAttributes map[string]otelValue

func (s *otelSpan) attributes() otelAttributes {
	a := otelAttributes{}
	for _, x := range s.Attributes {
		a[x.Key] = x.Value
	}
	return a
}

// text is that of an attribute, or its number as one; "" where there is none.
func (a otelAttributes) text(name string) string {
	v := a[name]
	if v.Text != nil {
		return *v.Text
	}
	return string(v.Int)
}

// count is the first of the attributes that is there, nil where none is.
func (a otelAttributes) count(names ...string) (*int64, error) {
	for _, name := range names {
		v, ok := a[name]
		text := string(v.Int)
		switch {
		case !ok:
			continue
		case v.Double != nil: // some exporters know no integers
			text = strconv.FormatFloat(*v.Double, 'f', -1, 64)
		case v.Text != nil:
			text = *v.Text
		}
		n, cut, err := scaled([]byte(text), 0)
		if err != nil || cut || n < 0 {
			return nil, fmt.Errorf("attribute %s: %s is no count", name, quote([]byte(text)))
		}
		return &n, nil
	}
	return nil, nil
}

// float is an attribute's number, nil where there is none.
func (a otelAttributes) float(name string) *float64 {
	v := a[name]
	if v.Int != "" {
		if x, err := strconv.ParseFloat(string(v.Int), 64); err == nil {
			return &x
		}
	}
	return v.Double
}

// metrics is an object of the attributes in which vLLM says its own times,
// in seconds; "" where there are none.
func (a otelAttributes) metrics() string {
	const prefix = "gen_ai.latency."
	times := map[string]float64{}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if x := a.float(name); x != nil && strings.HasPrefix(name, prefix) {
			times[strings.TrimPrefix(name, prefix)] = *x
		}
	}
	if len(times) == 0 {
		return ""
	}
	text, err := json.Marshal(times)
	if err != nil { // no JSON has a number that is none
		return ""
	}
	return string(text)
}
