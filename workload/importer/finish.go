package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"metron/schema"
	"metron/schema/inspect"
)

// stage is where rows go first: the trace itself, or what a spread reads.
func (m *Import) stage() string {
	if m.Spread == SpreadUniform {
		return filepath.Join(filepath.Dir(m.Out), ".unspread-"+filepath.Base(m.Out))
	}
	return m.Out
}

// finish completes the trace, and spreads its rows if that was asked for.
func (m *Import) finish(ctx context.Context) error {
	if err := m.setMeta(m.out); err != nil {
		return err
	}
	if err := m.out.Close(); err != nil {
		if cause := errors.Unwrap(err); cause != nil && m.Format.namesRows {
			err = cause // a Writer's own words promise the journal, which nobody needs: the source is there
		}
		return err
	}
	m.out = nil // nothing is left to abandon
	if m.stage() == m.Out {
		return nil
	}
	return errors.Join(m.spreadRows(ctx), os.Remove(m.stage()))
}

// spreadRows makes the trace of the stage.
func (m *Import) spreadRows(ctx context.Context) error {
	f, err := schema.Open(m.stage())
	if err != nil {
		return err
	}
	defer f.Close()
	out, err := schema.NewBuilder(m.Out, f.Meta())
	if err != nil {
		return err
	}
	did, err := spread(ctx, f, out.Put)
	if err == nil {
		m.report.Spread = &did
		err = m.setMeta(out)
	}
	if err != nil {
		return errors.Join(err, out.Abandon())
	}
	return out.Close()
}

// setMeta fills the footer.
func (m *Import) setMeta(out sink) error {
	config := map[string]any{"format": m.Format.Name, "files": m.report.Sources, "zero_length": m.zeroLength(), "skip_bad_rows": m.SkipBadRows,
		"spread": m.report.Spread} // null: nothing was spread
	for flag, value := range map[string]any{"epoch": time.UnixMicro(m.EpochUS).UTC(), "block-size": m.BlockSize,
		"session-starts": m.SessionStarts, "think-time": m.ThinkTime.String()} {
		if m.Format.takes(flag) {
			config[strings.ReplaceAll(flag, "-", "_")] = value
		}
	}
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	out.SetMeta(func(meta *schema.Meta) {
		meta.TimeZero, meta.Privacy, meta.SourceDigest = m.firstUS, m.privacy, m.digest()
		meta.Config, meta.Counters = text, m.counts.footer()
	})
	return nil
}

func (m *Import) zeroLength() string {
	if m.ZeroLength == "" {
		return KeepZero
	}
	return m.ZeroLength
}

// digest is that of the source: of several, the digest of theirs, a line each.
func (m *Import) digest() string {
	if len(m.report.Sources) == 1 {
		return m.report.Sources[0].SHA256
	}
	h := sha256.New()
	for _, s := range m.report.Sources {
		fmt.Fprintln(h, s.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// sources names the files, for messages.
func (m *Import) sources() string {
	if len(m.Paths) > 1 {
		return fmt.Sprintf("%d files", len(m.Paths))
	}
	return m.in.Load().name
}

// describe reports on the trace as it stands on disk.
func (m *Import) describe(ctx context.Context) (*Report, error) {
	f, err := schema.Open(m.Out)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := inspect.Inspect(ctx, f)
	if err != nil {
		return nil, err
	}
	r := m.report
	r.Format, r.SourceDigest, r.ZeroLengthPolicy = m.Format.Name, m.digest(), m.zeroLength()
	r.Counts, r.Replaced, r.Rows, r.Arrivals = m.counts, m.counts.Recorded-s.Rows, s.Rows, s.Arrivals
	r.InputTokens, r.OutputTokens, r.Out, r.OutBytes = s.InputTokens, s.OutputTokens, m.Out, s.Bytes
	return &r, nil
}
