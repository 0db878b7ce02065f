package capture

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"metron/internal/upstream"
)

// hijacked is a client's connection that speaks another protocol from here.
type hijacked struct {
	net.Conn
	in io.Reader // what it sends
}

// switched tells the client that the server has switched protocols. An error
// means that the client is gone.
func (p *proxy) switched(control *http.ResponseController, resp *upstream.Response) (*hijacked, error) {
	conn, buffered, err := control.Hijack()
	if err != nil {
		return nil, err
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", resp.Status, http.StatusText(resp.Status))
	header := endToEnd(resp.Header)
	header["Connection"], header["Upgrade"] = []string{"Upgrade"}, resp.Header["Upgrade"]
	_ = header.Write(&head)
	head.WriteString("\r\n")
	if _, err := conn.Write(head.Bytes()); err != nil {
		conn.Close()
		return nil, err
	}
	// What came early is in the buffer; beyond it net/http's reader would take a
	// half-close for the client's leaving.
	early := io.LimitReader(buffered.Reader, int64(buffered.Reader.Buffered()))
	return &hijacked{conn, io.MultiReader(early, conn)}, nil
}

// pass passes both directions on until both have ended, or ctx has. What they
// say is not recorded.
func (h *hijacked) pass(ctx context.Context, server net.Conn) {
	defer h.Close()
	defer context.AfterFunc(ctx, func() { h.Close() })()
	errs := make(chan error, 2)
	go func() { errs <- relay(server, h.in) }()
	go func() { errs <- relay(h.Conn, server) }()
	if err := <-errs; err != nil { // what breaks one direction ends both
		h.Close()
		server.Close()
	}
	<-errs
}

// relay copies one direction as it comes, and passes its end on. io.Copy would
// take 32 KiB for each.
func relay(to net.Conn, from io.Reader) error {
	buf := make([]byte, 4<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			if half, ok := to.(interface{ CloseWrite() error }); ok {
				return half.CloseWrite()
			}
			return to.Close()
		case err != nil:
			return err
		}
	}
}
