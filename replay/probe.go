package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"metron/internal/exchange"
	"metron/internal/term"
	"metron/schema"
)

// model asks the target which model it serves.
func (c *client) model(ctx context.Context) (string, error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	status, body, err := c.get(ctx, "/v1/models")
	if err != nil {
		return "", c.unreachable(err)
	}
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "", c.refused("GET /v1/models", status, "")
	case status != http.StatusOK || json.Unmarshal(body, &list) != nil || len(list.Data) == 0:
		return "", term.WithHint(fmt.Errorf("target %s does not list its models (GET /v1/models answered %d)", c.target.Redacted(), status),
			"name one with --model, and check that --target is the server's base URL")
	}
	return list.Data[0].ID, nil
}

func (c *client) get(ctx context.Context, path string) (status int, body []byte, err error) {
	req, err := c.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := c.transport.RoundTrip(req)
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
// not part of the run. A row that brings its own body is not tried: sending it
// twice would warm the target's cache.
func (c *client) probe(ctx context.Context, p Prompter, first *schema.Record, timeout time.Duration) error {
	if first.RequestBody != nil {
		return nil
	}
	small := *first
	small.RecordID = uuid.New()
	small.InputTokens, small.OutputTokens = new(int64(16)), new(int64(1))
	small.BlockHashes = nil
	body, err := p.Body(&small)
	if err != nil {
		return err
	}
	if timeout == 0 || timeout > patience {
		timeout = patience
	}
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	row := &schema.Record{RecordID: small.RecordID, StartTime: c.clock.NowUS()}
	x := exchange.Begin(row, exchange.Request{Method: first.Method, Path: first.Path, Body: body, Secrets: []string{c.key}})
	r := c.do(ctx, x, body, func(int64) {})
	request := r.Method + " " + r.Path
	switch r.Outcome {
	case schema.OutcomeOK:
		return nil
	case schema.OutcomeHTTPError:
		return c.refused(request, int(*r.HTTPStatus), r.ErrorMessage)
	case schema.OutcomeClientAbort:
		return ctx.Err()
	case schema.OutcomeTimeout:
		return term.WithHint(fmt.Errorf("target %s did not answer a trial %s within %v", c.target.Redacted(), request, timeout),
			"check the server; --no-probe sends the trace all the same")
	case schema.OutcomeTransportError:
		return c.unreachable(fmt.Errorf("%s", r.ErrorMessage))
	}
	return term.WithHint(fmt.Errorf("target %s: trial %s ended as %s (%s) %s", c.target.Redacted(), request, r.Outcome, r.ErrorType, r.ErrorMessage),
		"--no-probe sends the trace all the same")
}

func (c *client) unreachable(err error) error {
	return term.WithHint(fmt.Errorf("target %s cannot be reached: %w", c.target.Redacted(), err),
		"check the URL and that the server is up; `metron sim` starts a simulated one")
}

func (c *client) refused(request string, status int, message string) error {
	hint := "--no-probe sends the trace all the same"
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		hint = "give the key with --api-key-env VARIABLE or --api-key-file FILE"
	case status == http.StatusNotFound:
		hint = "check that --target is the server's base URL and --model a model it serves"
	}
	text := fmt.Sprintf("target %s answered %d %s to %s", c.target.Redacted(), status, http.StatusText(status), request)
	if message = strings.Join(strings.Fields(message), " "); message != "" {
		text += ": " + message
	}
	return term.WithHint(fmt.Errorf("%s", text), "%s", hint)
}
