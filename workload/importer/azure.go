package importer

import (
	"fmt"

	"metron/schema"
)

func azureFormat() Format {
	return Format{
		Name:  "azure",
		Usage: "Azure LLM inference traces, CSV of 2023 and later",
		Details: "Columns are found by name in the header: TIMESTAMP, ContextTokens, GeneratedTokens and, where it is,\n" +
			"NumImages; others are ignored. Times without a zone are UTC; digits below a microsecond are cut\n" +
			"off and counted.",
		Example: "metron import azure azure-2023-conv.csv --out conv.parquet",
		sniff: func(h *head) string {
			return h.because(h.columns("timestamp", "contexttokens", "generatedtokens"), "its header has TIMESTAMP, ContextTokens and GeneratedTokens")
		},
		open: openAzure,
	}
}

// azure reads rows like "2023-11-16 18:17:03.9799600,4808,10".
type azure struct {
	*table
	ids *rowIDs

	stamp, context, generated, images int // columns; images is -1 when absent

	inputTokens, outputTokens int64 // the row's, which its pointers share
}

func openAzure(in *input) (source, error) {
	a := &azure{ids: newRowIDs("azure", in)}
	var err error
	a.table, err = openTable(in, "an Azure trace begins with TIMESTAMP,ContextTokens,GeneratedTokens",
		tableColumn{"TIMESTAMP", &a.stamp, true}, tableColumn{"ContextTokens", &a.context, true},
		tableColumn{"GeneratedTokens", &a.generated, true}, tableColumn{"NumImages", &a.images, false})
	return a, err
}

func (a *azure) next(r *schema.Record) error {
	line, err := a.table.next()
	if err != nil {
		return err
	}
	fillChat(r)
	r.RecordID = a.ids.id(a.in.rows, line)
	if err := a.parse(r); err != nil {
		return a.in.bad(err)
	}
	return nil
}

func (a *azure) parse(r *schema.Record) error {
	at, err := parseStamp(a.fields[a.stamp])
	if err != nil {
		return fmt.Errorf("TIMESTAMP %s: %w", quote(a.fields[a.stamp]), err)
	}
	r.StartTime = at.us
	if a.inputTokens, err = count("ContextTokens", a.fields[a.context]); err != nil {
		return err
	}
	if a.outputTokens, err = count("GeneratedTokens", a.fields[a.generated]); err != nil {
		return err
	}
	if a.images >= 0 {
		if r.ImageCount, err = count("NumImages", a.fields[a.images]); err != nil {
			return err
		}
	}
	a.in.countCut(at.finer)
	r.InputTokens, r.OutputTokens = &a.inputTokens, &a.outputTokens
	return nil
}
