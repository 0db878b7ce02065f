package capture

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestForwardingFlags are checked before anything starts.
func TestForwardingFlags(t *testing.T) {
	base := []string{"metron", "capture", "--upstream", "https://127.0.0.1:1", "--out", filepath.Join(t.TempDir(), "never")}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--cert", empty}, "go together"},
		{[]string{"--upstream-key", empty}, "go together"},
		{[]string{"--cert", empty, "--key", empty}, "--cert, --key"},
		{[]string{"--upstream-ca", empty}, "no certificate"},
		{[]string{"--upstream-ca", "none.pem"}, "none.pem"},
		{[]string{"--upstream", "http://127.0.0.1:1", "--upstream-ca", empty}, "no certificate"},
		{[]string{"--streams", "0"}, "--streams"},
	} {
		app := &cli.App{Commands: []*cli.Command{Command()}, Writer: io.Discard, ErrWriter: io.Discard}
		if err := app.Run(append(base, c.args...)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
}
