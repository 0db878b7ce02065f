package main

import (
	"fmt"
	"strconv"
	"syscall"
)

// idle holds as many streams open as the limit of descriptors allows where each
// client has a connection of its own, which is two for a proxy, and 10,000 of
// clients that share HTTP/2 connections, which is one and a few.
func (c *comparison) idle(p place) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	own, shared := min(10_000, (int(limit.Max)-64)/2), min(10_000, int(limit.Max)-64)
	if c.quick {
		own, shared = min(own, 2000), min(shared, 2000)
	}
	fmt.Printf("\nopen streams that wait; a process may have %d descriptors\n%-24s %9s %9s %12s %12s\n", limit.Max,
		"way", "clients", "streams", "KiB a stream", "descriptors")
	for _, w := range c.ways()[1:] {
		if w.stuck {
			continue
		}
		if err := c.hold(p, w, "HTTP/1.1", own, 0); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if w.nginx { // it would be told by its configuration
			continue
		}
		if err := c.hold(p, w, "HTTP/2", shared, 4); err != nil {
			return fmt.Errorf("%s, HTTP/2: %w", w.name, err)
		}
	}
	return nil
}

// hold prints what streams take that wait.
func (c *comparison) hold(p place, w way, clients string, streams, conns int) error {
	return c.with(p, w, []string{"-rate", "0"}, func(t target) error {
		var h held
		if err := ask(p.ends, t, &h, "hold", "-streams", strconv.Itoa(streams), "-conns", strconv.Itoa(conns)); err != nil {
			return err
		}
		fmt.Printf("%-24s %9s %9d %12.1f %12d\n", w.name, clients, streams, float64(h.ResidentKB-h.BeforeKB)/float64(streams), h.Descriptors)
		return nil
	})
}
