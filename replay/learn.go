package replay

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"metron/internal/exchange"
	"metron/internal/forms"
	"metron/internal/wire"
	"metron/schema"
)

// Learner is a Prompter that is fitted to a target before the run.
type Learner interface {
	Prompter

	// Learn is given a row of each API that bodies will be made for, and two
	// questions that it may ask: how many prompt tokens the target counts in a request
	// of a row with this body, and how many its tokenizer counts in a text; both are
	// below 0 where the target does not tell. It says what it learned, in lines.
	Learn(ctx context.Context, rows []*schema.Record,
		prompted func(context.Context, *schema.Record, []byte) (int64, error),
		tokenize func(context.Context, *schema.Record, string) (int64, error)) ([]string, error)
}

// learn fits the Prompter to the first target: all serve the same model.
func (r *Runner) learn(ctx context.Context, first *schema.Record) (err error) {
	learner, ok := r.Prompt.(Learner)
	if !ok || r.unfitted {
		return nil
	}
	target := r.Targets[0]
	var rows []*schema.Record
	for _, api := range slices.Sorted(maps.Keys(r.Plan.prompted)) {
		row := &schema.Record{API: api, Method: http.MethodPost, Path: wire.UsualPath(api), Stream: first.Stream, RequestModel: r.Plan.prompted[api]}
		if api == first.API {
			row.Path = first.Path
		}
		nothing := func(*schema.Record) ([]byte, error) { return nil, nil }
		m, err := r.message(row, target, nothing) // makes the row what is sent for it
		if err != nil {
			return err
		}
		row.Method, row.Path = m.method, m.path
		if forms.Known(row.API) && !slices.ContainsFunc(rows, func(has *schema.Record) bool { return has.API == row.API }) {
			rows = append(rows, row)
		}
	}
	r.learned, err = learner.Learn(ctx, rows,
		func(ctx context.Context, row *schema.Record, body []byte) (int64, error) {
			return r.countPrompt(ctx, target, row, body)
		},
		func(ctx context.Context, row *schema.Record, text string) (int64, error) {
			return r.client.tokenize(ctx, r.plain(target), row.RequestModel, text)
		})
	return err
}

// countPrompt sends a request that is no part of the run, and gives the tokens that
// the target counted in its prompt.
func (r *Runner) countPrompt(ctx context.Context, target *url.URL, row *schema.Record, body []byte) (int64, error) {
	sent := *row
	m, err := r.message(&sent, target, func(*schema.Record) ([]byte, error) { return body, nil })
	if err != nil {
		return 0, err
	}
	asking, stop := context.WithTimeout(ctx, r.patience())
	defer stop()
	answer := &schema.Record{RecordID: uuid.New(), StartTime: r.client.clock.NowUS()}
	x := exchange.Begin(answer, exchange.Request{Method: m.method, Path: m.path, Body: m.body, Secrets: r.secrets(target)})
	r.client.do(asking, x, m, func(int64) {})
	if answer.Outcome != schema.OutcomeOK || answer.InputTokens == nil {
		return -1, context.Cause(ctx)
	}
	return *answer.InputTokens, nil
}

// patience is how long a target may take over one of the questions before the run.
func (r *Runner) patience() time.Duration {
	if r.Timeout > 0 {
		return min(r.Timeout, patience)
	}
	return patience
}

// plain is a message to a target that is of no API.
func (r *Runner) plain(target *url.URL) message {
	m := message{target: target, header: http.Header{}}
	authorize(m.header, schema.APIOther, "", r.Key)
	return m
}

// tokenize asks POST /tokenize, in the forms of vLLM and SGLang, of llama.cpp, and of
// TGI; -1: the target does not have it.
func (c *client) tokenize(ctx context.Context, m message, model, text string) (int64, error) {
	asking, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for _, form := range []map[string]any{
		{"model": model, "prompt": text},
		{"content": text, "add_special": true},
		{"inputs": text, "add_special_tokens": true},
	} {
		var err error
		if m.body, err = json.Marshal(form); err != nil {
			return 0, err
		}
		status, answer, err := c.ask(asking, http.MethodPost, "/tokenize", m)
		if err != nil {
			return -1, context.Cause(ctx)
		}
		if n := countOf(answer); status == http.StatusOK && n > 0 {
			return n, nil
		}
	}
	return -1, nil
}

// countOf reads the number of tokens in an answer to /tokenize: a count, a list of
// them, or the bare list; 0 is none.
func countOf(answer []byte) int64 {
	var object struct {
		Count  int64             `json:"count"`
		Tokens []json.RawMessage `json:"tokens"`
	}
	var list []json.RawMessage
	switch {
	case json.Unmarshal(answer, &object) == nil && object.Count > 0:
		return object.Count
	case len(object.Tokens) > 0:
		return int64(len(object.Tokens))
	case json.Unmarshal(answer, &list) == nil:
		return int64(len(list))
	}
	return 0
}
