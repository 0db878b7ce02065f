package capture

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"metron/internal/exchange"
	"metron/internal/wire"
	"metron/schema"
)

// KeptHeaders are the header fields of a request that are kept with content.
func KeptHeaders() []string {
	return []string{"Accept", "Accept-Encoding", "Anthropic-Beta", "Anthropic-Version", "Content-Encoding", "Content-Length",
		"Content-Type", "OpenAI-Beta", "User-Agent", "X-Request-Id", "X-Stainless-Lang", "X-Stainless-Package-Version"}
}

// keeper decides what of a request reaches a row. It is used by one goroutine.
type keeper struct {
	config   Recording // with its defaults
	names    names     // of tenants, sessions and prompts
	sessions *sessions
	budget   *budget
}

func newKeeper(c Recording, n names, b *budget) *keeper {
	return &keeper{config: c, names: n, sessions: newSessions(c.SessionBy, c.SessionWindow, n), budget: b}
}

// kept is what became of a request's beginning.
type kept struct {
	exchange *exchange.Exchange // nil: it is not recorded
	turn     *turn              // nil: it was filtered out before it was read
	left     tally              // why it is not
	degraded string             // what it keeps instead of all, for want of room; "": nothing was given up
}

// begin begins the exchange of a request whose row has its id and start_time.
func (k *keeper) begin(row *schema.Record, h *requestHead, body []byte) (to kept) {
	only := k.config.Only
	filtered, sampledOut := tally{filtered: 1}, tally{sampledOut: 1}
	if to.left = filtered; !only.takesHead(h) {
		return to
	}
	if rate := only.rate(); rate < 1 {
		row.SampleRate = new(rate)
	}
	tenant, credentials := h.credentials()
	if tenant != "" {
		row.Tenant = k.names.of("", tenant)
	}
	if to.left = sampledOut; only.SampleBy == sampleByRequest && !only.draws(k.names, row.RecordID.String()) ||
		only.SampleBy == sampleByTenant && !only.draws(k.names, row.Tenant) {
		return to
	}
	said := wire.ParseRequest(h.method, h.path, body)
	if to.left = filtered; !only.takesModel(said.Model) {
		return to
	}
	var prompt []byte
	if said.API != schema.APIOther && !h.partial {
		prompt = wire.PromptText(body)
	}
	row.API, row.RequestModel = said.API, said.Model
	to.turn = k.sessions.begin(row, &said, h, prompt)
	if to.left = sampledOut; only.SampleBy == "" || only.SampleBy == sampleBySession {
		// What goes on from an answer that was left out is left out.
		orphan := said.PreviousResponse != "" && row.ParentRecordID == uuid.Nil && slices.Contains(k.sessions.by, byPreviousResponse) && only.rate() < 1
		if orphan || !only.draws(k.names, cmp.Or(row.SessionID, row.RecordID.String())) {
			return to
		}
	}
	to.left = tally{}
	to.degraded = k.hash(row, prompt)
	keep := k.keep(h, said.API)
	if keep.Privacy == schema.RecordedContent {
		inBody, ok := bodyCredentials(body)
		if credentials = append(credentials, inBody...); !ok {
			keep.Privacy = schema.RecordedHash
		}
	}
	to.exchange = exchange.Begin(row, exchange.Request{Method: h.method, Path: h.path, Body: body, Said: &said, Secrets: credentials,
		CountBy: k.config.CountBy, Keep: keep})
	return to
}

// hash hashes a prompt as the mode wants it.
func (k *keeper) hash(row *schema.Record, prompt []byte) (degraded string) {
	switch {
	case k.config.Privacy == schema.RecordedLengths:
	case k.budget.tooFullForHashes():
		return schema.RecordedLengths
	case k.config.Encode != nil:
		row.BlockHashes = k.names.hashTokens(prompt, k.config.HashBlock, k.config.Encode)
	default:
		row.BlockHashes = k.names.hashBlocks(prompt, k.config.HashBlock)
	}
	if len(row.BlockHashes) > 0 {
		row.BlockSize, row.BlockUnit = new(int64(k.config.HashBlock)), k.config.blockUnit()
	}
	return ""
}

// keep says what of a request's content is kept, as far as its head tells: none where
// credentials could be anywhere, in the answer as well, as with APIs that nothing is known of.
func (k *keeper) keep(h *requestHead, api string) exchange.Keep {
	keep := exchange.Keep{Privacy: k.config.Privacy, MaxBody: k.config.MaxBody}
	if keep.Privacy != schema.RecordedContent {
		return keep
	}
	keep.Headers = headersOf(h.header, slices.Concat(KeptHeaders(), k.config.KeepHeaders))
	if k.budget.tooFullForContent() || isCoded(h.header) || h.partial || api == schema.APIOther {
		keep.Privacy = schema.RecordedHash
	}
	return keep
}

// degraded counts a finished row that keeps less than was asked for. Of APIs that
// nothing is known of no content was.
func (k *keeper) degraded(began string, row *schema.Record) tally {
	if began == "" && k.config.Privacy == schema.RecordedContent && row.Recorded != schema.RecordedContent && row.API != schema.APIOther {
		began = row.Recorded
	}
	switch began {
	case schema.RecordedHash:
		return tally{toHash: 1}
	case schema.RecordedLengths:
		return tally{toLengths: 1}
	}
	return tally{}
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
