package inspect

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"metron/schema"
)

// rule is one thing that holds for every row.
type rule struct {
	name  string
	note  bool // what breaks it is odd, yet may be what a server really did
	check func(c *rowCheck)
}

// rowCheck is one row before one rule after the other.
type rowCheck struct {
	*schema.Record
	meta     *schema.Meta
	measured bool // metron itself took the times
	rules    []rule
	rule     rule // at hand
	report   func(r rule, f *schema.Fault)
}

func newRowCheck(meta *schema.Meta, report func(r rule, f *schema.Fault)) *rowCheck {
	return &rowCheck{meta: meta, measured: meta.Vantage == schema.VantageCapture || meta.Vantage == schema.VantageReplay, rules: rules(), report: report}
}

// row holds a row against every rule. One that breaks Record.Check has lists of
// different lengths or the like, about which the others say nothing.
func (c *rowCheck) row(r *schema.Record) {
	if bad := (*schema.Fault)(nil); errors.As(r.Check(), &bad) {
		c.report(rule{name: "structure"}, bad)
		return
	}
	c.Record = r
	for _, c.rule = range c.rules {
		c.rule.check(c)
	}
}

func (c *rowCheck) fail(column, want, is string, args ...any) {
	c.report(c.rule, schema.Faultf(column, want, is, args...))
}

// rules are those of sound rows, by DESIGN's words on the columns and by what
// capture, replay and import write.
func rules() []rule {
	return []rule{
		{"words", false, (*rowCheck).words},
		{"required", false, (*rowCheck).required},
		{"range", false, (*rowCheck).ranges},
		{"time_order", false, (*rowCheck).timeOrder},
		{"outcome", false, (*rowCheck).outcomes},
		{"chunks", false, (*rowCheck).chunks},
		{"privacy", false, (*rowCheck).privacy},
		{"blocks", false, (*rowCheck).blocks},
		{"json", false, (*rowCheck).objects},
		{"new_api", true, (*rowCheck).newAPI},
		{"token_count", true, (*rowCheck).tokenCount},
		{"usage", true, (*rowCheck).usage},
		{"early_answer", true, (*rowCheck).earlyAnswer},
		{"choice", true, (*rowCheck).choices},
		{"block_count", true, (*rowCheck).blockCount},
	}
}

func (c *rowCheck) words() {
	for _, w := range []struct {
		column, value string
		optional      bool
	}{
		{"phase", c.Phase, false}, {"token_source", c.TokenSource, false}, {"recorded", c.Recorded, false},
		{"block_unit", c.BlockUnit, true}, {"overload", c.Overload, true},
	} {
		if words := schema.Words(w.column); !slices.Contains(words, w.value) && !(w.optional && w.value == "") {
			c.fail(w.column, "one of "+strings.Join(words, ", "), "%s is %q", w.column, w.value)
		}
	}
	if c.API == "" {
		c.fail("api", "the API that was spoken", "api is empty")
	}
}

// required are the columns that a row of such an outcome has, if metron itself
// took part in the request. An import has what its source had.
func (c *rowCheck) required() {
	if !c.measured {
		return
	}
	need := func(column string, there bool) {
		if !there {
			c.fail(column, "a value, as the outcome is "+c.Outcome, "%s is null", column)
		}
	}
	need("method", c.Method != "")
	if c.Outcome == schema.OutcomeUnknown || c.Outcome == schema.OutcomeNotSent {
		return
	}
	need("end", c.End != nil)
	switch c.Outcome {
	case schema.OutcomeOK, schema.OutcomeTruncated, schema.OutcomeStreamError, schema.OutcomeHTTPError:
		need("http_status", c.HTTPStatus != nil)
	case schema.OutcomeClientAbort:
		need("client_abort", c.ClientAbort != nil)
	}
	switch c.Outcome {
	case schema.OutcomeTruncated, schema.OutcomeStreamError, schema.OutcomeTransportError, schema.OutcomeTimeout:
		need("error_type", c.ErrorType != "")
	}
	if c.HTTPStatus != nil || len(c.ChunkTime) > 0 {
		need("headers", c.Headers != nil)
	}
	if c.meta.Vantage == schema.VantageReplay {
		need("source_record_id", c.SourceRecordID != (schema.Record{}).SourceRecordID)
		need("target", c.Target != "")
		need("dispatched", c.Dispatched != nil)
	}
}

