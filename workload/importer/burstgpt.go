package importer

import (
	"bytes"
	"fmt"

	"metron/internal/term"
	"metron/schema"
)

func burstGPTFormat() Format {
	return Format{
		Name:  "burstgpt",
		Usage: "BurstGPT traces, CSV",
		Details: "Columns are found by name in the header: Timestamp (seconds after the trace's beginning), Request tokens,\n" +
			"Response tokens, and where they are Model, Session ID and Elapsed time (seconds, end to end). A row without\n" +
			"response tokens is a request that failed: http_error, error_type no_response_tokens. Stamps are whole\n" +
			"seconds, so many rows share one: see --spread. The first 20 hours run at a hundredth of the later rate.",
		Example: "metron import burstgpt BurstGPT_1.csv --out burst.parquet",
		Takes:   []string{"epoch"},
		sniff: func(h *head) string {
			return h.because(h.columns("timestamp", "request tokens", "response tokens"), "its header has Timestamp, Request tokens and Response tokens")
		},
		open: openBurstGPT,
	}
}

// burstGPT reads rows like "5,ChatGPT,472,18,490,Conversation log".
type burstGPT struct {
	*table
	ids      *rowIDs
	sessions sessions

	stamp, model, request, response, session, elapsed int // columns; -1 when absent
	failed                                            int64

	inputTokens, outputTokens, end int64 // the row's, which its pointers share
}

func openBurstGPT(in *input) (source, error) {
	b := &burstGPT{ids: newRowIDs("burstgpt", in), sessions: sessions{}}
	var err error
	b.table, err = openTable(in, "a BurstGPT trace begins with Timestamp,Model,Request tokens,Response tokens",
		tableColumn{"Timestamp", &b.stamp, true}, tableColumn{"Request tokens", &b.request, true},
		tableColumn{"Response tokens", &b.response, true}, tableColumn{"Model", &b.model, false},
		tableColumn{"Session ID", &b.session, false}, tableColumn{"Elapsed time", &b.elapsed, false})
	return b, err
}

func (b *burstGPT) next(r *schema.Record) error {
	line, err := b.table.next()
	if err != nil {
		return err
	}
	fillChat(r)
	r.RecordID = b.ids.id(b.in.rows, line)
	if err := b.parse(r); err != nil {
		return b.in.bad(err)
	}
	if *r.OutputTokens == 0 {
		b.failed++
		r.Outcome, r.ErrorType = schema.OutcomeHTTPError, "no_response_tokens"
	}
	if b.session >= 0 {
		if name := string(bytes.TrimSpace(b.fields[b.session])); name != "" {
			b.sessions.add(r, b.in.scopedName(name))
		}
	}
	return nil
}

func (b *burstGPT) parse(r *schema.Record) (err error) {
	at, cut, err := scaled(b.fields[b.stamp], secondsToUS)
	if err != nil {
		return fmt.Errorf("column Timestamp: %s is %w; it takes seconds", quote(b.fields[b.stamp]), err)
	}
	r.StartTime = b.in.options.EpochUS + at
	if b.inputTokens, err = count("Request tokens", b.fields[b.request]); err != nil {
		return err
	}
	if b.outputTokens, err = count("Response tokens", b.fields[b.response]); err != nil {
		return err
	}
	r.InputTokens, r.OutputTokens = &b.inputTokens, &b.outputTokens
	if b.model >= 0 {
		r.RequestModel = string(b.fields[b.model])
	}
	if b.elapsed >= 0 && len(b.fields[b.elapsed]) > 0 {
		if b.end, _, err = scaled(b.fields[b.elapsed], secondsToUS); err == nil && b.end < 0 {
			err = errNegative
		}
		if err != nil {
			return fmt.Errorf("column Elapsed time: %s is %w", quote(b.fields[b.elapsed]), err)
		}
		r.End = &b.end
	}
	b.in.countCut(cut)
	return nil
}

func (b *burstGPT) remarks() []string {
	if b.failed == 0 {
		return nil
	}
	return []string{term.Plural(int64(b.failed), "row without response tokens is a request that failed", "rows without response tokens are requests that failed")}
}
