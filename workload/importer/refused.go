package importer

import (
	"metron/internal/term"
)

// Some files look like traces and hold no requests: they are known, so that
// the error says what to do with them.

func serveGenFormat() Format {
	return refused(Format{
		Name:  "servegen",
		Usage: "ServeGen's rates and marginals: for `metron generate`, not for import",
		sniff: func(h *head) string {
			// chunk-i-trace.csv has no header: window, rate, cv, pattern, shape, scale.
			number := func(i int) bool { _, _, err := scaled([]byte(h.header[i]), secondsToUS); return err == nil }
			if len(h.header) == 6 && number(0) && number(1) && number(2) && !number(3) {
				return "it has six columns without a header: window, rate, CV, pattern, shape and scale"
			}
			windows := len(h.keys) > 0
			for key := range h.keys {
				_, _, err := scaled([]byte(key), secondsToUS)
				windows = windows && err == nil
			}
			return h.because(windows, "it is an object whose keys are windows of time")
		},
	}, "it holds rates and distributions, no requests", "`metron generate --arrival servegen:FOLDER` draws requests from the files")
}

func etalonLengthsFormat() Format {
	return refused(Format{
		Name:  "etalon-lengths",
		Usage: "Etalon's processed lengths: for `metron generate`, not for import",
		sniff: func(h *head) string {
			return h.because(h.columns("num_prefill_tokens", "num_decode_tokens"), "its header has num_prefill_tokens and num_decode_tokens")
		},
	}, "it holds lengths, and no arrival times", "`metron generate --lengths file:FILE` takes them, and --arrival says when")
}

// refused is a format whose files are told from others, and not read.
func refused(f Format, why, hint string) Format {
	f.Details = "This is no format that can be imported: " + why + ".\n" + hint + "."
	f.Example = "metron import " + f.Name + " FILE --out trace.parquet"
	f.open = func(in *input) (source, error) { return nil, term.WithHint(in.errorf("%s", why), "%s", hint) }
	return f
}
