package exchange

import (
	"crypto/x509"
	"fmt"
	"os"
)

// Roots reads the certificates that are trusted to name a server, PEM.
func Roots(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("no certificate is in %s", file)
	}
	return roots, nil
}
