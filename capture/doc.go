// Package capture is a recording proxy: it forwards LLM traffic unchanged and
// puts one row a request beside it.
//
// Forward first: the copy loop of copy.go reads, stamps, writes, flushes, and
// hands a copy to a byte-bounded queue that never blocks (recorder.go); decoding
// and disk come behind it. When the recorder cannot keep up whole records are
// dropped and counted, and the traffic does not notice. Rows go to files that
// rotate (segment.go). What happens can be watched on an address of its own
// (admin.go); package pcap brings rows from a packet capture through the same door
// (passive.go).
package capture
