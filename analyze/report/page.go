package report

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"

	"metron/docs"
)

// Write makes the page of a document.
func Write(w io.Writer, d *Document) error {
	own := *d
	if own.Definitions == nil {
		own.Definitions = definitions(docs.Metrics())
	}
	// Marshal writes <, > and & as \u003c and so on, so that no text ends the element
	// that holds it.
	data, err := json.Marshal(&own)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	code, css := script(), style()
	page := strings.NewReplacer( // one pass: what stands in a value is not replaced
		"{{policy}}", policy(&own, code, css),
		"{{title}}", html.EscapeString(d.Title),
		"{{style}}", css,
		"{{document}}", string(data),
		"{{script}}", code,
	)
	if _, err := page.WriteString(w, asset("page.html")); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// policy lets the page run its own script and style and reach nothing: no file, no server,
// no form; a live one the server that it came from.
func policy(d *Document, code, css string) string {
	own := "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; script-src " + digest(code) + "; style-src " + digest(css)
	if d.Live {
		own += "; connect-src 'self'"
	}
	return own
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
