package capture

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// reasonOf says why the upstream gave no answer.
func reasonOf(err error) string {
	certificate := (*tls.CertificateVerificationError)(nil)
	dial := (*net.OpError)(nil)
	switch {
	case errors.As(err, &certificate):
		return "the upstream's certificate is not trusted (--upstream-ca)"
	case errors.As(err, &dial) && dial.Op == "dial":
		return "the upstream cannot be reached"
	}
	return "the upstream closed the connection before it answered"
}

// badGateway tells the client, in the form its SDK shows, that the upstream
// gave no answer.
func badGateway(w http.ResponseWriter, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadGateway)
	fmt.Fprintf(w, `{"error":{"message":"metron capture: %s","type":"bad_gateway"}}`+"\n", reason)
}
