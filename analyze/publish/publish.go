package publish

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"metron/internal/term"
)

// Tracker is a place that reports go to.
type Tracker interface {
	// Publish sends a report and says where it can be seen.
	Publish(ctx context.Context, r *Report) (where string, err error)
}

// kind is a tracker by the word before the "=".
type kind struct {
	name, value string
	open        func(value string, env func(string) string) (Tracker, error)
}

func kinds() []kind {
	return []kind{
		{"mlflow", "URL", openMLflow},
		{"otlp", "URL", openOTLP},
		{"wandb-offline", "DIR", openWandB},
	}
}

// Kinds lists what Open takes, such as "mlflow=URL".
func Kinds() []string {
	var out []string
	for _, k := range kinds() {
		out = append(out, k.name+"="+k.value)
	}
	return out
}

// Open reads a tracker such as "mlflow=http://127.0.0.1:5000". It touches neither network
// nor disk. Credentials come from env alone, and no error quotes one.
func Open(text string, env func(string) string) (Tracker, error) {
	name, value, _ := strings.Cut(text, "=")
	for _, k := range kinds() {
		if k.name != name {
			continue
		}
		if value == "" {
			return nil, fmt.Errorf("%q: want %s=%s", name, k.name, k.value)
		}
		t, err := k.open(value, env)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return t, nil
	}
	return nil, fmt.Errorf("%q: must be one of %s", term.RedactURL(text), strings.Join(Kinds(), ", "))
}

// baseURL reads the address of a server; secrets names the variables that credentials
// come from instead.
func baseURL(text, secrets string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("%q is no http:// or https:// URL", term.RedactURL(text))
	case u.User != nil:
		return nil, term.WithHint(fmt.Errorf("%q has credentials in it, which command lines show to everyone", term.RedactURL(text)), "%s", secrets)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q has a query or a fragment, which a base URL has not", term.RedactURL(text))
	}
	return u, nil
}
