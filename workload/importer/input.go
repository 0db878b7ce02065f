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

	"github.com/klauspost/compress/zstd"

	"metron/internal/splitmix"
	"metron/internal/term"
	"metron/schema"
)

const (
	inputBuffer = 256 << 10
	maxWindow   = 256 << 20 // of zstd, bytes: `zstd --long=27` needs half of it
)

// input is a file being imported: its bytes are digested as they are read,
// unpacked when they are gzip or zstd, and handed out as lines.
type input struct {
	name    string // for messages
	path    string
	number  int // of the file, from 0
	file    *os.File
	raw     io.Reader // the source's own bytes, through digest
	digest  hash.Hash
	size    int64        // bytes of the source, 0 when unknown
	read    atomic.Int64 // of them so far; the progress line looks on
	parquet bool         // it is Parquet, which is read at random
	unzstd  *zstd.Decoder
	lines

	options Options
	rows    int64 // rows that were begun
	cut     int64 // times that were given finer than a microsecond
}

// openInput opens a file, or stdin when path is "-".
func openInput(path string, stdin io.Reader) (*input, error) {
	in := &input{name: fmt.Sprintf("%q", path), path: path, digest: sha256.New()}
	if path == "-" {
		in.name, in.raw = "standard input", stdin
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

// unpack looks at the first bytes: gzip and zstd are read through, and what
// some fetch instead of the trace is named.
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
		if in.unzstd, err = zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow)); err != nil {
			return err
		}
		b = bufio.NewReaderSize(in.unzstd, inputBuffer)
	case begins("PAR1"):
		in.parquet = true
	case begins("version https://git-lfs."):
		return term.WithHint(errors.New("it is a Git LFS pointer, not the file itself"), "`git lfs pull` in its repository fetches the file")
	}
	if mark, _ := b.Peek(3); string(mark) == "\ufeff" { // a byte order mark
		b.Discard(3)
	}
	in.lines.r = b
	return nil
}

// row returns the next line that is not blank, as a row that has begun; io.EOF
// when there is none. A line that is too long is a row, too, and a bad one.
func (in *input) row() ([]byte, error) {
	line, err := in.line()
	for err == nil && len(bytes.TrimSpace(line)) == 0 {
		line, err = in.line()
	}
	switch bad := (*badRow)(nil); {
	case err == nil || errors.As(err, &bad):
		in.rows++
	case err != io.EOF:
		err = fmt.Errorf("after line %d: %w", in.n, err)
	}
	return line, err
}

// bad is the error of the line last read.
func (in *input) bad(err error) error { return &badRow{fmt.Sprintf("line %d", in.n), err} }

// count notes whether a time was cut.
func (in *input) countCut(finer bool) {
	if finer {
		in.cut++
	}
}

// globalHash makes a block hash that means something within one file different
// from those of other files. The first file's own stay as they are.
func (in *input) globalHash(id int64) int64 {
	if in.number == 0 {
		return id
	}
	return mixHash(uint64(in.number), id)
}

// mixHash makes of an id another one for each scope.
func mixHash(scope uint64, id int64) int64 {
	return int64(splitmix.Finish(uint64(id) + scope*splitmix.Step))
}

// setBlocks gives a row its block hashes.
func setBlocks(r *schema.Record, hashes []int64, size int64) {
	if len(hashes) == 0 {
		return
	}
	r.BlockHashes, r.BlockSize, r.BlockUnit = hashes, &size, "tokens"
	if r.Recorded == schema.RecordedLengths {
		r.Recorded = schema.RecordedHash
	}
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
func (in *input) Close() error {
	if in.unzstd != nil {
		in.unzstd.Close()
	}
	if in.file == nil {
		return nil
	}
	return in.file.Close()
}

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

// scopedName tells names that mean something within one file from those of
// others; the first file's own stay as they are, and none is none.
func (in *input) scopedName(name string) string {
	if in.number == 0 || name == "" {
		return name
	}
	return fmt.Sprintf("%d/%s", in.number+1, name)
}
