package importer

import (
	"strconv"
	"strings"

	"metron/schema"
)

// fail makes r a row that failed, of the class that a tool's word for its error
// suggests: an HTTP status, a deadline, a client that left, a connection, else
// the server.
func fail(r *schema.Record, class, message string) {
	r.ErrorType, r.ErrorMessage = class, short(message)
	words := strings.ToLower(class + " " + message)
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(words, part) {
				return true
			}
		}
		return false
	}
	status, err := strconv.ParseInt(class, 10, 64)
	switch {
	case err == nil && status >= 400 && status < 600:
		r.Outcome, r.HTTPStatus = schema.OutcomeHTTPError, &status
	case has("timeout", "timed out"):
		r.Outcome = schema.OutcomeTimeout
	case has("cancel"):
		r.Outcome = schema.OutcomeClientAbort
	case has("connect", "reset", "traceback", "payloaderror", "oserror"):
		r.Outcome = schema.OutcomeTransportError
	default:
		r.Outcome = schema.OutcomeHTTPError
	}
}

// short is the last line of a message, where a stack trace has its error, cut to
// a length.
func short(message string) string {
	lines := strings.Split(strings.TrimSpace(message), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	const most = 300
	if len(last) > most {
		last = strings.ToValidUTF8(last[:most], "")
	}
	return last
}
