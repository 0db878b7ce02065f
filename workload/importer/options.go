package importer

import (
	"slices"
	"time"
)

// Options are what some formats ask for; Format.Takes names their flags.
type Options struct {
	// EpochUS is the moment, us since 1970, that times count from which have a
	// zero of their own.
	EpochUS int64

	// BlockSize is how many tokens a block hash stands for; 0 is the format's
	// own.
	BlockSize int64

	// SessionStarts says when conversations begin whose trace does not; see
	// parseStarts for its forms.
	SessionStarts string

	starts *starts // parsed

	// ThinkTime lies between the turns of a conversation whose trace has no times.
	ThinkTime time.Duration
}

// takes reports whether a flag is one of the format's.
func (f Format) takes(flag string) bool { return slices.Contains(f.Takes, flag) }
