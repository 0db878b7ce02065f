package exchange

import "metron/schema"

// Moments are those of a request on its connection, us since the Unix epoch.
// 0: it did not happen.
type Moments struct {
	ConnectedUS int64 // a connection was there
	WroteUS     int64 // the whole request was handed to the kernel
	Reused      bool  // the connection had served before
	RestBytes   int64 // of the request's body, that the exchange did not begin with
}

// Fill puts them into a row.
func (m Moments) Fill(r *schema.Record) {
	r.RequestBytes += m.RestBytes
	if m.ConnectedUS != 0 {
		r.Connected, r.ConnectionReused = new(m.ConnectedUS-r.StartTime), new(m.Reused)
	}
	if m.WroteUS != 0 {
		r.Wrote = new(m.WroteUS - r.StartTime)
	}
}
