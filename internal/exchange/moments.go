package exchange

import "metron/schema"

// Moments are those of a request on its connection, us since the Unix epoch.
// 0: it did not happen.
type Moments struct {
	ConnectedUS int64 // a connection was there
	WroteUS     int64 // the whole request was handed to the kernel
	Reused      bool  // the connection had served before
}

// Fill puts them into a row.
func (m Moments) Fill(r *schema.Record) {
	if m.ConnectedUS != 0 {
		r.Connected, r.ConnectionReused = new(m.ConnectedUS-r.StartTime), new(m.Reused)
	}
	if m.WroteUS != 0 {
		r.Wrote = new(m.WroteUS - r.StartTime)
	}
}
