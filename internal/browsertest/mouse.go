package browsertest

import (
	"context"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Drag presses the mouse on an element, moves it and lets go. Places are shares of the
// element's width and height; where both are the same it is a click.
func (p *Page) Drag(selector string, fromX, fromY, toX, toY float64) {
	p.t.Helper()
	type place struct{ Left, Top, Width, Height float64 }
	var box, before place
	for still := 0; still < 3; { // it may still be scrolled to from elsewhere
		p.Eval(fmt.Sprintf(`(() => {
			const e = document.querySelector(%q);
			e.scrollIntoView({ block: "center", behavior: "instant" });
			const { left, top, width, height } = e.getBoundingClientRect();
			return { left, top, width, height };
		})()`, selector), &box)
		if still++; box != before {
			still = 0
		}
		before = box
		time.Sleep(20 * time.Millisecond)
	}
	mouse := func(kind input.MouseType, x, y float64) chromedp.Action {
		return chromedp.ActionFunc(func(ctx context.Context) error {
			e := input.DispatchMouseEvent(kind, box.Left+x*box.Width, box.Top+y*box.Height)
			if kind != input.MouseMoved {
				e = e.WithClickCount(1).WithButton(input.Left)
			}
			return e.WithButtons(1).Do(ctx)
		})
	}
	p.run(mouse(input.MouseMoved, fromX, fromY), mouse(input.MousePressed, fromX, fromY),
		mouse(input.MouseMoved, (fromX+toX)/2, (fromY+toY)/2), mouse(input.MouseMoved, toX, toY), mouse(input.MouseReleased, toX, toY))
}
