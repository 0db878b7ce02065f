package replay

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"metron/internal/exchange"
	"metron/internal/forms"
	"metron/internal/sigv4"
	"metron/internal/term"
	"metron/schema"
)

// Changes are what is sent otherwise than it was recorded. The zero value is
// nothing: a recorded body goes byte for byte.
type Changes struct {
	// Model is asked for instead of every recorded model, but for those that
	// Models maps to others.
	Model  string
	Models map[string]string

	// Fields are set in the top level of each body; the rest of it stays.
	Fields []Field

	// Header is sent with every request, in place of recorded fields of those names.
	Header http.Header

	// Stream asks for a stream where the recorded request did not.
	Stream bool
}

// message is what goes to a target.
type message struct {
	target *url.URL
	method string
	path   string // of the request; the row keeps it
	form   forms.Form
	query  string
	header http.Header
	body   []byte
	sign   *sigv4.Signer // nil: the key is in the header
	hash   string        // of the body, for the signature

	lost   []string   // what the recorded request said and this form has no place for; nil: nothing
	from   forms.Form // that it was translated from; "": it was not
	madeUp string     // why the recorded body was not sent, but one of its length; "": it was, or there is none
}

// locate makes the base URL of a target that of the request.
func (m *message) locate(u *url.URL, path string) {
	// A base URL that ends in /v1, as SDKs take it, means the same server.
	base := &url.URL{Path: strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/v1")}
	u.Path, u.RawPath, u.RawQuery = base.Path+path, base.EscapedPath()+m.form.Escape(path), m.query
}

// message is what is sent for a row: the body that it brings, translated where the
// target speaks another API, else one that is made up, with the changes that were
// asked for.
func (r *Runner) message(row *schema.Record, target *url.URL) (message, error) {
	recorded := forms.Of(row.API, row.Path, row.RequestBody)
	m := message{target: target, method: row.Method, path: row.Path, form: cmp.Or(r.Plan.Form, recorded), sign: r.AWS[target]}
	m.header = r.headerOf(row, m.form != recorded)
	var err error
	switch {
	case row.RequestBody != nil && m.form == recorded:
		m.asRecorded(r, row)
	case row.RequestBody != nil:
		err = m.translate(r, row, recorded)
	default:
		err = m.makeUp(r, row, recorded)
	}
	if m.sign != nil {
		m.hash = sigv4.Hash(m.body)
		return m, err
	}
	authorize(m.header, m.form.API(), m.path, r.Key)
	return m, err
}

// secrets are those of a request to the target, never to appear in a row.
func (r *Runner) secrets(target *url.URL) []string {
	if s := r.AWS[target]; s != nil {
		return s.Secrets()
	}
	return []string{r.Key}
}

func (m *message) asRecorded(r *Runner, row *schema.Record) {
	m.body = r.edit(row)
	model, stream := r.model(row.RequestModel), row.Stream || r.Stream
	if model == row.RequestModel {
		model = "" // the path's own
	}
	m.path, m.query = m.form.Redirect(row.Path, model, stream), m.form.Query(stream)
}

// translate says a recorded request in another form.
func (m *message) translate(r *Runner, row *schema.Record, from forms.Form) error {
	c, unread, err := forms.Parse(from, row.Path, row.RequestBody)
	if err != nil {
		m.madeUp = err.Error()
		row.RequestBody = nil
		return m.makeUp(r, row, "")
	}
	c.Model = r.model(cmp.Or(c.Model, row.RequestModel, r.served))
	if c.Model == "" && m.form.NeedsModel() {
		return term.WithHint(errors.New("the request names no model, and none was given"), "name one with --model")
	}
	c.Stream = c.Stream || r.Stream
	body, lost := forms.Build(m.form, c)
	m.from, m.lost = from, slices.Concat(unread, lost)
	m.body = setFields(body, r.Fields)
	m.method, m.path, m.query = http.MethodPost, m.form.Path(c.Model, c.Stream), m.form.Query(c.Stream)
	return nil
}

// makeUp makes a body for a row that brings none.
func (m *message) makeUp(r *Runner, row *schema.Record, recorded forms.Form) error {
	model := row.RequestModel
	if model == "" && r.Model == "" {
		model = r.served
	}
	row.RequestModel = r.model(model)
	row.Stream = row.Stream || r.Stream
	m.query = m.form.Query(row.Stream)
	if m.form == recorded {
		m.path = m.form.Redirect(row.Path, row.RequestModel, row.Stream)
	} else {
		m.method, m.path = http.MethodPost, m.form.Path(row.RequestModel, row.Stream)
	}
	row.API = string(m.form)
	body, err := r.Prompt.Body(row)
	m.body = setFields(body, r.Fields)
	return err
}

// model is that which a row is sent to.
func (c *Changes) model(recorded string) string {
	if to, ok := c.Models[recorded]; ok {
		return to
	}
	if c.Model != "" {
		return c.Model
	}
	return recorded
}

// edit makes a recorded body the one that is sent. The row is as recorded.
func (c *Changes) edit(row *schema.Record) []byte {
	body, fields := row.RequestBody, slices.Clip(c.Fields)
	set := func(f Field) {
		if !slices.ContainsFunc(c.Fields, func(asked Field) bool { return asked.Name == f.Name }) {
			fields = append(fields, f)
		}
	}
	if m := c.model(row.RequestModel); m != row.RequestModel && (namesModel(row.API) || hasField(body, "model")) {
		set(textField("model", m))
	}
	if c.Stream && !row.Stream && forms.Form(row.API).StreamInBody() {
		set(Field{"stream", json.RawMessage("true")})
		if row.API == schema.APIChat || row.API == schema.APICompletions { // a stream says its counts only when asked
			set(Field{"stream_options", json.RawMessage(`{"include_usage":true}`)})
		}
	}
	return setFields(body, fields)
}

// namesModel reports whether the body names the model.
func namesModel(api string) bool {
	return forms.Form(api).ModelInBody() || api == schema.APIEmbeddings
}

// headerOf is that of a row's request: what the capture kept, then what was
// asked for. Credentials are never taken from a trace, nor what belongs to the
// connection, nor what one API says to itself where another is spoken.
func (c *Changes) headerOf(row *schema.Record, translated bool) http.Header {
	h := http.Header{}
	var recorded map[string][]string
	if json.Unmarshal([]byte(row.RequestHeaders), &recorded) == nil {
		for name, values := range recorded {
			name = textproto.CanonicalMIMEHeaderKey(name)
			if !exchange.IsSecretive(name) && !ofConnection(name) && !(translated && ofAPI(name)) {
				h[name] = values
			}
		}
	}
	for name, values := range c.Header {
		h[name] = values
	}
	return h
}

// ofConnection reports whether a header field is the client's own to write.
func ofConnection(name string) bool {
	switch name {
	case "Host", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection", "Keep-Alive", "Te", "Trailer", "Upgrade", "Expect":
		return true
	}
	return strings.HasPrefix(name, "Proxy-")
}

// ofAPI reports whether a header field is of one API, or of its answers' form.
func ofAPI(name string) bool {
	return name == "Accept" || name == "Content-Type" || slices.ContainsFunc([]string{"Anthropic-", "Openai-", "X-Goog-", "X-Amz", "X-Stainless-"},
		func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// authorize adds the key where the API looks for it. Google's cloud takes tokens for
// the APIs of others, too.
func authorize(h http.Header, api, path, key string) {
	cloud := strings.Contains(path, "/publishers/")
	switch {
	case key == "":
	case api == schema.APIMessages && !cloud:
		h.Set("X-Api-Key", key)
	case api == schema.APIGemini && !cloud:
		h.Set("X-Goog-Api-Key", key)
	default:
		h.Set("Authorization", "Bearer "+key)
	}
	if api == schema.APIMessages && h.Get("Anthropic-Version") == "" && !cloud {
		h.Set("Anthropic-Version", "2023-06-01") // that API refuses a request without one
	}
}
