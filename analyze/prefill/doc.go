// Package prefill says how long a server takes to read a prompt when it has
// nothing else to do: T(L) = constant + a*L + b*L^2 with coefficients of at least
// 0, L being the prompt's tokens less those that were cached; or, where no such
// curve fits, a rising line through the measurements.
//
// Fit takes measurements of an idle server, Envelope the times to first token of a
// trace, which are never shorter than the prefill. A Model travels as JSON that a
// person can read. Start with Model.
package prefill
