package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"metron/internal/term"
)

const inputBuffer = 256 << 10

// input is a file being imported: its bytes are digested as they are read,
// unpacked when they are gzip, and handed out as lines.
type input struct {
	name   string // for messages
	file   io.Closer
	raw    io.Reader // the source's own bytes, through digest
	digest hash.Hash
	size   int64        // bytes of the source, 0 when unknown
	read   atomic.Int64 // of them so far; the progress line looks on
	lines

	rows      int64 // rows that were begun
	subMicros int64 // times that were given finer than a microsecond
}

// openInput opens a file, or stdin when path is "-".
func openInput(path string, stdin io.Reader) (*input, error) {
	in := &input{name: fmt.Sprintf("%q", path), digest: sha256.New()}
	if path == "-" {
		in.name, in.raw, in.file = "standard input", stdin, io.NopCloser(nil)
	} else {
		f, info, err := openFile(path)
		if err != nil {
			return nil, err
		}
		in.raw, in.file, in.size = f, f, info.Size()
	}
	in.raw = countReads{io.TeeReader(in.raw, in.digest), &in.read}
	if err := in.unpack(); err != nil {
		in.Close()
		return nil, in.errorf("%w", err)
	}
	return in, nil
}

func openFile(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("import %q: no such file", path)
	} else if err != nil {
		return nil, nil, fmt.Errorf("import: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("import %q: it is a folder; name a file in it", path)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// unpack looks at the first bytes: gzip is read through, and what some fetch
// instead of the trace is named.
func (in *input) unpack() error {
	b := bufio.NewReaderSize(in.raw, inputBuffer)
	head, err := b.Peek(64)
	begins := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case len(head) == 0 && (err == nil || err == io.EOF):
		return errors.New("it is empty (0 bytes); fetch it again")
	case len(head) == 0:
		return err
	case begins("\x1f\x8b"):
		z, err := gzip.NewReader(b)
		if err != nil {
			return err
		}
		b = bufio.NewReaderSize(z, inputBuffer)
	case begins("\x28\xb5\x2f\xfd"):
		return term.WithHint(errors.New("it is zstd, which is not unpacked here"), "zstd -dc FILE | metron import FORMAT - --out trace.parquet")
	case begins("PAR1"):
		return term.WithHint(errors.New("it is a Parquet file"), "`metron inspect` says whether it is a trace already")
	case begins("version https://git-lfs."):
		return term.WithHint(errors.New("it is a Git LFS pointer, not the file itself"), "`git lfs pull` in its repository fetches the file")
	}
	if mark, _ := b.Peek(3); string(mark) == "\ufeff" { // a byte order mark
		b.Discard(3)
	}
	in.lines.r = b
	return nil
}

// errorf is an error about the file.
func (in *input) errorf(format string, args ...any) error {
	return fmt.Errorf("import %s: %w", in.name, fmt.Errorf(format, args...))
}

// sum reads what is left and gives the SHA-256 of the whole source.
func (in *input) sum() (string, error) {
	if _, err := io.Copy(io.Discard, in.raw); err != nil {
		return "", in.errorf("%w", err)
	}
	return hex.EncodeToString(in.digest.Sum(nil)), nil
}

// Close closes the file.
func (in *input) Close() error { return in.file.Close() }

// countReads counts the bytes that go through it.
type countReads struct {
	r io.Reader
	n *atomic.Int64
}

func (c countReads) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
