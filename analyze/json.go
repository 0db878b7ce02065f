package analyze

import (
	"encoding/json"
	"io"
)

// WriteJSON prints the result as one JSON object: seconds as numbers, the undefined
// as null. Its keys are a contract.
func (r *Result) WriteJSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(r)
}
