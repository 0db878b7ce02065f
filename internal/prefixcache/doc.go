// Package prefixcache says which share of prompts a server's prefix cache could
// have answered, for every size of cache at once.
//
// Reuse takes prompts in the order of their arrival, each as the hashes of its
// blocks, and keeps Mattson's stack distances: one pass gives the exact hits of
// least-recently-used caches of all sizes. The package imports nothing of ours,
// so that inspection and analysis count alike.
package prefixcache
