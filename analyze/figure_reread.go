package analyze

import (
	"context"

	"metron/schema"
)

// rereader is a gatherer that needs another look at the files, when all rows were seen:
// which of them it shows, or where the time of all begins, was not known before.
type rereader interface {
	reread(context.Context, *schema.Archive, *Config) error
}

func (g gathering) reread(ctx context.Context, a *schema.Archive, c *Config) error {
	for _, k := range c.Drawing.kinds() {
		if one, ok := g[k.name].(rereader); ok {
			if err := one.reread(ctx, a, c); err != nil {
				return err
			}
		}
	}
	return nil
}
