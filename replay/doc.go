// Package replay sends a trace to a server with the trace's own timing and
// records what came back as a run.
//
// A Plan says which rows are sent when, as pure arithmetic on their arrival
// times; the Runner takes bodies for them from a Prompter, waits for each
// row's moment on an absolute schedule (pace.go), sends it without waiting for
// any other (client.go), and puts one row a request through the schema's door.
// At the end a Verdict says whether the timing held.
package replay
