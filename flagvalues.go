package main

import (
	"metron/analyze"
	"metron/analyze/compare"
	"metron/analyze/plot"
	"metron/internal/completion"
	"metron/internal/forms"
	"metron/internal/llmsim"
	"metron/schema"
	"metron/schema/trace"
)

// flagValues are the words that completion knows: a flag of few values is one line here.
func flagValues() []completion.Values {
	words := func(list ...string) []string { return list }
	var exports []string
	for _, f := range trace.Formats() {
		exports = append(exports, f.Name)
	}
	rehash := words(trace.Drop, trace.Rehash, trace.Keep)
	return []completion.Values{
		{Command: "analyze", Flag: "format", Words: analyze.Formats()},
		{Command: "analyze", Flag: "sections", Words: append(words("all", "none"), analyze.SectionNames()...), List: true},
		{Command: "analyze", Flag: "dialect", Words: analyze.Dialects(), List: true},
		{Flag: "by", Words: analyze.DimensionNames(), List: true},
		{Command: "analyze", Flag: "publish", Words: words("mlflow=", "otlp=", "wandb-offline=")},
		{Command: "plot", Words: append(words("all"), analyze.FigureNames()...), List: true},
		{Command: "plot", Flag: "format", Words: texts(plot.Formats()), List: true},
		{Command: "plot", Flag: "theme", Words: texts(plot.Themes())},
		{Command: "plot", Flag: "size", Words: texts(plot.Sizes())},
		{Flag: "fluidity", Words: texts(analyze.Arithmetics())},
		{Flag: "multi-token", Words: texts(analyze.Policies())},
		{Flag: "percentile", Words: texts(analyze.Methods())},
		{Flag: "prefill", Words: words("estimate")},
		{Flag: "where", Words: schema.ColumnNames(), List: true},
		{Command: "compare", Flag: "pairing", Words: texts(compare.Pairings())},
		{Command: "capture", Flag: "privacy", Words: words(schema.RecordedHash, schema.RecordedContent, schema.RecordedLengths)},
		{Flag: "mode", Words: words("open", "session", "closed", "asap")},
		{Flag: "overload", Words: words("queue", "shed", "abort")},
		{Flag: "aborts", Words: words("time", "tokens", "off")},
		{Flag: "timer", Words: words("precise", "cheap")},
		{Command: "import", Flag: "spread", Words: words("none", "uniform")},
		{Flag: "spread", Words: words("request", "session")},
		{Flag: "prompts", Words: words("auto", "ids", "text")},
		{Flag: "loop-prompts", Words: words("own", "shared")},
		{Flag: "history", Words: words("live", "recorded", "synthetic")},
		{Flag: "stream", Words: words("recorded", "always")},
		{Flag: "api", Words: forms.Names()},
		{Flag: "tokenizer", Words: words("cl100k_base", "o200k_base", "p50k_base", "r50k_base")},
		{Command: "sim", Flag: "profile", Words: llmsim.Profiles()},
		{Flag: "over-max", Words: words("clip", "redraw")},
		{Command: "trace slice", Flag: "sample-by", Words: words(trace.BySession, trace.ByTenant, trace.ByRequest)},
		{Command: "trace anonymize", Flag: "content", Words: words(schema.RecordedLengths, schema.RecordedHash)},
		{Command: "trace anonymize", Flag: "tenants", Words: rehash},
		{Command: "trace anonymize", Flag: "models", Words: rehash},
		{Command: "trace export", Words: exports},
		{Command: "import", Flag: "zero-length", Words: words("keep", "drop", "floor")},
	}
}

func texts[T ~string](list []T) (out []string) {
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}
