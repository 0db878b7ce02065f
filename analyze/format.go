package analyze

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"metron/internal/term"
)

// format is a way to print a result: a new one is one entry in formats.
type format struct {
	name  string
	write func(*Result, io.Writer) error
}

func formats() []format {
	return []format{
		{"text", (*Result).WriteText},
		{"json", (*Result).WriteJSON},
		{"csv", (*Result).WriteCSV},
		{"markdown", (*Result).WriteMarkdown},
		{"gobench", (*Result).WriteGoBench},
		{"openmetrics", (*Result).WriteOpenMetrics},
	}
}

// Formats lists the names of the formats, the default first.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// Write prints the result in one of Formats.
func (r *Result) Write(w io.Writer, name string) error {
	for _, f := range formats() {
		if f.name == name {
			return f.write(r, w)
		}
	}
	return fmt.Errorf("format %q: must be one of %s", name, strings.Join(Formats(), ", "))
}

// entry is one number of a population, for formats that are a list of them.
type entry struct {
	metric, stat string // stat is "" where the metric is one number
	unit         string
	value        *float64
	low, high    *float64 // its 95 % interval
	label        string
}

// numbers are those of the metrics, statistic by statistic, then those of the whole.
func (p *Population) numbers() []entry {
	var out []entry
	for i := range p.Metrics {
		m := &p.Metrics[i]
		ci := m.CI95
		if ci == nil {
			ci = &Intervals{}
		}
		add := func(stat string, v, low, high *float64) {
			out = append(out, entry{m.key, stat, string(m.unit), v, low, high, m.label})
		}
		add("count", new(float64(m.Count)), nil, nil)
		add("mean", m.Mean, ci.Mean.Low, ci.Mean.High)
		add("stddev", m.Stddev, nil, nil)
		add("min", m.Min, nil, nil)
		for _, q := range summaryPercentiles() {
			interval := q.interval(ci)
			add(q.name, *q.of(&m.Summary), interval.Low, interval.High)
		}
		add("max", m.Max, nil, nil)
	}
	one := func(metric, unit, label string, v *float64) {
		out = append(out, entry{metric: metric, unit: unit, value: v, label: label})
	}
	one("duration_s", "s", "duration", p.DurationS)
	one("requests", "requests", "requests", new(float64(p.Requests.Total)))
	one("requests_ok", "requests", "answered requests", new(float64(p.Requests.OK)))
	one("request_throughput_per_s", "requests/s", "request throughput", p.Throughput.RequestsPerS)
	one("output_token_throughput_per_s", "tokens/s", "output token throughput", p.Throughput.OutputTokensPerS)
	one("total_token_throughput_per_s", "tokens/s", "token throughput", p.Throughput.TotalTokensPerS)
	one("service_miss_rate", "share", "deadlines missed", p.Fluidity.ServiceMissRate)
	one("fluid_token_rate_per_s", "tokens/s", "fluid token rate", p.Fluidity.FluidTokenRate)
	one("service_absolute_attainment", "share", "tokens on schedule", p.Playback.AbsoluteAttainment)
	one("service_continuity", "share", "time reading", p.Playback.Continuity)
	return out
}

// eachPopulation calls f with the whole, then with every group and its key.
func (r *Result) eachPopulation(f func(GroupKey, *Population) error) error {
	if err := f(nil, &r.Population); err != nil {
		return err
	}
	for i := range r.Groups {
		if err := f(r.Groups[i].Key, &r.Groups[i].Population); err != nil {
			return err
		}
	}
	return nil
}

// WriteCSV prints a line a number: the group's key (empty: all rows; a dash: unknown), the
// metric, the statistic, its value and interval, and their unit. The undefined is empty.
func (r *Result) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	header := append(append([]string{}, r.Settings.By...), "metric", "stat", "value", "ci95_low", "ci95_high", "unit")
	if err := out.Write(header); err != nil {
		return err
	}
	err := r.eachPopulation(func(key GroupKey, p *Population) error {
		var values []string
		for i := range r.Settings.By {
			if key == nil {
				values = append(values, "")
			} else {
				values = append(values, key[i].String())
			}
		}
		for _, n := range p.numbers() {
			line := append(append([]string{}, values...), n.metric, n.stat, plain(n.value), plain(n.low), plain(n.high), n.unit)
			if err := out.Write(line); err != nil {
				return err
			}
		}
		return nil
	})
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return err
}

func plain(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

// WriteMarkdown prints what WriteText does as tables that a pull request or a wiki shows.
func (r *Result) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString(r.headline(false) + "\n")
	err := r.eachPopulation(func(key GroupKey, p *Population) error {
		if key != nil {
			fmt.Fprintf(&b, "\n**%s: %s**\n", escaped(strings.Join(r.Settings.By, ", ")), escaped(key.String()))
		}
		b.WriteString("\n| metric | N | mean | p50 | p90 | p99 | p99 95 % CI |\n|---|--:|--:|--:|--:|--:|--:|\n")
		for i := range p.Metrics {
			m := &p.Metrics[i]
			interval := "-"
			if m.CI95 != nil {
				interval = m.unit.interval(m.CI95.P99)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", m.label, term.Count(m.Count),
				m.unit.format(m.Mean), m.unit.format(m.P50), m.unit.format(m.P90), m.unit.format(m.P99), interval)
		}
		fmt.Fprintf(&b, "\nThroughput: %s, %s. Deadlines missed: %s. Fluid token rate: %s.\n",
			rate(p.Throughput.RequestsPerS, "requests/s"), rate(p.Throughput.OutputTokensPerS, "output tok/s"),
			percent(p.Fluidity.ServiceMissRate), rate(p.Fluidity.FluidTokenRate, "tok/s"))
		return nil
	})
	if err != nil {
		return err
	}
	for i, warning := range r.Warnings {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "- %s\n", escaped(warning.Message))
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// escaped keeps a text from ending a cell or becoming markup.
func escaped(text string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "`", "'").Replace(text)
}
