// Package exchange turns one HTTP request and its response into a row.
//
// Capture and replay watch the same thing from two sides, so what they share
// stands here: a connection that stamps each read (Conn), the moments of a
// request on such a connection (Stamps), and the Exchange, which takes the
// stamped bytes of a response, lets internal/wire decode them, decides the
// outcome and fills a schema.Record. It does no I/O of its own but Conn's, and
// may be fed long after the bytes went by.
package exchange
