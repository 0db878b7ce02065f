package pcap

import (
	"fmt"
	"strings"

	"metron/internal/term"
)

// counts are what a capture held, beside its rows.
type counts struct {
	packets, otherPackets, fragments, truncated int64
	undated                                     int64 // packets without a time
	connections, taken                          int64 // taken: up at a request, their beginning was not captured
	tlsConnections, http2Connections            int64
	otherConnections, malformed                 int64
	strays                                      int64 // segments of connections of which no request was seen
	retransmitted, reordered                    int64
	gaps, gapBytes, skippedBytes                int64
	overLimit                                   int64
	clockSteps                                  int64
	requests, rows                              int64
	cutOff                                      bool // the file ends amid a packet
}

// all is what the footer keeps.
func (c *counts) all() map[string]int64 {
	m := map[string]int64{"seen": c.requests, "recorded": c.rows, "packets": c.packets, "connections": c.connections}
	for name, n := range map[string]int64{
		"other_packets": c.otherPackets, "ip_fragments": c.fragments, "truncated_packets": c.truncated, "undated_packets": c.undated,
		"mid_stream_connections": c.taken, "tls_connections": c.tlsConnections, "http2_connections": c.http2Connections,
		"other_connections": c.otherConnections, "malformed_connections": c.malformed, "stray_segments": c.strays,
		"retransmitted_segments": c.retransmitted, "reordered_segments": c.reordered, "gaps": c.gaps, "gap_bytes": c.gapBytes,
		"skipped_bytes": c.skippedBytes, "dropped": c.overLimit, "clock_steps": c.clockSteps,
	} {
		if n > 0 {
			m[name] = n
		}
	}
	return m
}

// text is a summary, a line each of what happened.
func (c *counts) text() string {
	var b strings.Builder
	line := func(n int64, one, many, rest string, args ...any) {
		if n > 0 {
			fmt.Fprintf(&b, term.Plural(n, one, many)+rest+"\n", args...)
		}
	}
	fmt.Fprintf(&b, "%s, %s, requests seen %s, recorded %s\n",
		term.Plural(c.packets, "packet", "packets"), term.Plural(c.connections, "connection", "connections"), term.Count(c.requests), term.Count(c.rows))
	line(c.retransmitted, "segment came", "segments came", " again")
	line(c.reordered, "segment came", "segments came", " out of order")
	line(c.gaps, "gap", "gaps", ": %s bytes were not captured", term.Count(c.gapBytes))
	line(c.skippedBytes, "byte belongs", "bytes belong", " to no request that was captured whole")
	line(c.taken, "connection was", "connections were", " there before the capture: taken up at the next request")
	line(c.strays, "segment", "segments", " of connections whose requests were not captured")
	line(c.truncated, "packet was", "packets were", " cut at the capture: record with `tcpdump -s 0`")
	line(c.undated, "packet has", "packets have", " no time (pcapng's simple packets): left out")
	line(c.fragments, "IP fragment was", "IP fragments were", " left out")
	line(c.tlsConnections, "connection is", "connections are", " encrypted (TLS): nothing is read there")
	line(c.http2Connections, "connection speaks", "connections speak", " HTTP/2, which is not read")
	line(c.otherConnections, "connection speaks", "connections speak", " no HTTP")
	line(c.malformed, "connection went", "connections went", " on with what is no HTTP")
	line(c.overLimit, "connection was", "connections were", " given up: too much waited in memory")
	line(c.clockSteps, "packet is", "packets are", " dated more than a second before the previous one")
	if c.cutOff {
		b.WriteString("the capture ends amid a packet\n")
	}
	return b.String()
}
