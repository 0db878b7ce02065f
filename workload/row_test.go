package workload

import "metron/schema"

// fillChat sets what a trace of chat requests leaves unsaid.
func fillChat(r *schema.Record) {
	r.Phase = schema.PhaseMeasure
	r.API, r.Method, r.Path = schema.APIChat, "POST", "/v1/chat/completions"
	r.Stream, r.ChoiceCount = true, 1
	r.TokenSource, r.Outcome, r.Recorded = schema.TokenSourceTrace, schema.OutcomeOK, schema.RecordedLengths
}
