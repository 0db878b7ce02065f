package importer

import (
	"fmt"
	"strings"

	"metron/internal/term"
	"metron/schema"
)

func otelFormat() Format {
	return Format{
		Name:  "otel",
		Usage: "OpenTelemetry GenAI spans, OTLP JSON",
		Details: "ExportTraceServiceRequest objects with resourceSpans, alone or a line each, as the collector's file exporter\n" +
			"writes them. A span is a request if it has a gen_ai.request.model or token counts and its operation is none of\n" +
			"agents or tools; other spans are counted and left out. Names of attributes are taken in old and new spellings\n" +
			"(gen_ai.usage.prompt_tokens, gen_ai.usage.input_tokens, ...). Spans have no times of tokens, so an answer\n" +
			"counts as one that came whole; gen_ai.latency.* of vLLM is kept in server_metrics.",
		Example: "metron import otel spans.json --out spans.parquet",
		sniff: func(h *head) string {
			return h.because(h.hasAny("resourceSpans", "resource_spans"), "it is objects with resourceSpans")
		},
		open: openOTel,
	}
}

type otel struct {
	*elements
	ids   *rowIDs
	queue []otelSpan
	other int64 // spans that are no requests
}

func openOTel(in *input) (source, error) {
	e, err := openElements(in)
	if err != nil {
		return nil, err
	}
	return &otel{elements: e, ids: newRowIDs("otel", in)}, nil
}

func (o *otel) next(r *schema.Record) error {
	for {
		for len(o.queue) == 0 {
			var doc otelDocument
			if err := o.elements.next(&doc); err != nil {
				return err
			}
			o.queue = doc.spans()
		}
		span := o.queue[0]
		o.queue = o.queue[1:]
		a := span.attributes()
		if !a.request() {
			o.other++
			continue
		}
		o.in.rows++
		fillChat(r)
		r.RecordID = o.ids.id(o.in.rows, []byte(span.TraceID+span.SpanID))
		if err := o.fill(r, &span, a); err != nil {
			return o.bad(fmt.Errorf("span %s: %w", span.SpanID, err))
		}
		return nil
	}
}

func (o *otel) fill(r *schema.Record, span *otelSpan, a otelAttributes) error {
	const nsToUS = -3
	start, cut, err := span.Start.scaled("startTimeUnixNano", nsToUS)
	if err != nil {
		return err
	}
	end, _, err := span.End.scaled("endTimeUnixNano", nsToUS)
	if err != nil {
		return err
	}
	if end < start {
		return fmt.Errorf("endTimeUnixNano lies before startTimeUnixNano")
	}
	o.in.countCut(cut)
	r.StartTime, r.End, r.Stream = start, new(end-start), false
	switch a.text("gen_ai.operation.name") {
	case "text_completion":
		r.API, r.Path = schema.APICompletions, "/v1/completions"
	case "embeddings":
		r.API, r.Path = schema.APIEmbeddings, "/v1/embeddings"
	}
	r.SessionID = a.text("gen_ai.conversation.id")
	r.RequestModel, r.ResponseModel = a.text("gen_ai.request.model"), a.text("gen_ai.response.model")
	r.ResponseID = a.text("gen_ai.response.id")
	r.FinishReasons = a["gen_ai.response.finish_reasons"].texts()
	for _, c := range []struct {
		into  **int64
		names []string
	}{
		{&r.InputTokens, []string{"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"}},
		{&r.OutputTokens, []string{"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"}},
		{&r.CachedInputTokens, []string{"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"}},
		{&r.ReasoningTokens, []string{"gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"}},
		{&r.MaxTokens, []string{"gen_ai.request.max_tokens", "llm.request.max_tokens"}},
		{&r.TopK, []string{"gen_ai.request.top_k"}},
		{&r.Seed, []string{"gen_ai.request.seed"}},
		{&r.HTTPStatus, []string{"http.response.status_code", "http.status_code"}},
	} {
		if *c.into, err = a.count(c.names...); err != nil {
			return err
		}
	}
	if n, err := a.count("gen_ai.request.choice.count"); err == nil && n != nil && *n > 0 {
		r.ChoiceCount = *n
	}
	r.Temperature, r.TopP = a.float("gen_ai.request.temperature"), a.float("gen_ai.request.top_p")
	status := r.HTTPStatus
	if class := a.text("error.type"); class != "" || span.Status.failed() {
		r.HTTPStatus = nil
		fail(r, class, span.Status.Message)
	}
	switch {
	case status != nil && *status >= 400:
		r.Outcome, r.HTTPStatus = schema.OutcomeHTTPError, status
	case r.Outcome != schema.OutcomeHTTPError: // which a status below 400 would contradict
		r.HTTPStatus = status
	}
	r.ServerMetrics = a.metrics()
	return nil
}

// request reports whether a span's attributes are of a request to a model.
func (a otelAttributes) request() bool {
	switch operation := a.text("gen_ai.operation.name"); operation {
	case "execute_tool", "create_agent", "invoke_agent", "invoke_workflow":
		return false
	}
	for name := range a {
		if name == "gen_ai.request.model" || strings.HasPrefix(name, "gen_ai.usage.") || strings.HasPrefix(name, "llm.usage.") {
			return true
		}
	}
	return false
}

func (o *otel) remarks() []string {
	if o.other == 0 {
		return nil
	}
	return []string{term.Plural(int64(o.other), "span is of no request to a model and was left out", "spans are of no request to a model and were left out")}
}
