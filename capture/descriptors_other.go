//go:build !unix

package capture

// descriptorLimit: there is none that we know of.
func descriptorLimit() (limit uint64, known bool) { return 0, false }
