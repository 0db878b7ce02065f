package capture

import (
	"crypto/tls"

	"github.com/urfave/cli/v2"

	"metron/internal/exchange"
	"metron/internal/term"
)

// tlsFlags are those of both sides.
func tlsFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "cert", Usage: "serve HTTPS, and HTTP/2 to those who speak it: `FILE` has the certificate and its chain, PEM"},
		&cli.StringFlag{Name: "key", Usage: "`FILE` with the key of --cert, PEM"},
		&cli.StringFlag{Name: "upstream-ca", Usage: "trust the certificates in `FILE` and no others to name the upstream, PEM", DefaultText: "the system's"},
		&cli.StringFlag{Name: "upstream-cert", Usage: "show the upstream the certificate in `FILE`, PEM"},
		&cli.StringFlag{Name: "upstream-key", Usage: "`FILE` with the key of --upstream-cert, PEM"},
	}
}

// serverTLS is what --cert and --key say; nil: nothing.
func serverTLS(c *cli.Context) (*tls.Config, error) {
	pair, err := keyPair(c, "cert", "key")
	if pair == nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{*pair}}, nil
}

// upstreamTLS is what the flags of the other side say; nil: nothing.
func upstreamTLS(c *cli.Context) (*tls.Config, error) {
	pair, err := keyPair(c, "upstream-cert", "upstream-key")
	if err != nil || pair == nil && c.String("upstream-ca") == "" {
		return nil, err
	}
	config := &tls.Config{}
	if pair != nil {
		config.Certificates = []tls.Certificate{*pair}
	}
	if path := c.String("upstream-ca"); path != "" {
		if config.RootCAs, err = exchange.Roots(path); err != nil {
			return nil, term.Usagef("--upstream-ca: %w", err)
		}
	}
	return config, nil
}

func keyPair(c *cli.Context, cert, key string) (*tls.Certificate, error) {
	if (c.String(cert) == "") != (c.String(key) == "") {
		return nil, term.Usagef("--%s and --%s go together", cert, key)
	}
	if c.String(cert) == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.String(cert), c.String(key))
	if err != nil {
		return nil, term.Usagef("--%s, --%s: %w", cert, key, err)
	}
	return &pair, nil
}
