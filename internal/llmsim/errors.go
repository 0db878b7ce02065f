package llmsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// apiError is an error as OpenAI's API words it.
type apiError struct {
	Status  int
	Type    string
	Code    string // "": null
	Param   string // "": null
	Message string
}

func badRequest(param, format string, args ...any) *apiError {
	return &apiError{http.StatusBadRequest, "invalid_request_error", "", param, fmt.Sprintf(format, args...)}
}

// statusError is an error of the server's own.
func statusError(status int, message string) *apiError {
	e := &apiError{Status: status, Type: "server_error", Message: message}
	switch {
	case status == http.StatusTooManyRequests:
		e.Type, e.Code = "rate_limit_error", "rate_limit_exceeded"
	case status < 500:
		e.Type = "invalid_request_error"
	}
	return e
}

// json is the error as a JSON object.
func (e *apiError) json() []byte {
	orNull := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	var body struct {
		Error struct {
			Message string  `json:"message"`
			Type    string  `json:"type"`
			Param   *string `json:"param"`
			Code    *string `json:"code"`
		} `json:"error"`
	}
	body.Error.Message, body.Error.Type = e.Message, e.Type
	body.Error.Param, body.Error.Code = orNull(e.Param), orNull(e.Code)
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings always marshal
	}
	return b
}

func (e *apiError) write(w http.ResponseWriter) { e.writeAs(w, e.json()) }

// writeAs answers with the error in an API's own words.
func (e *apiError) writeAs(w http.ResponseWriter, body []byte) {
	if e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, e.Status, body)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body) // the client may be gone: nobody is left to tell
}
