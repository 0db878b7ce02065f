package capture

import (
	"net/http"

	"github.com/urfave/cli/v2"

	"metron/capture/pcap"
	"metron/internal/exchange"
	"metron/schema"
)

// passive lets rows from a packet capture in through the recorder's door: the
// same is kept of them, and the same is not.
func passive() pcap.Entry {
	return pcap.Entry{
		Flags: []cli.Flag{exchange.TokenizerFlag()},
		Open: func(c *cli.Context) (pcap.Door, map[string]any, string, error) {
			tokenizer, countBy, err := exchange.Counters(c)
			if err != nil {
				return nil, nil, "", err
			}
			names := newNames()
			door := func(row *schema.Record, r *http.Request, body []byte) *exchange.Exchange {
				credentials := newRequestHead(r, nil).credentials()
				if len(credentials) > 0 {
					row.Tenant = names.of("", credentials[0])
				}
				return exchange.Begin(row, exchange.Request{Method: r.Method, Path: r.URL.Path, Body: body, Secrets: credentials, CountBy: countBy})
			}
			return door, map[string]any{"tokenizer": tokenizer}, schema.RecordedLengths, nil
		},
	}
}
