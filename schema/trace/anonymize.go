package trace

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"metron/schema"
)

// What becomes of names.
const (
	Drop   = "drop"
	Rehash = "rehash" // by the key of the run: equal ones stay equal
	Keep   = "keep"
)

// Anonymize writes the rows of files without what says who asked whom for what.
// Fill the fields, then call Run once.
//
// What it hides it drops or replaces by hashes with a key that is drawn here
// and written nowhere, so that equal things stay equal within the file and
// compare with nothing outside of it. Times, lengths and counts stay as they
// are: whoever has the traffic itself may find a row by them.
type Anonymize struct {
	Job
	Content string    // schema.RecordedLengths, or RecordedHash: which prompts begin alike stays visible
	Tenants string    // Drop, Rehash or Keep
	Models  string    // Drop, Rehash or Keep
	Start   time.Time // what the first row's start_time becomes; zero keeps all of them
}

// Run writes Out.
func (a *Anonymize) Run(ctx context.Context) (*Report, error) {
	v := &veil{Anonymize: a, columns: schema.ColumnNames(), removed: map[string]int64{}}
	rand.Read(v.key[:]) // never fails
	report, err := a.run(ctx, verb{
		name: "anonymize",
		footer: func(in *union, c Counts) (schema.Meta, error) {
			m, err := in.common()
			if err == nil {
				m, err = v.footer(in, m, c)
			}
			return m, err
		},
		edit: func(r *schema.Record) (bool, error) { return true, v.hide(r) },
	})
	if err != nil {
		return nil, err
	}
	report.Removed = v.removed
	return report, nil
}

// veil hides what rows and footers say.
type veil struct {
	*Anonymize
	key
	shiftUS int64            // added to every start_time
	columns []string         // in the order of a row's fields
	removed map[string]int64 // rows that lost a value, by column
}

// footer keeps of a footer what no text of an outsider is in.
func (v *veil) footer(in *union, m schema.Meta, c Counts) (schema.Meta, error) {
	if !slices.Contains(schema.Vantages(), m.Vantage) {
		return m, fmt.Errorf("anonymize %s: its vantage is %q, none of %v: it is not copied unseen", in.archive.Name(), m.Vantage, schema.Vantages())
	}
	start := "keep"
	if !v.Start.IsZero() {
		firstUS, _, err := in.archive.FirstStart()
		if err != nil {
			return m, err
		}
		v.shiftUS = v.Start.UnixMicro() - firstUS
		m.TimeZero = v.Start.UnixMicro()
		start = v.Start.UTC().Format(time.RFC3339Nano)
	}
	config, err := json.Marshal(map[string]any{"anonymize": map[string]string{
		"content": v.Content, "tenants": v.Tenants, "models": v.Models, "start": start}})
	out := schema.Meta{Vantage: m.Vantage, TimeZero: m.TimeZero, Clock: "removed", Host: "removed", Config: config,
		Privacy: v.Content, Counters: c.footer()}
	for _, f := range in.archive.Files { // how complete the capture was
		for _, name := range []string{"seen", "dropped", "failed"} {
			if n, ok := f.Meta().Counters[name]; ok {
				out.Counters[name] += n
			}
		}
	}
	if v.Tenants == Keep {
		out.KeyID = m.KeyID
	}
	if m.Verdict != nil {
		verdict := *m.Verdict
		verdict.Reasons = nil
		if !slices.Contains(schema.Verdicts(), verdict.Status) {
			return m, fmt.Errorf("anonymize %s: its verdict is %q: it is not copied unseen", in.archive.Name(), verdict.Status)
		}
		out.Verdict = &verdict
	}
	return out, err
}

// hide replaces a row by what may be seen of it. Text passes only where it is
// named here, so that a column that is added to the schema does not.
func (v *veil) hide(r *schema.Record) error {
	if err := checkWords(r); err != nil {
		return err
	}
	was := *r
	dropText(r)

	// Words of the schema.
	r.Phase, r.API, r.TokenSource, r.Overload, r.Outcome = was.Phase, was.API, was.TokenSource, was.Overload, was.Outcome
	// Words that everybody uses.
	r.Method, r.Path = oneOf(methods(), was.Method, ""), pathOf(&was)
	r.ResponseFormat = oneOf(responseFormats(), was.ResponseFormat, other)
	r.ErrorType = v.errorType(&was)
	for _, reason := range was.FinishReasons {
		r.FinishReasons = append(r.FinishReasons, oneOf(finishReasons(), reason, other))
	}

	// Names.
	r.RecordID, r.SourceRecordID, r.ParentRecordID = v.id(was.RecordID), v.id(was.SourceRecordID), v.id(was.ParentRecordID)
	r.SessionID, r.Target = v.word("session", was.SessionID), v.word("target", was.Target)
	r.Tenant = v.name(v.Tenants, "tenant", was.Tenant)
	r.RequestModel, r.ResponseModel = v.name(v.Models, "model", was.RequestModel), v.name(v.Models, "model", was.ResponseModel)

	// Numbers that lead back: a seed is the client's own choice, and the
	// lengths of chunks are those of words.
	r.Seed, r.ChunkBytes = nil, nil
	r.StartTime += v.shiftUS
	v.blocks(r, &was)
	v.count(&was, r)
	return nil
}

// blocks leaves what may be known of the prompt.
func (v *veil) blocks(r, was *schema.Record) {
	r.Recorded, r.BlockHashes = schema.RecordedLengths, nil
	if v.Content == schema.RecordedHash {
		switch {
		case len(was.BlockHashes) > 0:
			r.BlockUnit = was.BlockUnit
			for _, hash := range was.BlockHashes {
				r.BlockHashes = append(r.BlockHashes, v.rehash(hash))
			}
		default:
			if r.BlockHashes = v.hashPrompt(was.RequestBody); r.BlockHashes != nil {
				r.BlockSize, r.BlockUnit = new(int64(promptBlock)), "bytes"
			}
		}
	}
	if r.BlockHashes == nil {
		r.BlockSize, r.BlockUnit = nil, ""
		return
	}
	r.Recorded = schema.RecordedHash
}

// count notes the columns that a row lost.
func (v *veil) count(was, is *schema.Record) {
	before, after := reflect.ValueOf(was).Elem(), reflect.ValueOf(is).Elem()
	for i, name := range v.columns {
		if !before.Field(i).IsZero() && after.Field(i).IsZero() && name != "start_time" {
			v.removed[name]++
		}
	}
}

// dropText empties every field that can hold text, bytes or ids.
func dropText(r *schema.Record) {
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		kind := f.Kind()
		if kind == reflect.Slice {
			kind = f.Type().Elem().Kind()
		}
		if kind == reflect.String || kind == reflect.Uint8 || f.Type() == reflect.TypeFor[uuid.UUID]() {
			f.SetZero()
		}
	}
}

// checkWords refuses what stands where the schema has words of its own and is
// none of them: who knows what it says.
func checkWords(r *schema.Record) error {
	for _, w := range []struct{ column, value string }{
		{"phase", r.Phase}, {"api", r.API}, {"token_source", r.TokenSource}, {"overload", r.Overload}, {"outcome", r.Outcome},
		{"block_unit", r.BlockUnit},
	} {
		if w.value != "" && !slices.Contains(schema.Words(w.column), w.value) {
			return fmt.Errorf("%s is %q, none of %v: it is not copied unseen", w.column, w.value, schema.Words(w.column))
		}
	}
	return nil
}
