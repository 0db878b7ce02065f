package llmsim

// Alone is how long an idle engine takes over a prompt that arrives at nowUS, until the
// one token of its answer, in virtual time.
func (e *Engine) Alone(nowUS int64, promptTokens int) (us int64, err error) {
	if err := e.Submit(&Sequence{ArrivalUS: nowUS, PromptTokens: promptTokens, OutputTokens: 1}); err != nil {
		return 0, err
	}
	endUS := nowUS
	for at, busy := e.NextUS(endUS); busy; at, busy = e.NextUS(endUS) {
		endUS = at + e.Step(at).DurationUS
	}
	return endUS - nowUS, nil
}
