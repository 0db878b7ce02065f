// Package clock counts something along a run whose length nobody knows before its end: in bins
// of time (Clock) that grow as it does, so that there are never too many. Clocks of disjoint
// parts of a run merge into the clock of the whole, bit for bit, in any order.
package clock
