// Package burstiness says how evenly requests arrive: the coefficient of
// variation of the gaps between arrivals, and the index of dispersion of
// their counts in windows. Both are 1 for a Poisson process, 0 for a clock's
// ticks, and above 1 where requests come in bursts. The package imports nothing
// of ours, so that inspection and analysis count alike.
package burstiness
