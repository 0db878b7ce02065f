package analyze

import (
	"fmt"
	"io"
	"strings"
)

// WriteGoBench prints the Go benchmark format, which benchstat reads: a benchmark a
// group, with as many iterations as it has answered requests and a value a number.
// Several runs of one build in one file are the samples that benchstat compares.
func (r *Result) WriteGoBench(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Files {
		fmt.Fprintf(&b, "# %s\n", f.Path) // a comment: as a setting it would keep benchstat from comparing files
	}
	err := r.eachPopulation(func(key GroupKey, p *Population) error {
		name := "BenchmarkMetron"
		for _, v := range key {
			name += fmt.Sprintf("/%s=%s", v.Dimension, benchWord(v.String()))
		}
		fmt.Fprintf(&b, "%s %d", name, max(1, p.Requests.OK))
		for _, n := range p.numbers() {
			if n.value == nil || n.stat == "count" {
				continue
			}
			metric := strings.TrimSuffix(n.metric, "_s")
			if n.stat != "" {
				metric += "." + n.stat
			}
			fmt.Fprintf(&b, " %s %s", plain(n.value), metric+benchUnits(n.unit))
		}
		b.WriteString("\n")
		return nil
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// benchUnits ends the name of a number so that benchstat scales its unit.
func benchUnits(unit string) string {
	if unit == "s" {
		return "-sec"
	}
	return ""
}

// benchWord is a value as one word of a benchmark's name.
func benchWord(value string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '/' {
			return '_'
		}
		return r
	}, value)
}

// WriteOpenMetrics prints OpenMetrics text: a summary a metric, a gauge a number, with a
// label for each dimension of a group.
func (r *Result) WriteOpenMetrics(w io.Writer) error {
	var b strings.Builder
	for i := range r.Metrics {
		m := &r.Metrics[i]
		name, unit := openMetricsName(m.key, string(m.unit))
		fmt.Fprintf(&b, "# TYPE %s summary\n", name)
		if unit != "" {
			fmt.Fprintf(&b, "# UNIT %s %s\n", name, unit)
		}
		fmt.Fprintf(&b, "# HELP %s %s of answered requests.\n", name, m.label)
		r.eachPopulation(func(key GroupKey, p *Population) error {
			one := &p.Metrics[i]
			for _, q := range summaryPercentiles() {
				if v := *q.of(&one.Summary); v != nil {
					fmt.Fprintf(&b, "%s%s %s\n", name, labelSet(key, "quantile", q.fraction().String()), plain(v))
				}
			}
			if one.Mean != nil {
				fmt.Fprintf(&b, "%s_sum%s %s\n", name, labelSet(key), plain(new(*one.Mean*float64(one.Count))))
			}
			fmt.Fprintf(&b, "%s_count%s %d\n", name, labelSet(key), one.Count)
			return nil
		})
	}
	whole := r.Population.numbers()
	for i, n := range whole {
		if n.stat != "" {
			continue
		}
		name, unit := openMetricsName(n.metric, n.unit)
		fmt.Fprintf(&b, "# TYPE %s gauge\n", name)
		if unit != "" {
			fmt.Fprintf(&b, "# UNIT %s %s\n", name, unit)
		}
		fmt.Fprintf(&b, "# HELP %s The %s.\n", name, n.label)
		r.eachPopulation(func(key GroupKey, p *Population) error {
			if v := p.numbers()[i].value; v != nil {
				fmt.Fprintf(&b, "%s%s %s\n", name, labelSet(key), plain(v))
			}
			return nil
		})
	}
	b.WriteString("# EOF\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// openMetricsName is the name of a metric with its unit spelled out behind it.
func openMetricsName(key, unit string) (name, suffix string) {
	if unit == "s" {
		return "metron_" + strings.TrimSuffix(key, "_s") + "_seconds", "seconds"
	}
	return "metron_" + key, ""
}

// labelSet prints the labels of a group, then pairs of more.
func labelSet(key GroupKey, more ...string) string {
	var out []string
	for _, v := range key {
		out = append(out, labelPair(v.Dimension, v.String()))
	}
	for i := 0; i < len(more); i += 2 {
		out = append(out, labelPair(more[i], more[i+1]))
	}
	if len(out) == 0 {
		return ""
	}
	return "{" + strings.Join(out, ",") + "}"
}

func labelPair(name, value string) string {
	return name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}
