package analyze

import (
	"fmt"

	"metron/analyze/plot"
	"metron/internal/term"
)

func timelinesFigure(r figureRun) (plot.Data, string) {
	if len(r.timelines) == 0 {
		return nil, "no answered request has the times of its tokens"
	}
	p := plot.Timelines{Subtitle: r.caption(fmt.Sprintf("N = %s requests, ranked by fluidity-index", term.Count(r.ranked)), r.deadlinesText())}
	for i := range r.timelines {
		p.Requests = append(p.Requests, r.timelines[i].panel())
	}
	return p, ""
}

func (t *timeline) panel() plot.Timeline {
	p := plot.Timeline{Name: t.name, Detail: fmt.Sprintf("fluidity %.3f", t.index)}
	if n := t.playback.Stalls; n > 0 {
		p.Detail += fmt.Sprintf("; %s, %s", term.Plural(n, "wait", "waits"), term.Seconds(float64(t.playback.Stalled)/usPerSecond))
	}
	for i, at := range t.times {
		p.Times = append(p.Times, float64(at)/usPerSecond)
		p.Due = append(p.Due, float64(t.due[i])/usPerSecond)
	}
	return p
}
