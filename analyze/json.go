package analyze

import (
	"bytes"
	"encoding/json"
	"io"
)

// WriteJSON prints the result as one JSON object: seconds as numbers, the undefined
// as null. Its keys are a contract.
func (r *Result) WriteJSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(r)
}

// plainJSON is json.Marshal that leaves the <= of an SLO as people write it.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if err := out.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
