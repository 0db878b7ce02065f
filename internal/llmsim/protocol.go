package llmsim

import "slices"

// protocol is what an API sends beside its events.
type protocol struct {
	contentType string                 // of a stream
	ping        string                 // keeps a stream alive before its first token; "": nothing does
	failure     func(*apiError) []byte // the body of an error
	broken      func([]byte) []byte    // the end of a stream that fails with that body
}

// eventStream is how OpenAI's APIs do it.
func eventStream() protocol {
	return protocol{
		contentType: "text/event-stream; charset=utf-8",
		ping:        ": ping\n\n",
		failure:     (*apiError).json,
		broken: func(body []byte) []byte { // [DONE] even then, as vLLM does
			return slices.Concat([]byte("data: "), body, []byte("\n\ndata: [DONE]\n\n"))
		},
	}
}
