package analyze

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xrash/smetrics"
)

// Settings that an SLO may carry beside its constraints.
const (
	settingTTFT       = "ttft_deadline"
	settingTBT        = "tbt_deadline"
	settingAttainment = "attainment"
)

// ParseSLO reads an SLO such as
//
//	ttft<=500ms,tbt[p99]<=50ms,fluidity>=0.9
//
// A bare name is a request's own value (tbt: each of its gaps), tbt[p99] a
// percentile of the request's own gaps, ttft.p99 one over the population. Times have a
// unit, shares are decimals. A profile's name stands for its items, of which the SLO's own
// replace those of the same subject: etalon:deadline,tbt_deadline=50ms. Etalon's three
// types need no prefix: deadline, tbt_ttft, ttft_tpot.
func ParseSLO(text string) (SLO, error) {
	p := sloParser{text: text, slo: SLO{Name: text}, written: map[string]bool{}}
	for at := 0; ; {
		item, _, more := strings.Cut(text[at:], ",")
		start := at + len(item) - len(strings.TrimLeft(item, " "))
		if err := p.item(strings.TrimSpace(item), start); err != nil {
			return SLO{}, err
		}
		if at += len(item) + 1; !more {
			break
		}
	}
	if len(p.slo.Constraints) == 0 {
		return SLO{}, p.errorf(0, "there is no constraint, such as ttft<=500ms")
	}
	return p.slo, nil
}

// sloParser is an SLO as far as it was read.
type sloParser struct {
	text    string
	slo     SLO
	written map[string]bool // subjects and settings that stand there themselves
}

// errorf says what is wrong at a byte of the text, as people count: characters from 1.
func (p *sloParser) errorf(at int, format string, args ...any) error {
	return fmt.Errorf("SLO %q: at character %d: %s", p.text, utf8.RuneCountInString(p.text[:at])+1, fmt.Sprintf(format, args...))
}

// item reads one item, which begins at a byte of the text.
func (p *sloParser) item(item string, at int) error {
	if item == "" {
		return p.errorf(at, "want a constraint, such as ttft<=500ms")
	}
	operator := strings.IndexAny(item, "<>=")
	if operator < 0 && strings.Contains(item, ":") {
		return p.profile(item, at)
	}
	if short := "etalon:" + item; operator < 0 && slices.Contains(profileNames(), short) {
		return p.profile(short, at)
	}
	if operator < 0 {
		return p.errorf(at, "%q bounds nothing: want a constraint such as ttft<=500ms%s", item, suggest(item, profileNames()))
	}
	subject := strings.TrimSpace(item[:operator])
	length := 1
	if strings.HasPrefix(item[operator:], "<=") || strings.HasPrefix(item[operator:], ">=") {
		length = 2
	}
	sign := item[operator : operator+length]
	rest := item[operator+length:]
	value := strings.TrimSpace(rest)
	valueAt := at + operator + length + len(rest) - len(strings.TrimLeft(rest, " "))
	if sign == "=" {
		if err := p.once(subject, at); err != nil {
			return err
		}
		return p.setting(subject, value, at, valueAt)
	}
	return p.constraint(subject, sign, value, at, at+operator, valueAt)
}

// once notes that a subject or a setting stands there.
func (p *sloParser) once(subject string, at int) error {
	if p.written[subject] {
		return p.errorf(at, "%s stands there twice", subject)
	}
	p.written[subject] = true
	return nil
}

// profile reads the items of a profile, but for those that stand there themselves.
func (p *sloParser) profile(name string, at int) error {
	i := slices.IndexFunc(profiles(), func(q sloProfile) bool { return q.name == name })
	if i < 0 {
		return p.errorf(at, "no profile %q%s", name, suggest(name, profileNames()))
	}
	inner, err := ParseSLO(profiles()[i].slo)
	if err != nil {
		return err
	}
	for _, c := range inner.Constraints {
		if !p.written[c.subject()] {
			p.put(c)
		}
	}
	if inner.TTFTDeadline != (FirstDeadline{}) && !p.written[settingTTFT] {
		p.slo.TTFTDeadline = inner.TTFTDeadline
	}
	if inner.TBTDeadline != 0 && !p.written[settingTBT] {
		p.slo.TBTDeadline = inner.TBTDeadline
	}
	return nil
}

