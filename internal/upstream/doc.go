// Package upstream is an HTTP/1.1 client for one server, for a proxy that must
// say when each byte came.
//
// A Client writes a Request as it is told, byte for byte, once, and reads the
// Response as it comes: the goroutine that asks is the one that reads the
// socket, so a waiting answer costs one connection and a 4 KiB buffer, and
// each read is stamped the moment it returns (conn.go). Framing is undone here
// (body.go), and never waits for more bytes while there are some to pass on.
//
// Note: http.Transport does more than a proxy may want: it sends a request again
// when a kept connection turns out to be dead, adds fields, needs two goroutines
// and 16 KiB a connection, and its chunk reader holds bytes back until the chunk
// is whole. When connections may be used again is pool.go's.
package upstream
