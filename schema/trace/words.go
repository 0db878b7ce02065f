package trace

import (
	"net/http"
	"slices"

	"metron/internal/wire"
	"metron/schema"
)

// other stands for a word that not everybody uses.
const other = "other"

// oneOf passes a word that is one of those, and nothing for nothing.
func oneOf(words []string, word, instead string) string {
	if word == "" || slices.Contains(words, word) {
		return word
	}
	return instead
}

func methods() []string {
	return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
}

func responseFormats() []string {
	return []string{"text", "json", "json_object", "json_schema", "grammar", "regex"}
}

func finishReasons() []string {
	return []string{"stop", "length", "tool_calls", "function_call", "content_filter", "abort", "error",
		"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "eos_token", "load",
		"completed", "max_output_tokens", "STOP", "MAX_TOKENS", "SAFETY", "FINISH", "COMPLETE"}
}

// pathOf is where a row's API is commonly served: the path that was asked may
// name an account, a deployment or a model.
func pathOf(r *schema.Record) string {
	if path := wire.UsualPath(r.API); path != "" {
		return path
	}
	return oneOf([]string{"/", "/health", "/v1/models", "/metrics", "/ping"}, r.Path, "/")
}

// errorType passes metron's own words, those of HTTP and those that servers
// commonly use.
func (v *veil) errorType(r *schema.Record) string {
	if r.HTTPStatus != nil && r.ErrorType == http.StatusText(int(*r.HTTPStatus)) {
		return r.ErrorType
	}
	return oneOf([]string{
		"no_terminal", "unexpected_eof", "error_event", "deadline", "record_dropped",
		"capture_gap", "capture_end", "capture_idle", "capture_limit",
		"dns", "refused", "reset", "dial", "eof", "transport",
		"server_error", "invalid_request_error", "rate_limit_error", "rate_limit_exceeded", "authentication_error",
		"permission_error", "not_found_error", "overloaded_error", "api_error", "timeout_error", "insufficient_quota",
		"BadRequestError", "InternalServerError", "NotFoundError", "internal_error", "overloaded", "validation", "generation",
	}, r.ErrorType, other)
}
