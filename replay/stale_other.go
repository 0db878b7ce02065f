//go:build !unix

package replay

import "net"

// stale cannot be told here: a connection that its server closed shows as an
// error of its first request.
func stale(net.Conn) bool { return false }
