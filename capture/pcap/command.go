package pcap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

// Entry is how capture lets a passive one in through its own door.
type Entry struct {
	// Flags say what may be kept, and how tokens are counted.
	Flags []cli.Flag
	// Open reads them; config is for the footer, beside what they say.
	Open func(c *cli.Context, config map[string]any) (Door, error)
}

// Command is `metron capture pcap`.
func Command(e Entry) *cli.Command {
	return &cli.Command{
		Name:      "pcap",
		Usage:     "record the plaintext HTTP/1.1 in a packet capture, with the times of its packets",
		ArgsUsage: "FILE.pcap|FILE.pcapng|-",
		Description: "Puts the connections in a packet capture together and writes the same rows as the\n" +
			"proxy, with no process in the path of the traffic. What packets are missing is counted,\n" +
			"never guessed. Example:\n\n" +
			"   tcpdump -i any -s 0 -w traffic.pcap tcp port 8000\n" +
			"   metron capture pcap traffic.pcap --out traffic.parquet\n\n" +
			"or at once, until Ctrl-C:\n\n" +
			"   tcpdump -i any -s 0 -U -w - tcp port 8000 | metron capture pcap - --out traffic.parquet",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "`FILE.parquet` to write"},
			&cli.StringSliceFlag{Name: "server", Usage: "record only what is asked of `[HOST]:PORT`; may be given several times", DefaultText: "whoever gets requests"},
		}, e.Flags...),
		Action: func(c *cli.Context) error { return e.run(c) },
	}
}

func (e *Entry) run(c *cli.Context) error {
	in, out, servers, err := configure(c)
	if err != nil {
		return err
	}
	door, err := e.Open(c, map[string]any{"pcap": filepath.Base(in), "servers": c.StringSlice("server")})
	if err != nil {
		return err
	}
	source, name := io.Reader(c.App.Reader), "standard input"
	if in != "-" {
		f, err := os.Open(in)
		if err != nil {
			return fmt.Errorf("read capture: %w", err)
		}
		defer f.Close()
		source, name = f, fmt.Sprintf("capture %q", in)
	}
	k := &rows{path: out, door: door}
	r := &Reader{Servers: servers, Door: door, Opened: k.open, Put: k.put}
	progress := term.StartProgress(c.App.ErrWriter, r.Progress)
	err = r.Read(c.Context, source)
	progress.Stop()
	if errors.Is(err, context.Canceled) {
		err = nil // by Ctrl-C, which is how a stream ends
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	if k.out == nil { // not one packet that has a time
		if err == nil && r.counts.undated > 0 {
			err = fmt.Errorf("%s holds no packets that have a time", name)
		}
		if err == nil {
			err = fmt.Errorf("%s holds no packets", name)
		}
		return err
	}
	if closeErr := k.close(r); closeErr != nil {
		return errors.Join(err, closeErr)
	}
	fmt.Fprint(c.App.Writer, r.Summary())
	fmt.Fprintf(c.App.Writer, "sealed %s: %s\n", out, term.Plural(k.taken, "row", "rows"))
	if err == nil && k.err != nil {
		err = fmt.Errorf("%s rows were not taken: %w", term.Count(k.lost), k.err)
	}
	return err
}

// configure checks every flag before anything is opened.
func configure(c *cli.Context) (in, out string, servers []netip.AddrPort, err error) {
	if c.NArg() != 1 {
		return "", "", nil, term.WithHint(term.Usagef("capture pcap takes one capture file, or - for standard input, got %d arguments", c.NArg()), "metron capture pcap traffic.pcap --out traffic.parquet")
	}
	out = c.String("out")
	if out == "" {
		return "", "", nil, term.WithHint(term.Usagef("--out is missing"), "--out traffic.parquet")
	}
	if !strings.HasSuffix(out, ".parquet") {
		return "", "", nil, term.Usagef("--out %q: the name of a trace ends in .parquet", out)
	}
	for _, text := range c.StringSlice("server") {
		address := text
		if strings.HasPrefix(text, ":") {
			address = "0.0.0.0" + text // unspecified: any host
		}
		a, err := netip.ParseAddrPort(address)
		if err != nil {
			return "", "", nil, term.WithHint(term.Usagef("--server %q is not IP:PORT or :PORT", text), "--server :8000")
		}
		servers = append(servers, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
	}
	return c.Args().First(), out, servers, nil
}

// rows writes them to their file.
type rows struct {
	path string
	door Door

	out    *schema.Writer
	zeroUS int64 // no row starts before it
	taken  int64
	lost   int64
	err    error // why the first was lost
}

func (k *rows) open(startUS int64) (err error) {
	k.zeroUS = startUS
	meta := k.door.Meta()
	meta.TimeZero = startUS
	k.out, err = schema.Create(k.path, meta)
	return err
}

func (k *rows) put(row *schema.Record) {
	k.zeroUS = min(k.zeroUS, row.StartTime)
	if err := k.out.Put(row); err != nil {
		if k.lost++; k.err == nil {
			k.err = err
		}
		return
	}
	k.taken++
}

// close seals the file.
func (k *rows) close(r *Reader) error {
	counters := r.Counts()
	maps.Copy(counters, k.door.Counters())
	counters["recorded"], counters["failed"] = k.taken, k.lost
	k.out.SetMeta(func(m *schema.Meta) { m.TimeZero, m.Counters = k.zeroUS, counters })
	return k.out.Close()
}
