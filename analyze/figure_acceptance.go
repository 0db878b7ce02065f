package analyze

import (
	"metron/analyze/plot"
	"metron/internal/term"
)

func acceptanceFigure(r figureRun) (plot.Data, string) {
	if r.decoding == 0 {
		return nil, "no answered request has the times of two tokens"
	}
	a := plot.Acceptance{
		Subtitle: r.caption("N = "+term.Count(r.decoding)+" requests of two or more tokens", "first token left out"),
		Level:    1 - fluidMissRate().Float(),
		Rate:     r.Fluidity.FluidTokenRate,
	}
	for _, p := range r.Curve {
		a.Deadlines = append(a.Deadlines, p.DeadlineS)
		a.Shares = append(a.Shares, p.Acceptance)
	}
	return a, ""
}
