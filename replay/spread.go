package replay

import (
	"fmt"
	"hash/fnv"
	"net/url"

	"metron/schema"
)

// Spread is how requests are dealt to several targets; "" is SpreadRequest.
type Spread string

const (
	SpreadRequest Spread = "request" // to one after the other
	SpreadSession Spread = "session" // a session stays where its id puts it, other requests go round
)

// ParseSpread reads the name of one.
func ParseSpread(text string) (Spread, error) {
	switch s := Spread(text); s {
	case SpreadRequest, SpreadSession:
		return s, nil
	}
	return "", fmt.Errorf("%q is neither request nor session", text)
}

// dealer deals requests to targets.
type dealer struct {
	targets []*url.URL
	spread  Spread
	next    int
}

// deal gives the target of the next row. A session's depends on nothing but its
// id, so that shards and later runs agree.
func (d *dealer) deal(row *schema.Record) *url.URL {
	n := len(d.targets)
	if d.spread == SpreadSession && row.SessionID != "" {
		h := fnv.New64a()
		h.Write([]byte(row.SessionID))
		return d.targets[h.Sum64()%uint64(n)]
	}
	t := d.targets[d.next%n]
	d.next++
	return t
}

// targetName is how the column target names one.
func targetName(u *url.URL) string { return u.Scheme + "://" + u.Host }
