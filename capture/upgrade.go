package capture

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"metron/internal/exchange"
	"metron/internal/upstream"
)

// upgrade passes both directions of a connection on that speaks another
// protocol from here, until both have ended. What it says is not recorded.
func (p *proxy) upgrade(control *http.ResponseController, r *http.Request, resp *upstream.Response) exchange.Ending {
	client, buffered, err := control.Hijack()
	if err != nil {
		return p.ending(r.Context(), err)
	}
	defer client.Close()
	defer context.AfterFunc(r.Context(), func() { client.Close() })()
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", resp.Status, http.StatusText(resp.Status))
	header := endToEnd(resp.Header)
	header["Connection"], header["Upgrade"] = []string{"Upgrade"}, resp.Header["Upgrade"]
	_ = header.Write(&head)
	head.WriteString("\r\n")
	if _, err := client.Write(head.Bytes()); err != nil {
		e := p.ending(r.Context(), err)
		e.ByClient = !e.Timeout
		return e
	}
	server := resp.Upgraded()
	// What came early is in the buffer; beyond it net/http's reader would take a
	// half-close for the client's leaving.
	early := io.LimitReader(buffered.Reader, int64(buffered.Reader.Buffered()))
	broke := make(chan broken, 2)
	go func() { broke <- pass(server, io.MultiReader(early, client)) }()
	go func() { broke <- pass(client, server).other() }()
	first := <-broke
	if first.err != nil { // what breaks one direction ends both
		client.Close()
		server.Close()
	}
	if second := <-broke; first.err == nil {
		first = second
	}
	e := p.ending(r.Context(), first.err)
	e.ByClient = first.err != nil && !e.Timeout && first.reading
	return e
}

// broken says how one direction ended, and on which side.
type broken struct {
	err     error
	reading bool // it broke where it came from
}

// other is the same, told of the other direction.
func (b broken) other() broken { return broken{b.err, !b.reading} }

// pass copies one direction as it comes, and passes its end on. io.Copy would
// take 32 KiB for each.
func pass(to net.Conn, from io.Reader) broken {
	buf := make([]byte, 4<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return broken{err, false}
			}
		}
		switch {
		case err == io.EOF:
			if half, ok := to.(interface{ CloseWrite() error }); ok {
				return broken{half.CloseWrite(), false}
			}
			return broken{to.Close(), false}
		case err != nil:
			return broken{err, true}
		}
	}
}
