package view

import (
	"bytes"
	"context"
	"encoding/json"

	"metron/analyze"
	"metron/analyze/report"
)

// asked is how the page was asked for.
type asked struct {
	paths   []string
	config  analyze.Config // with Report
	command string         // that asks it again
	ask     string         // report.Document.Ask
}

// serverOf makes the page of some files, and the server that answers it.
func serverOf(ctx context.Context, a asked) (*Server, error) {
	files, err := stateOf(a.paths)
	if err != nil {
		return nil, err
	}
	result, err := analyze.Analyze(ctx, a.paths, a.config)
	if err != nil {
		return nil, err
	}
	document := result.Document(a.command)
	document.Ask, document.Live = a.ask, true
	var page bytes.Buffer
	if err := report.Write(&page, document); err != nil {
		return nil, err
	}
	// A window is held to the prompts' times of the whole run, and shown by numbers alone.
	window := a.config
	window.Prefill, window.EstimatePrefill = result.Prefill, false
	window.By, window.Sections = nil, []string{}
	window.Report, window.Linked = false, true
	return &Server{Page: page.Bytes(), Check: files.unchanged, Compute: func(ctx context.Context, q Question, progress func(int64)) (Answer, error) {
		c := q.config(window)
		c.Progress = &analyze.Progress{OnRows: progress}
		r, err := analyze.Analyze(ctx, a.paths, c)
		if err != nil {
			return nil, err
		}
		if err := files.unchanged(); err != nil { // while they were read
			return nil, err
		}
		return json.Marshal(answer{r, &r.Linked.Tail})
	}}, nil
}

// answer is what the page shows of a window.
type answer struct {
	Result *analyze.Result     `json:"result"`
	Tail   *analyze.LinkedTail `json:"tail"`
}
