package capture

import (
	"net/http"
	"net/textproto"
	"strings"
)

// hopByHop: the field speaks of one connection only (RFC 9110, section 7.6.1).
func hopByHop(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Authenticate", "Proxy-Authorization":
		return true
	}
	return false
}

// endToEnd is the rest of a header, without the fields that Connection names.
func endToEnd(header http.Header) http.Header {
	out := make(http.Header, len(header)+3)
	copyHeader(out, header)
	return out
}

// copyHeader copies the end-to-end fields; their values are shared.
func copyHeader(to, from http.Header) {
	for name, values := range from {
		if !hopByHop(name) {
			to[name] = values
		}
	}
	for _, line := range from["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			delete(to, textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)))
		}
	}
}

// hasToken looks for a word in a list of them.
func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			part, _, _ = strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// copyTrailer passes on what came after the body, also what was not announced. What was
// announced and did not come has no values: net/http's HTTP/2 would wait with the end of the
// stream for it.
func copyTrailer(w http.ResponseWriter, trailer http.Header) {
	for name, values := range trailer {
		if len(values) > 0 && !hopByHop(name) && name != "Content-Length" {
			w.Header()[http.TrailerPrefix+name] = values
		}
	}
}

// inform passes a 1xx response on, by itself.
func inform(w http.ResponseWriter, status int, header http.Header) {
	copyHeader(w.Header(), header)
	w.WriteHeader(status)
	clear(w.Header())
}
