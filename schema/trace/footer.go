package trace

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"metron/internal/term"
	"metron/schema"
)

// origin is a file that another was made from, in that one's footer.
type origin struct {
	File   string      `json:"file"`
	SHA256 string      `json:"sha256"`
	Footer schema.Meta `json:"footer"`
}

// footer is what the files' footers say together; config says what the verb
// was asked, and each file's own footer stands beside it.
func (u *union) footer(verb string, config map[string]any, c Counts) (schema.Meta, error) {
	m, err := u.common()
	if err != nil {
		return m, err
	}
	what := map[string]any{verb: config}
	if what["sources"], err = u.origins(); err != nil {
		return m, err
	}
	if warnings := u.warnings(); len(warnings) > 0 {
		what["warnings"] = warnings
	}
	m.Counters = c.footer()
	m.Config, err = json.Marshal(what)
	return m, err
}

func (u *union) origins() ([]origin, error) {
	if u.from != nil {
		return u.from, nil
	}
	for _, f := range u.archive.Files {
		digest, err := f.Digest()
		if err != nil {
			return nil, err
		}
		u.from = append(u.from, origin{filepath.Base(f.Path()), digest, f.Meta()})
	}
	return u.from, nil
}

// common is what holds for the rows of all files: what differs and cannot be
// joined is left out.
func (u *union) common() (schema.Meta, error) {
	files := u.archive.Files
	m := files[0].Meta()
	m.Program, m.Config, m.Counters = "", nil, nil
	for _, f := range files[1:] {
		other := f.Meta()
		if other.Vantage != m.Vantage {
			return m, term.WithHint(fmt.Errorf("%q is of vantage %s and %q of vantage %s: their times do not mean the same", files[0].Path(), m.Vantage, f.Path(), other.Vantage),
				"join those of one vantage; metron analyze takes several files")
		}
		m.TimeZero = min(m.TimeZero, other.TimeZero)
		m.Clock, m.Host = both(m.Clock, other.Clock), both(m.Host, other.Host)
		m.Privacy = mostKept(m.Privacy, other.Privacy)
		if other.KeyID != m.KeyID {
			m.KeyID = ""
		}
		if other.SourceDigest != m.SourceDigest {
			m.SourceDigest = ""
		}
		m.Verdict = worse(m.Verdict, other.Verdict)
	}
	return m, nil
}

// both names two where they differ.
func both(a, b string) string {
	switch {
	case b == "" || slices.Contains(strings.Split(a, "; "), b):
		return a
	case a == "":
		return b
	}
	return a + "; " + b
}

// mostKept is the mode that promises no more than both do. A file that does not
// say what it kept may have kept anything.
func mostKept(a, b string) string {
	modes := schema.Words("recorded") // each keeps more than the one before
	if a != schema.RecordedContent && b != schema.RecordedContent && (a == "" || b == "") {
		return ""
	}
	return modes[max(slices.Index(modes, a), slices.Index(modes, b))]
}

// worse judges two runs together: the worse status, the reasons of both, and
// bounds of the send lag. Where one has no verdict there is none.
func worse(a, b *schema.Verdict) *schema.Verdict {
	if a == nil || b == nil {
		return nil
	}
	v := schema.Verdict{Status: a.Status} // of drift and steps, each is of its own run
	if slices.Index(schema.Verdicts(), b.Status) > slices.Index(schema.Verdicts(), a.Status) {
		v.Status = b.Status
	}
	v.Reasons = slices.Clone(a.Reasons)
	for _, reason := range b.Reasons {
		if !slices.Contains(v.Reasons, reason) {
			v.Reasons = append(v.Reasons, reason)
		}
	}
	v.SendLagP50US = max(a.SendLagP50US, b.SendLagP50US)
	v.SendLagP99US = max(a.SendLagP99US, b.SendLagP99US)
	v.SendLagMaxUS = max(a.SendLagMaxUS, b.SendLagMaxUS)
	return &v
}

// warnings are what joining the files may have mixed up.
func (u *union) warnings() []string {
	if len(u.tenants) < 2 {
		return nil
	}
	var first *schema.File
	for _, f := range u.archive.Files {
		switch {
		case !u.tenants[f]:
		case first == nil:
			first = f
		case !sameKey(first.Meta(), f.Meta()):
			return []string{fmt.Sprintf("tenants of %q and %q are hashes by different keys, or by keys without a name: one client may have several tenants here",
				filepath.Base(first.Path()), filepath.Base(f.Path()))}
		}
	}
	return nil
}

// sameKey reports whether keyed hashes of two files compare: the key has a
// name, or one process wrote both, which draws one key.
func sameKey(a, b schema.Meta) bool {
	if a.KeyID != "" || b.KeyID != "" {
		return a.KeyID == b.KeyID
	}
	return a.TimeZero != 0 && a.TimeZero == b.TimeZero && a.Host == b.Host && a.Program == b.Program
}
