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
		{Command: "analyze", Flag: "by", Words: analyze.DimensionNames(), List: true},
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
		{Command: "replay", Flag: "mode", Words: words("open", "session", "closed", "asap")},
		{Command: "replay", Flag: "overload", Words: words("queue", "shed", "abort")},
		{Command: "replay", Flag: "aborts", Words: words("time", "tokens", "off")},
		{Command: "replay", Flag: "timer", Words: words("precise", "cheap")},
		{Command: "replay", Flag: "spread", Words: words("request", "session")},
		{Command: "replay", Flag: "prompts", Words: words("auto", "ids", "text")},
		{Command: "replay", Flag: "loop-prompts", Words: words("own", "shared")},
		{Command: "replay", Flag: "history", Words: words("live", "recorded", "synthetic")},
		{Command: "replay", Flag: "stream", Words: words("recorded", "always")},
		{Command: "replay", Flag: "api", Words: forms.Names()},
		{Flag: "tokenizer", Words: words("cl100k_base", "o200k_base", "p50k_base", "r50k_base")},
		{Command: "sim", Flag: "profile", Words: llmsim.Profiles()},
		{Command: "generate", Flag: "over-max", Words: words("clip", "redraw")},
		{Command: "trace slice", Flag: "sample-by", Words: words(trace.BySession, trace.ByTenant, trace.ByRequest)},
		{Command: "trace anonymize", Flag: "content", Words: words(schema.RecordedLengths, schema.RecordedHash)},
		{Command: "trace anonymize", Flag: "tenants", Words: rehash},
		{Command: "trace anonymize", Flag: "models", Words: rehash},
		{Command: "trace export", Words: exports},
		{Flag: "zero-length", Words: words("keep", "drop", "floor")},
		{Flag: "spread", Words: words("none", "uniform")}, // of every import
	}
}

func texts[T ~string](list []T) (out []string) {
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}
