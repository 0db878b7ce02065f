// Package profile measures how long a server takes to read a prompt.
//
// Explorer decides which lengths are measured, and how often: a ladder first, then
// lengths where the curve through them is uncertain. It knows no server: Target measures
// one through replay, one prompt at a time, and keeps the rows as a run; a test has a
// simulated engine in virtual time in its place. The curve, its intervals and the file that
// both travel in are analyze/prefill's.
package profile
