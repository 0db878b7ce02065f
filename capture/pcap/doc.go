// Package pcap turns a packet capture of plaintext HTTP/1.1 into rows: what the
// recording proxy sees, seen from beside the traffic.
//
// Start at Reader. Packets become segments (packets.go), a half puts the segments
// of one direction in order (half.go), a splitter cuts the ordered bytes into
// heads, bodies and ends (splitter.go), and a dialog pairs requests with their
// responses and feeds internal/exchange (dialog.go, flight.go). All of it is pushed,
// packet by packet, on one goroutine: the same packets give the same rows.
//
// # Times
//
// A byte's time is that of the packet that made it readable: its own, or, where it
// had overtaken another, that of the packet that filled the hole before it. A row
// starts when the head of its request was readable.
//
// # What was not captured
//
// Is never guessed. A hole that nothing fills is a gap: the answer it falls into
// ends there, truncated with error_type capture_gap; what a gap leaves of a request
// is unknown, and so is how a request ended that the capture saw no end of. The
// acknowledgement in a request's first packet says at which sequence number its
// answer begins, so that requests and responses stay paired however much between
// them is missing, and a connection that was there before the capture is taken up
// at its next request. Requests that are pipelined pair by their order.
//
// # Libraries
//
// Files and headers are read by gopacket's maintained fork (BSD licence, several
// releases a year; pcapgo and layers are pure Go).
//
// Note: its package reassembly is not used. It gives up a hole by age alone, where
// the other side's acknowledgement tells at once what will never be sent again; a
// reset ends one direction only; and the SYN of a port that is used again while
// that direction is open is dropped with all that follows. What it does beyond is
// less than half.go.
package pcap
