package capture

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"metron/schema"
)

// identity is a certificate that signs itself, for 127.0.0.1.
func identity(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// TestTLSOut: the server's certificate is checked, and ours is shown.
func TestTLSOut(t *testing.T) {
	ours, ourRoots := identity(t)
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s to %s", r.Proto, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	upstream.EnableHTTP2 = true
	upstream.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ourRoots}
	upstream.Config.ErrorLog = nil
	upstream.StartTLS()
	defer upstream.Close()
	roots := x509.NewCertPool()
	roots.AddCert(upstream.Certificate())
	for name, c := range map[string]struct {
		config *tls.Config
		want   string
	}{
		"trusted":        {&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{ours}}, "HTTP/1.1 to test"},
		"a stranger":     {&tls.Config{RootCAs: ourRoots, Certificates: []tls.Certificate{ours}}, "not trusted"},
		"no certificate": {&tls.Config{RootCAs: roots}, "before it answered"},
		"the system's":   {nil, "not trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startAt(t, upstream.URL, func(s *Server) { s.UpstreamTLS = c.config })
			resp := post(t, s, chatRequest)
			text, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if !strings.Contains(string(text), c.want) {
				t.Errorf("%d %s, want %q", resp.StatusCode, text, c.want)
			}
			rows, _ := stop(t, s)
			if len(rows) != 1 || (rows[0].Outcome == schema.OutcomeTransportError) != (resp.StatusCode == 502) {
				t.Errorf("rows %+v", rows)
			}
		})
	}
}