// ranges are the numbers that can only be of a certain size. ready may be below
// zero: a dependency may be met before the request is due.
func (c *rowCheck) ranges() {
	for _, n := range []struct {
		column string
		value  *int64
	}{
		{"loop", c.Loop}, {"turn", c.Turn}, {"think_time", c.ThinkTime}, {"min_tokens", c.MinTokens},
		{"tool_count", &c.ToolCount}, {"image_count", &c.ImageCount}, {"request_bytes", &c.RequestBytes},
		{"expected_output_tokens", c.ExpectedOutputTokens}, {"response_bytes", c.ResponseBytes},
		{"dispatched", c.Dispatched}, {"connected", c.Connected}, {"wrote", c.Wrote}, {"headers", c.Headers}, {"end", c.End},
		{"client_stall", c.ClientStall}, {"client_abort", c.ClientAbort},
	} {
		if n.value != nil && *n.value < 0 {
			c.fail(n.column, "0 or more", "%s is %d", n.column, *n.value)
		}
	}
	if c.ChoiceCount < 1 {
		c.fail("choice_count", "1 or more", "choice_count is %d", c.ChoiceCount)
	}
	if len(c.ChunkTime) > 0 && c.ChunkTime[0] < 0 {
		c.fail("chunk_time", "0 or more", "chunk_time[0] is %d us", c.ChunkTime[0])
	}
	if p := c.SampleRate; p != nil && !(*p > 0 && *p <= 1) {
		c.fail("sample_rate", "above 0, at most 1", "sample_rate is %v", *p)
	}
	if s := c.HTTPStatus; s != nil && (*s < 100 || *s > 999) {
		c.fail("http_status", "three digits", "http_status is %d", *s)
	}
	if c.ParentRecordID == c.RecordID {
		c.fail("parent_record_id", "another row's record_id", "parent_record_id is the row's own")
	}
	if c.StartTime < c.meta.TimeZero {
		c.fail("start_time", "the file's time zero or later", "start_time is %s, %d us before the footer's time zero", wall(c.StartTime), c.meta.TimeZero-c.StartTime)
	}
}

// outcomes holds the other columns against the outcome.
func (c *rowCheck) outcomes() {
	switch s := c.HTTPStatus; {
	case s == nil:
	case *s >= 400 && c.Outcome != schema.OutcomeHTTPError:
		c.fail("outcome", schema.OutcomeHTTPError, "outcome is %s with http_status %d", c.Outcome, *s)
	case *s < 400 && c.Outcome == schema.OutcomeHTTPError:
		c.fail("http_status", "400 or more, as the outcome is http_error", "http_status is %d", *s)
	}
	null := func(column string, there bool) {
		if there {
			c.fail(column, "null, as the outcome is "+c.Outcome, "%s has a value", column)
		}
	}
	switch c.Outcome {
	case schema.OutcomeOK:
		null("error_type", c.ErrorType != "")
		null("error_message", c.ErrorMessage != "")
	case schema.OutcomeUnknown:
		null("end", c.End != nil)
	case schema.OutcomeNotSent:
		null("dispatched", c.Dispatched != nil)
		null("connected", c.Connected != nil)
		null("wrote", c.Wrote != nil)
		null("headers", c.Headers != nil)
		null("http_status", c.HTTPStatus != nil)
		null("chunk_time", len(c.ChunkTime) > 0)
	}
	if c.Overload == "shed" && c.Outcome != schema.OutcomeNotSent {
		c.fail("overload", "an outcome of not_sent with it", "overload is shed, the outcome %s", c.Outcome)
	}
}

// objects are the columns of text that hold JSON.
func (c *rowCheck) objects() {
	for _, text := range []struct{ column, value string }{{"server_metrics", c.ServerMetrics}, {"request_headers", c.RequestHeaders}} {
		if text.value != "" && !json.Valid([]byte(text.value)) {
			c.fail(text.column, "JSON", "%s is %.40q", text.column, text.value)
		}
	}
}
