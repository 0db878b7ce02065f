// Package schema is the one format that carries LLM traffic with the time of
// every token: the row (Record), the footer (Meta), the Parquet file and the
// journal that a file grows from.
//
// A trace and a run are the same kind of file, one row per request; capture,
// replay, import and generate write it through Create and Writer.Put, or what can
// be had again through NewBuilder and Builder.Put; whoever reads opens files with
// OpenArchive, one or many as one population, and asks a Query: Arrow record
// batches of just the columns and rows that are wanted (Archive.Batches), or
// whole rows by start_time (Archive.Records). Open is for one file. What a crash left of a file, Recover completes.
//
// The struct tags of Record are the schema: Parquet columns, Arrow fields and
// jsonl keys all come from them. The package knows nothing of HTTP, metrics or
// command lines.
package schema
