package replay

import (
	"context"
	"time"
)

// sleepUntil waits for a moment on the monotonic clock, or for ctx. It is
// never early. Each wait is for an absolute moment: a chain of relative sleeps
// would add its lateness up.
func sleepUntil(ctx context.Context, at time.Time) error {
	d := time.Until(at)
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
