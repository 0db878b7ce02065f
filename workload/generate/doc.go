// Package generate makes traces out of distributions: when requests arrive, how
// long they are, and what of their prompts is shared.
//
// Start with Generator. Its fields are specs as the command line writes them
// (spec): arrivals come from a process, numbers from a distribution; processes and
// distributions are the tables of their families. A generator opens them, makes
// session by session the rows of a trace, and writes those through
// schema.Writer, whose seal puts them in the order of time.
//
// The same seed gives the same file. Each field draws from a stream of its own
// (streams), so that asking for one more changes no other; what is drawn becomes
// an integer before it is added to anything (microseconds does so, and says why).
package generate
