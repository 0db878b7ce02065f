//go:build !unix

package descriptors

// Limit: there is none that we know of.
func Limit() (limit uint64, known bool) { return 0, false }
