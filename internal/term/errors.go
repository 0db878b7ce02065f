package term

import (
	"errors"
	"fmt"
)

// Exit statuses of the metron command.
const (
	ExitOK      = 0 // the job was done
	ExitFailure = 1 // it was not
	ExitUsage   = 2 // the command line was wrong; nothing was started
	ExitInvalid = 3 // the run is INVALID: its numbers do not describe the target
	ExitGate    = 4 // a gate failed: a change that must not be
)

// statusError carries an exit status other than ExitFailure.
type statusError struct {
	err    error
	status int
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// hintError carries what to do about an error.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// Usagef reports a wrong command line: exit status ExitUsage.
func Usagef(format string, args ...any) error {
	return &statusError{fmt.Errorf(format, args...), ExitUsage}
}

// WithStatus makes err end the program with the given exit status.
func WithStatus(err error, status int) error { return &statusError{err, status} }

// WithHint adds what the person can do about err, printed on a line of its own.
func WithHint(err error, format string, args ...any) error {
	return &hintError{err, fmt.Sprintf(format, args...)}
}

// Hint returns the hint that err carries, or "".
func Hint(err error) string {
	var h *hintError
	if errors.As(err, &h) {
		return h.hint
	}
	return ""
}

// ExitCode returns the exit status that err stands for.
func ExitCode(err error) int {
	var s *statusError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &s):
		return s.status
	}
	return ExitFailure
}
