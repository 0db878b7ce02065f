// Package browsertest opens pages in a real Chromium, for tests of what only a browser can
// say: that a page draws itself, complains about nothing and asks for nothing.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is one Chromium for a whole test.
type Browser struct{ ctx context.Context }

// needed is the variable under which a test without a browser fails: .ci/run sets it where it
// has one, so that no page counts as opened that was not.
const needed = "METRON_NEED_BROWSER"

// Start starts a Chromium, which ends with the test, and skips the test where there is none.
func Start(t *testing.T) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" && os.Getenv(needed) != "" {
		t.Fatal("there is no chromium, chromium-browser or google-chrome in PATH, and " + needed + " asks for one")
	}
	if path == "" {
		t.Skip("there is no chromium, chromium-browser or google-chrome in PATH: the page was not opened")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(2*time.Minute),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		chromedp.Cancel(ctx) // which waits for its end, and for the end of its profile
		stop()
	})
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &Browser{ctx}
}

// Page is an open page, and all that it asked for and complained about.
type Page struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
	problems []string
}

// patience is how long a page may take for one thing on a busy machine.
const patience = time.Minute

// Open loads a page of a size, and waits until it is drawn (metron.ready).
func (b *Browser) Open(t *testing.T, url string, width, height int64) *Page {
	t.Helper()
	ctx, closePage := chromedp.NewContext(b.ctx)
	t.Cleanup(closePage)
	p := &Page{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, p.listen)
	if err := chromedp.Run(ctx); err != nil { // the first run makes the tab, which lives as long as its context: not that of run
		t.Fatalf("browser: %v", err)
	}
	p.run(network.Enable(), log.Enable(), chromedp.EmulateViewport(width, height), chromedp.Navigate(url))
	p.Wait("globalThis.metron?.ready > 0")
	return p
}

// listen keeps what the page asks for, and everything that a console would show in red.
func (p *Page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "data:") {
			p.requests = append(p.requests, e.Request.URL)
		}
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning || e.Type == runtime.APITypeAssert {
			words := []string{"console." + e.Type.String()}
			for _, arg := range e.Args {
				words = append(words, string(arg.Value), arg.Description)
			}
			p.problems = append(p.problems, strings.Join(words, " "))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning {
			p.problems = append(p.problems, e.Entry.Text)
		}
	}
}

func (p *Page) run(actions ...chromedp.Action) {
	p.t.Helper()
	ctx, stop := context.WithTimeout(p.ctx, patience)
	defer stop()
	if err := chromedp.Run(ctx, actions...); err != nil {
		p.t.Fatalf("browser: %v; the page complained: %q", err, p.Problems())
	}
}

// Eval evaluates an expression into out, a pointer; nil: it is run for what it does.
func (p *Page) Eval(expression string, out any) {
	p.t.Helper()
	if out == nil {
		expression = "{" + expression + "}; undefined"
	}
	p.run(chromedp.Evaluate(expression, out))
}

// Wait waits until a condition holds. It asks from outside: chromedp.Poll would make a
// function of text inside the page, which the page's policy forbids.
func (p *Page) Wait(condition string) {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		holds := false
		if p.Eval("Boolean("+condition+")", &holds); holds {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("browser: %s does not come true; the page complained: %q", condition, p.Problems())
		}
	}
}

// Press presses keys, as chromedp.KeyEvent has them.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.run(chromedp.KeyEvent(keys))
}

// Resize gives the page another size.
func (p *Page) Resize(width, height int64) {
	p.t.Helper()
	p.run(chromedp.EmulateViewport(width, height))
}

// Problems are the errors and warnings of the page so far.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.problems...)
}

// Requests are the addresses that the page asked for so far, its own among them.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requests...)
}
