package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"metron/internal/exchange"
	"metron/internal/forms"
	"metron/internal/term"
	"metron/schema"
)

// model asks a target which model it serves.
func (c *client) model(ctx context.Context, m message) (string, error) {
	target := m.target
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	status, body, err := c.ask(ctx, http.MethodGet, "/v1/models", m)
	if err != nil {
		return "", unreachable(target, err)
	}
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "", refused(target, "GET /v1/models", status, "")
	case status != http.StatusOK || json.Unmarshal(body, &list) != nil || len(list.Data) == 0:
		return "", term.WithHint(fmt.Errorf("target %s does not list its models (GET /v1/models answered %d)", target.Redacted(), status),
			"name one with --model, and check that --target is the server's base URL")
	}
	return list.Data[0].ID, nil
}

// ask sends a request that is not timed.
func (c *client) ask(ctx context.Context, method, path string, m message) (status int, body []byte, err error) {
	resp, _, err := c.send(ctx, method, path, m)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, body, err
}

// patience is how long a target may take over the questions before the run,
// if requests have no shorter timeout.
const patience = time.Minute

// probe sends one small request of the first row's kind, so that a target that
// will refuse every request is found out before the run begins. Its row is
// not part of the run, and its prompt is made up: the recorded one would warm the
// target's cache. Where none can be made, a connection is opened.
func (r *Runner) probe(ctx context.Context, target *url.URL, first *schema.Record) error {
	if !forms.Known(first.API) {
		return r.open(ctx, target, 1)
	}
	small := *first
	small.RecordID = uuid.New()
	small.InputTokens, small.OutputTokens = new(int64(16)), new(int64(1))
	if form := forms.Of(first.API, first.Path, first.RequestBody); form == forms.SageMakerTGI {
		small.API = string(form) // the container may know no other
	}
	small.BlockHashes, small.RequestBody = nil, nil
	m, err := r.message(&small, target, r.Prompt.Body)
	if err != nil {
		return err
	}
	timeout := r.patience()
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	row := &schema.Record{RecordID: small.RecordID, StartTime: r.client.clock.NowUS()}
	x := exchange.Begin(row, exchange.Request{Method: m.method, Path: m.path, Body: m.body, Secrets: r.secrets(target)})
	r.client.do(ctx, x, m, func(int64) {})
	if err := tried(ctx, target, row, timeout); err != nil {
		return err
	}
	r.kept = r.sawKept()
	return nil
}

// tried is what the row of a trial request says against its target.
func tried(ctx context.Context, target *url.URL, r *schema.Record, timeout time.Duration) error {
	request := r.Method + " " + r.Path
	switch r.Outcome {
	case schema.OutcomeOK:
		return nil
	case schema.OutcomeHTTPError:
		return refused(target, request, int(*r.HTTPStatus), r.ErrorMessage)
	case schema.OutcomeClientAbort:
		return ctx.Err()
	case schema.OutcomeTimeout:
		return term.WithHint(fmt.Errorf("target %s did not answer a trial %s within %v", target.Redacted(), request, timeout),
			"check the server; --no-probe sends the trace all the same")
	case schema.OutcomeTransportError:
		return unreachable(target, fmt.Errorf("%s", r.ErrorMessage))
	}
	return term.WithHint(fmt.Errorf("target %s: trial %s ended as %s (%s) %s", target.Redacted(), request, r.Outcome, r.ErrorType, r.ErrorMessage),
		"--no-probe sends the trace all the same")
}

func unreachable(target *url.URL, err error) error {
	return term.WithHint(fmt.Errorf("target %s cannot be reached: %w", target.Redacted(), err),
		"check the URL and that the server is up; `metron sim` starts a simulated one")
}

func refused(target *url.URL, request string, status int, message string) error {
	hint := "--no-probe sends the trace all the same"
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		hint = "give the key with --api-key-env VARIABLE or --api-key-file FILE"
	case status == http.StatusNotFound:
		hint = "check that --target is the server's base URL and --model a model it serves"
	}
	text := fmt.Sprintf("target %s answered %d %s to %s", target.Redacted(), status, http.StatusText(status), request)
	if message = strings.Join(strings.Fields(message), " "); message != "" {
		text += ": " + message
	}
	return term.WithHint(fmt.Errorf("%s", text), "%s", hint)
}
