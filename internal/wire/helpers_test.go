package wire

import (
	"net/http"
)

// decodeAt decodes a body cut at these offsets, which rise.
func decodeAt(req Request, status int, header http.Header, body []byte, cuts ...int) Response {
	d := NewDecoder(req, status, header)
	from := 0
	for i, to := range append(append([]int(nil), cuts...), len(body)) {
		// A copy that is wiped afterwards: the decoder must not look at it again.
		p := append([]byte(nil), body[from:to]...)
		d.Feed(p, int64(i), int32(i))
		clear(p)
		from = to
	}
	return d.Finish()
}

// unstamped leaves out what depends on how the bytes were read.
func unstamped(r Response) Response {
	r.Time, r.Read = nil, nil
	return r
}

func contentType(t string) http.Header { return http.Header{"Content-Type": {t}} }

func eventStream() http.Header { return contentType("text/event-stream") }

func chatRequest(choices int64) Request {
	return Request{API: apiChat, Stream: true, ChoiceCount: choices}
}

// kindNames turns kinds into their names, for tables.
func kindNames(kinds []int8) (names []string) {
	all := []string{"content", "reasoning", "tool", "refusal", "role", "finish", "usage", "ping", "error", "done", "other"}
	for _, k := range kinds {
		names = append(names, all[k])
	}
	return names
}
