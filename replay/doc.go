// Package replay sends a trace to a server with the trace's own timing and
// records what came back as a run.
//
// A Plan says which rows are sent when, as pure arithmetic on their arrival
// times (plan.go; choose, pass, rate, loop, phase hold a step each); Forecast says
// what it comes to. The Runner takes bodies for them from a Prompter, which may ask the target
// first how it counts (learn.go) and may go on from what was answered (history.go), waits for each
// row's moment on an absolute schedule (pace.go), sends it without waiting for
// any other (launch.go, client.go) to the target that it is dealt to (spread.go), with
// the changes that were asked for (message.go, fields.go, header.go; internal/forms for
// another API, internal/sigv4 for AWS), and puts one row a request through the schema's
// door. Where a Mode or a cap asks for it, requests wait for the turn before
// them (turns.go), a free user (users.go) or a place in flight (slots.go), and their
// rows say so. At the end a Verdict says whether the timing held
// (verdict.go, drift.go), second by second (steps.go) and beside what this process
// did (load.go); Calibrate asks the machine the same without a target (null.go).
package replay