// put adds a constraint, in place of one of the same subject.
func (p *sloParser) put(c Constraint) {
	i := slices.IndexFunc(p.slo.Constraints, func(o Constraint) bool { return o.subject() == c.subject() })
	if i < 0 {
		p.slo.Constraints = append(p.slo.Constraints, c)
		return
	}
	p.slo.Constraints[i] = c
}

func (p *sloParser) setting(name, value string, at, valueAt int) error {
	switch name {
	case settingTTFT:
		rest, prefill := strings.CutPrefix(value, "prefill")
		p.slo.TTFTDeadline.Prefill, p.slo.TTFTDeadline.Time = prefill, 0
		if prefill {
			if rest == "" {
				return nil
			}
			if value, prefill = strings.CutPrefix(rest, "+"); !prefill {
				return p.errorf(valueAt, "want prefill+300ms, or a time")
			}
		}
		return p.time(&p.slo.TTFTDeadline.Time, value, valueAt)
	case settingTBT:
		return p.time(&p.slo.TBTDeadline, value, valueAt)
	case settingAttainment:
		f, err := ParseFraction(value)
		if err != nil {
			return p.errorf(valueAt, "%v, such as 0.99", err)
		}
		p.slo.Attainment = f
		return nil
	}
	if sloMetricOf(name) != nil {
		return p.errorf(at, "%s=%s: write <= or >=", name, value)
	}
	return p.errorf(at, "no setting %q%s", name, suggest(name, []string{settingTTFT, settingTBT, settingAttainment}))
}

// time reads a time of whole microseconds, more than 0.
func (p *sloParser) time(to *time.Duration, value string, at int) error {
	d, err := time.ParseDuration(value)
	switch {
	case err != nil && strings.Trim(value, "0123456789.") == "" && value != "":
		return p.errorf(at, "%s of what? Write %sms or %ss", value, value, value)
	case err != nil:
		return p.errorf(at, "%q is no time, such as 500ms, 2s or 800us", value)
	case d <= 0 || d%time.Microsecond != 0:
		return p.errorf(at, "%s: want a whole number of microseconds, at least 1", value)
	}
	*to = d
	return nil
}

func (p *sloParser) constraint(subject, sign, value string, at, signAt, valueAt int) error {
	c, err := p.subject(subject, at)
	if err != nil {
		return err
	}
	if err := p.once(c.subject(), at); err != nil {
		return err
	}
	m := sloMetricOf(c.Metric)
	want := "<="
	if m.atLeast {
		want = ">="
	}
	if sign != want {
		return p.errorf(signAt, "write %s%s%s", subject, want, value)
	}
	if m.share {
		if c.Limit, err = ParseFraction(value); err != nil {
			return p.errorf(valueAt, "%v, such as 0.9", err)
		}
	} else {
		var d time.Duration
		if err := p.time(&d, value, valueAt); err != nil {
			return err
		}
		c.Limit = Fraction{d.Microseconds(), 1}
	}
	p.put(c)
	return nil
}

// subject reads ttft, tbt[p99] or ttft.p99.
func (p *sloParser) subject(subject string, at int) (Constraint, error) {
	c := Constraint{Scope: ScopeRequest}
	end := strings.IndexAny(subject, "[.")
	if end < 0 {
		end = len(subject)
	}
	c.Metric = subject[:end]
	if sloMetricOf(c.Metric) == nil {
		var names []string
		for _, m := range sloMetrics() {
			names = append(names, m.name)
		}
		return c, p.errorf(at, "no metric %q%s", c.Metric, suggest(c.Metric, names))
	}
	if end == len(subject) {
		return c, nil
	}
	quantile := subject[end+1:]
	c.Scope = ScopePopulation
	if subject[end] == '[' {
		inside, closed := strings.CutSuffix(quantile, "]")
		switch {
		case !closed:
			return c, p.errorf(at+len(subject), "want ]")
		case c.Metric != "tbt":
			return c, p.errorf(at+end, "a request has one %s: write %s, or %s.p99 over the requests", c.Metric, c.Metric, c.Metric)
		}
		c.Scope, quantile = ScopeGaps, inside
	}
	var err error
	if c.Quantile, err = parsePercentile(quantile); err != nil {
		return c, p.errorf(at+end+1, "%v", err)
	}
	return c, nil
}

// suggest names what was probably meant, or else all there is.
func suggest(name string, names []string) string {
	best, likeness := "", 0.8
	for _, n := range names {
		if l := smetrics.JaroWinkler(name, n, 0.7, 4); l > likeness {
			best, likeness = n, l
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %s?", best)
	}
	return "; there are " + strings.Join(names, ", ")
}
