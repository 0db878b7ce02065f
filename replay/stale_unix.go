//go:build unix

package replay

import (
	"net"
	"syscall"
)

// stale reports whether a connection that nobody has used yet was closed by its
// server, or has something to say: a request on it might fail.
func stale(c net.Conn) bool {
	s := socket(c)
	if s == nil {
		return false
	}
	sys, ok := s.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		return true
	}
	quiet := false
	err = raw.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK) // the descriptor never blocks
		quiet = err == syscall.EAGAIN
		return true
	})
	return err != nil || !quiet
}
