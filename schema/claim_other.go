//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package schema

import (
	"errors"
	"os"
)

// claim has no locks here.
func claim(*os.File, bool) (bool, error) { return false, errors.ErrUnsupported }
