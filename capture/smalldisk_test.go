//go:build !linux

package capture

import (
	"errors"
	"testing"
)

func smallDisk(t *testing.T, bytes int) string {
	t.Skip("no file system of its own here")
	return ""
}

func enlarge(string, int) error { return errors.ErrUnsupported }
