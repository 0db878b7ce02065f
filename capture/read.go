package capture

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"metron/internal/exchange"
	"metron/internal/wire"
	"metron/schema"
)

// KeptHeaders are the header fields of a request that are kept with content.
func KeptHeaders() []string {
	return []string{"Accept", "Accept-Encoding", "Anthropic-Beta", "Anthropic-Version", "Content-Encoding", "Content-Length",
		"Content-Type", "OpenAI-Beta", "User-Agent", "X-Request-Id", "X-Stainless-Lang", "X-Stainless-Package-Version"}
}

// read begins a request's exchange with what of its prompt is kept; nil: it is not
// recorded.
func (r *recorder) read(f *flight, row *schema.Record, h *requestHead, body []byte, credentials []string) *exchange.Exchange {
	keep := exchange.Keep{Privacy: r.config.Privacy, MaxBody: r.config.MaxBody}
	content := keep.Privacy == schema.RecordedContent
	if content {
		keep.Headers = headersOf(h.header, slices.Concat(KeptHeaders(), r.config.KeepHeaders))
		if r.budget.tooFullForContent() || isCoded(h.header) {
			keep.Privacy = schema.RecordedHash
		}
	}
	var prompt []byte
	said := wire.ParseRequest(h.method, h.path, body)
	if said.API != schema.APIOther {
		prompt = wire.PromptText(body)
	}
	if !r.config.Only.takesModel(said.Model) {
		r.skip(f, tally{filtered: 1})
		return nil
	}
	row.API, row.RequestModel = said.API, said.Model
	f.turn = r.sessions.begin(row, &said, h, prompt)
	if only := r.config.Only; only.SampleBy == "" || only.SampleBy == sampleBySession {
		name := row.SessionID
		if name == "" {
			name = row.RecordID.String()
		}
		if !only.draws(r.names, name) {
			r.skip(f, tally{sampledOut: 1})
			return nil
		}
	}
	switch {
	case r.config.Privacy == schema.RecordedLengths:
	case r.budget.tooFullForHashes():
		f.degraded = schema.RecordedLengths
	case r.config.Encode != nil:
		row.BlockHashes = r.names.hashTokens(prompt, r.config.HashBlock, r.config.Encode)
	default:
		row.BlockHashes = r.names.hashBlocks(prompt, r.config.HashBlock)
	}
	if len(row.BlockHashes) > 0 {
		row.BlockSize, row.BlockUnit = new(int64(r.config.HashBlock)), r.config.blockUnit()
	}
	return exchange.Begin(row, exchange.Request{Method: h.method, Path: h.path, Body: body, Said: &said, Secrets: credentials,
		CountBy: r.config.CountBy, Keep: keep})
}

// degraded is what a row was brought down to for want of room, "" if it was not.
func (r *recorder) degraded(f *flight, row *schema.Record) string {
	switch {
	case f.degraded != "":
		return f.degraded
	case r.config.Privacy == schema.RecordedContent && row.Recorded != schema.RecordedContent:
		return row.Recorded
	}
	return ""
}

// isCoded reports whether a request's body is under a content coding, in which
// no credential could be found.
func isCoded(h http.Header) bool {
	coding := h.Get("Content-Encoding")
	return coding != "" && !strings.EqualFold(coding, "identity")
}

// headersOf writes the fields that an allow-list names as a JSON object of lists.
func headersOf(h http.Header, allowed []string) string {
	kept := map[string][]string{}
	for _, name := range allowed {
		if v := h.Values(name); len(v) > 0 {
			kept[http.CanonicalHeaderKey(name)] = v
		}
	}
	text, _ := json.Marshal(kept) // of texts: cannot fail
	return string(text)
}
