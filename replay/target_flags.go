package replay

import (
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/internal/exchange"
	"metron/internal/forms"
	"metron/internal/term"
)

// targetFlags say who is asked, and how.
func targetFlags() []cli.Flag {
	return []cli.Flag{
		term.SecretTextsFlag("target", "base `URL` of the server (repeatable: requests are dealt to several)", term.RedactURL),
		&cli.StringFlag{Name: "spread", Value: string(SpreadRequest), Usage: "how several targets share the requests, `HOW`: request, one after the other, or session, a session stays on one"},
		&cli.StringFlag{Name: "api-key-env", Usage: "environment `VARIABLE` that holds the API key"},
		&cli.StringFlag{Name: "api-key-file", Usage: "`FILE` that holds the API key"},
		&cli.StringFlag{Name: "aws-region", Usage: "sign requests for this `REGION` of AWS, with its tools' credentials", DefaultText: "that of an AWS target's name, else that of AWS's tools"},
		&cli.StringFlag{Name: "aws-service", Usage: "sign requests for this `SERVICE` of AWS", DefaultText: "that of an AWS target's name: bedrock or sagemaker"},
		&cli.StringFlag{Name: "warm", Value: "auto", Usage: "open `N|auto` connections before the first send: auto opens as many as the plan needs at once, if a trial request showed that the target keeps them"},
		&cli.BoolFlag{Name: "http2", Usage: "speak HTTP/2: requests share connections, and chunk times are those of the shared connection's reads"},
		&cli.StringFlag{Name: "ca", Usage: "trust the certificates in `FILE` and no others to name the target, PEM", DefaultText: "the system's"},
		&cli.IntFlag{Name: "stop-on-errors", Usage: "end the run when `N` requests in a row have failed; what was done is kept", DefaultText: "never"},
	}
}

// changeFlags say what is sent otherwise than recorded.
func changeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "api", Usage: "send every request in the form of this `API`: " + strings.Join(forms.Names(), ", "), DefaultText: "the recorded one"},
		term.TextsFlag("model", "ask for this `NAME|RECORDED=NAME` instead of the recorded model, of all or of one (repeatable; default: the recorded one, else the first that the target lists)"),
		term.SecretTextsFlag("body", "set this field of every body's top level: `NAME=VALUE`, JSON or else a string (repeatable)", shownField),
		term.SecretTextsFlag("header", "send this header, `'NAME: VALUE'`, with every request (repeatable)", shownHeader),
		&cli.StringFlag{Name: "stream", Value: "recorded", Usage: "what is streamed: `recorded|always`"},
	}
}

// readTarget reads the flags of the target; it opens what they name and nothing else.
func (r *Runner) readTarget(c *cli.Context) error {
	for _, text := range term.Texts(c, "target") {
		u, err := parseTarget(text)
		if err != nil {
			return err
		}
		r.Targets = append(r.Targets, u)
	}
	var err error
	if r.Key, err = apiKey(c.String("api-key-env"), c.String("api-key-file")); err != nil {
		return err
	}
	if err := r.readAWS(c); err != nil {
		return err
	}
	if file := c.String("ca"); file != "" {
		if r.Roots, err = exchange.Roots(file); err != nil {
			return term.Usagef("--ca: %w", err)
		}
	}
	return nil
}

func parseTarget(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, term.WithHint(term.Usagef("--target %q is not an http or https URL", term.RedactURL(text)), "--target http://127.0.0.1:8000")
	}
	if u.User != nil || u.RawQuery != "" {
		return nil, term.WithHint(term.Usagef("--target must not carry credentials or a query"), "give the key with --api-key-env or --api-key-file")
	}
	return u, nil
}

// readChanges reads flags that need no target.
func (r *Runner) readChanges(c *cli.Context) error {
	r.HTTP2, r.StopOnErrors, r.Plain = c.Bool("http2"), c.Int("stop-on-errors"), !c.Bool("extensions")
	if r.StopOnErrors < 0 {
		return term.Usagef("--stop-on-errors must not be negative")
	}
	for _, text := range term.Texts(c, "model") {
		if err := r.addModel(text); err != nil {
			return err
		}
	}
	for _, text := range term.Texts(c, "body") {
		f, err := ParseField(text)
		switch {
		case err != nil:
			return term.WithHint(term.Usagef("--body: %w", err), "--body ignore_eos=true")
		case f.Name == "model":
			return term.WithHint(term.Usagef("--body does not set the model"), "--model NAME does")
		case slices.ContainsFunc(r.Fields, func(has Field) bool { return has.Name == f.Name }):
			return term.Usagef("--body sets %s twice", f.Name)
		}
		r.Fields = append(r.Fields, f)
	}
	for _, text := range term.Texts(c, "header") {
		if err := r.addHeader(text); err != nil {
			return err
		}
	}
	return nil
}

func (c *Changes) addModel(text string) error {
	from, to, mapped := strings.Cut(text, "=")
	switch {
	case text == "" || mapped && (from == "" || to == ""):
		return term.WithHint(term.Usagef("--model %q is neither NAME nor RECORDED=NAME", text), "--model llama-8b, --model gpt-4o=llama-8b")
	case !mapped && c.Model != "", mapped && c.Models[from] != "":
		return term.Usagef("--model names two models to ask for: %q is the second", text)
	case !mapped:
		c.Model = text
	case c.Models == nil:
		c.Models = map[string]string{from: to}
	default:
		c.Models[from] = to
	}
	return nil
}

func (c *Changes) addHeader(text string) error {
	name, value, ok := strings.Cut(text, ":")
	name, value = textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(value)
	switch {
	case exchange.IsSecretive(name):
		return term.WithHint(term.Usagef("--header %s may carry a credential, and a command line is no place for one", name), "give the key with --api-key-env VARIABLE or --api-key-file FILE")
	case !ok || !isFieldName(name) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return term.WithHint(term.Usagef("--header %q is not 'Name: value'", name), "--header 'X-Team: search'")
	case ofConnection(name):
		return term.Usagef("--header %s is the connection's own to write", name)
	case c.Header == nil:
		c.Header = http.Header{}
	}
	c.Header.Add(name, value)
	return nil
}

// isFieldName reports whether a text is a token of RFC 9110.
func isFieldName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	})
}

func parseWarm(text string) (int, error) {
	if text == "auto" {
		return WarmAuto, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is neither auto nor a number", text)
	}
	return n, nil
}

func parseStream(text string) (always bool, err error) {
	if text != "recorded" && text != "always" {
		return false, fmt.Errorf("%q is neither recorded nor always", text)
	}
	return text == "always", nil
}

// config is the changes as the footer of a run keeps them: no header's value, nor
// that of a field which may be a credential.
func (c *Changes) config() map[string]any {
	m := map[string]any{}
	if c.Model != "" {
		m["model"] = c.Model
	}
	if len(c.Models) > 0 {
		m["models"] = c.Models
	}
	if c.Stream {
		m["stream"] = "always"
	}
	fields := map[string]any{}
	for _, f := range c.Fields {
		if fields[f.Name] = f.Value; f.isSecret() {
			fields[f.Name] = notKept
		}
	}
	if len(fields) > 0 {
		m["body"] = fields
	}
	var headers []string
	for name := range c.Header {
		headers = append(headers, name)
	}
	if slices.Sort(headers); len(headers) > 0 {
		m["headers"] = headers
	}
	return m
}
