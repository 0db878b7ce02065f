package replay

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

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

	// Plain has translated requests to OpenAI's APIs go without the fields that vLLM added
	// to them.
	Plain bool
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
func (r *Runner) message(row *schema.Record, target *url.URL, makeUp func(*schema.Record) ([]byte, error)) (message, error) {
	recorded := forms.Of(row.API, row.Path, row.RequestBody)
	m := message{target: target, method: row.Method, path: row.Path, form: cmp.Or(r.Plan.Form, recorded), sign: r.AWS[target]}
	m.header = r.headerOf(row, m.form != recorded)
	var err error
	switch {
	case prompted(row):
		err = m.makeUp(r, row, recorded, makeUp)
	case m.form == recorded: // "" where it has none, and maybe no body: a health check
		m.asRecorded(r, row)
	default:
		err = m.translate(r, row, recorded, makeUp)
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
	if m.body = r.edit(row); row.RequestModel == "" && r.served != "" && namesModel(row.API) && !hasField(m.body, "model") {
		m.body = setFields(m.body, []Field{textField("model", r.served)})
	}
	model, stream := r.model(row.RequestModel), row.Stream || r.Stream
	if model == row.RequestModel {
		model = "" // the path's own
	}
	m.path, m.query = m.form.Redirect(row.Path, model, stream), m.form.Query(stream)
}

// translate says a recorded request in another form.
func (m *message) translate(r *Runner, row *schema.Record, from forms.Form, makeUp func(*schema.Record) ([]byte, error)) error {
	c, unread, err := forms.Parse(from, row.Path, row.RequestBody)
	if err != nil {
		m.madeUp = err.Error()
		row.RequestBody = nil
		return m.makeUp(r, row, "", makeUp)
	}
	if c.Model = r.model(cmp.Or(c.Model, row.RequestModel, r.served)); c.Model == "" && m.form.NeedsModel() {
		return errNoModel()
	}
	c.Stream, c.Plain = c.Stream || r.Stream, r.Plain
	body, lost := forms.Build(m.form, c)
	m.from, m.lost = from, slices.Concat(unread, lost)
	m.body = setFields(body, r.Fields)
	m.method, m.path, m.query = http.MethodPost, m.form.Path(c.Model, c.Stream), m.form.Query(c.Stream)
	return nil
}

// makeUp makes a body for a row that brings none.
func (m *message) makeUp(r *Runner, row *schema.Record, recorded forms.Form, makeUp func(*schema.Record) ([]byte, error)) error {
	model := row.RequestModel
	if model == "" && r.Model == "" {
		model = r.served
	}
	row.RequestModel = r.model(model)
	row.Stream = row.Stream || r.Stream
	m.query = m.form.Query(row.Stream)
	switch {
	case m.form == recorded:
		m.path = m.form.Redirect(row.Path, row.RequestModel, row.Stream)
	case row.RequestModel == "" && m.form.NeedsModel():
		return errNoModel()
	default:
		m.method, m.path = http.MethodPost, m.form.Path(row.RequestModel, row.Stream)
	}
	row.API = string(m.form)
	body, err := makeUp(row)
	m.body = setFields(body, r.Fields)
	return err
}

func errNoModel() error {
	return term.WithHint(errors.New("the row names no model, and none was given"), "name one with --model")
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
