package schema

import "github.com/google/uuid"

// Version is the schema version that this program writes, major.minor. A
// reader ignores the unknown columns of a newer minor version and refuses a
// newer major one.
const Version = "1.0"

// Record is one request: one row of a trace or a run.
//
// A nil pointer, an empty string, a zero UUID or an empty list means that the value is
// unknown or does not apply; never zero. What exactly, each column says after "Null:" or
// "Empty:"; a column that says neither is always filled.
//
// This is the one place where a column is described: docs/schema.md is made of its comment,
// its type, and its tags. unit is "-" for what has none. otel is the attribute of
// OpenTelemetry's conventions that has the same value, behind "~" the nearest one, whose
// values differ. by lists the vantages whose files have the column: an import where its
// source has it, `metron import jsonl` any column.
type Record struct {
	// Identity.

	// Names the row. Of several journalled rows with one id the last counts.
	RecordID uuid.UUID `parquet:"record_id,uuid" unit:"-" otel:"-" by:"capture replay import generate"`
	// The row of the trace that this one replayed. Null: it replayed none.
	SourceRecordID uuid.UUID `parquet:"source_record_id,optional,uuid" unit:"-" otel:"-" by:"replay import"`
	// The pass over its trace that sent it, from 1, where a run repeats its trace. Null: the trace was sent
	// once.
	Loop *int64 `parquet:"loop,optional" unit:"count" otel:"-" by:"replay import"`
	// The conversation that it is a turn of. Null: unknown, or none.
	SessionID string `parquet:"session_id,optional,dict,zstd" unit:"-" otel:"gen_ai.conversation.id" by:"capture replay import generate"`
	// Its place in the session. Null: unknown.
	Turn *int64 `parquet:"turn,optional" unit:"count" otel:"-" by:"capture replay import generate"`
	// The row whose answer it waited for. Null: it waited for none, or that is unknown.
	ParentRecordID uuid.UUID `parquet:"parent_record_id,optional,uuid" unit:"-" otel:"-" by:"capture replay import generate"`
	// From the parent's end to this request. Null: unknown, or no parent.
	ThinkTime *int64 `parquet:"think_time,optional" unit:"us" otel:"-" by:"capture replay import generate"`
	// Who asked: a keyed hash of the credential. Null: there was none, or that was not kept.
	Tenant string `parquet:"tenant,optional,dict,zstd" unit:"-" otel:"-" by:"capture replay import generate"`
	// Share of the traffic that the file holds of the row's kind, above 0 and at most 1; `--sample` of
	// `metron capture`, `metron trace slice` and `metron replay` sets it. Null: all of it.
	SampleRate *float64 `parquet:"sample_rate,optional" unit:"share" otel:"-" by:"capture replay import"`
	// Phase of a run. Numbers are of measure alone.
	Phase string `parquet:"phase,dict,zstd" unit:"-" otel:"-" by:"capture replay import generate"`
	// Where it was sent: scheme://host:port. Null: nobody sent it.
	Target string `parquet:"target,optional,dict,zstd" unit:"-" otel:"~server.address" by:"replay import"`
	// When it began, the zero of the row's other times: in a capture its head was read, in a replay it was
	// due, else it arrived. The file's time zero plus monotonic time.
	StartTime int64 `parquet:"start_time,timestamp(microsecond),delta" unit:"us since 1970, UTC" otel:"-" by:"capture replay import generate"`

	// Request.

	// The API that was spoken.
	API string `parquet:"api,dict,zstd" unit:"-" otel:"~gen_ai.operation.name" by:"capture replay import generate"`
	// HTTP method.
	Method string `parquet:"method,dict,zstd" unit:"-" otel:"http.request.method" by:"capture replay import generate"`
	// Path of the URL, without its query.
	Path string `parquet:"path,dict,zstd" unit:"-" otel:"url.path" by:"capture replay import generate"`
	// The model that was asked for. Null: the request named none.
	RequestModel string `parquet:"request_model,optional,dict,zstd" unit:"-" otel:"gen_ai.request.model" by:"capture replay import generate"`
	// Whether a streamed answer was asked for.
	Stream bool `parquet:"stream" unit:"-" otel:"gen_ai.request.stream" by:"capture replay import generate"`
	// Answers that were asked for, 1 or more.
	ChoiceCount int64 `parquet:"choice_count" unit:"count" otel:"gen_ai.request.choice.count" by:"capture replay import generate"`
	// Upper bound of the answer's length. Null: none was set.
	MaxTokens *int64 `parquet:"max_tokens,optional" unit:"tokens" otel:"gen_ai.request.max_tokens" by:"capture replay import generate"`
	// Lower bound of the answer's length, an extension of vLLM and others. Null: none was set.
	MinTokens *int64 `parquet:"min_tokens,optional" unit:"tokens" otel:"-" by:"capture replay import generate"`
	// Whether the server was to go on past the end-of-sequence token. Null: not said.
	IgnoreEOS *bool `parquet:"ignore_eos,optional" unit:"-" otel:"-" by:"capture replay import generate"`
	// Sampling temperature. Null: not said.
	Temperature *float64 `parquet:"temperature,optional" unit:"-" otel:"gen_ai.request.temperature" by:"capture replay import"`
	// Nucleus sampling: the share of probability that tokens are drawn from. Null: not said.
	TopP *float64 `parquet:"top_p,optional" unit:"share" otel:"gen_ai.request.top_p" by:"capture replay import"`
	// How many tokens are drawn from. Null: not said.
	TopK *int64 `parquet:"top_k,optional" unit:"count" otel:"gen_ai.request.top_k" by:"capture replay import"`
	// Seed of the sampling. Null: not said.
	Seed *int64 `parquet:"seed,optional" unit:"-" otel:"gen_ai.request.seed" by:"capture replay import"`
	// Form of the answer, in the API's word, such as json_schema. Null: not said.
	ResponseFormat string `parquet:"response_format,optional,dict,zstd" unit:"-" otel:"~gen_ai.output.type" by:"capture replay import"`
	// Tools that were offered.
	ToolCount int64 `parquet:"tool_count" unit:"count" otel:"-" by:"capture replay import generate"`
	// Images in the prompt.
	ImageCount int64 `parquet:"image_count" unit:"count" otel:"-" by:"capture replay import generate"`
	// Size of the request's body. 0: none, or unknown.
	RequestBytes int64 `parquet:"request_bytes" unit:"bytes" otel:"http.request.body.size" by:"capture replay import generate"`
	// Length of the answer in the trace, which this one was to have again. Null: not a replay, or the
	// trace does not say.
	ExpectedOutputTokens *int64 `parquet:"expected_output_tokens,optional" unit:"tokens" otel:"-" by:"replay import"`

	// Tokens as reported.

	// Tokens of the prompt, cached ones included. Null: not reported.
	InputTokens *int64 `parquet:"input_tokens,optional" unit:"tokens" otel:"gen_ai.usage.input_tokens" by:"capture replay import generate"`
	// Those of them that came out of the server's prefix cache. Null: not reported.
	CachedInputTokens *int64 `parquet:"cached_input_tokens,optional" unit:"tokens" otel:"gen_ai.usage.cache_read.input_tokens" by:"capture replay import"`
	// Tokens of the answer, of all its choices, reasoning included. Null: not reported.
	OutputTokens *int64 `parquet:"output_tokens,optional" unit:"tokens" otel:"gen_ai.usage.output_tokens" by:"capture replay import generate"`
	// Those of them that were reasoning, streamed or not. Null: not reported.
	ReasoningTokens *int64 `parquet:"reasoning_tokens,optional" unit:"tokens" otel:"gen_ai.usage.reasoning.output_tokens" by:"capture replay import"`
	// Where the counts are from: how sure they are.
	TokenSource string `parquet:"token_source,dict,zstd" unit:"-" otel:"-" by:"capture replay import generate"`

	// Prefix.

	// Hash of each block of the prompt and all before it: equal beginnings have equal hashes. A capture's
	// are keyed, and compare within it only. Empty: unknown, not kept, or the prompt fills no block.
	BlockHashes []int64 `parquet:"block_hashes,list" parquet-element:",plain,zstd" unit:"-" otel:"-" by:"capture replay import generate"`
	// Size of a block; the last one may be shorter, but in a capture, where one that is not full has no
	// hash. Null: no block_hashes.
	BlockSize *int64 `parquet:"block_size,optional" unit:"block_unit" otel:"-" by:"capture replay import generate"`
	// What block_size counts. Null: no block_hashes.
	BlockUnit string `parquet:"block_unit,optional,dict,zstd" unit:"-" otel:"-" by:"capture replay import generate"`

	// Times.

	// What it depended on was there: in a replay the turn before it had ended, and its think time was over.
	// Below 0 if before it was due. Null: it depended on nothing.
	Ready *int64 `parquet:"ready,optional" unit:"us after start_time" otel:"-" by:"replay import"`
	// The client took it up to send it: TTFT starts here, or at 0 where this is null. Null: nobody
	// scheduled it (capture, most imports), or it was not sent.
	Dispatched *int64 `parquet:"dispatched,optional" unit:"us after start_time" otel:"-" by:"replay import"`
	// A connection to the server was there, new or used before. Null: unknown, or there was none.
	Connected *int64 `parquet:"connected,optional" unit:"us after start_time" otel:"-" by:"capture replay import"`
	// Whether that connection was there before: it had served, or was opened ahead of the run. Null: as
	// connected.
	ConnectionReused *bool `parquet:"connection_reused,optional" unit:"-" otel:"-" by:"capture replay import"`
	// The whole request was handed to the kernel. Null: unknown, or it never was.
	Wrote *int64 `parquet:"wrote,optional" unit:"us after start_time" otel:"-" by:"capture replay import"`
	// The head of the response was read. Null: unknown, or none came.
	Headers *int64 `parquet:"headers,optional" unit:"us after start_time" otel:"-" by:"capture replay import"`
	// The body ended, however it ended. Null: unknown, not sent, or in flight at a crash.
	End *int64 `parquet:"end,optional" unit:"us after start_time" otel:"-" by:"capture replay import"`
	// Time that the server's bytes waited for a client that did not read, in waits over 1 ms. Null: none, or
	// not measured.
	ClientStall *int64 `parquet:"client_stall,optional" unit:"us" otel:"-" by:"capture import"`
	// The client left. Null: it stayed.
	ClientAbort *int64 `parquet:"client_abort,optional" unit:"us after start_time" otel:"-" by:"capture replay import generate"`

	// Chunks: one entry an event, all lists of one length or empty. A codec
	// takes nothing off times, but half of what repeats from row to row.

	// When the read that completed the event returned; never falling. Empty: no event, an answer that came
	// whole, or unknown.
	ChunkTime []int64 `parquet:"chunk_time,list" parquet-element:",delta" unit:"us after start_time" otel:"-" by:"capture replay import"`
	// What the event is; if several things, the lowest code. Empty: as chunk_time.
	ChunkKind []int8 `parquet:"chunk_kind,list" parquet-element:",dict,zstd" unit:"-" otel:"-" by:"capture replay import"`
	// Tokens of the event, 0 where it carries none. Empty: unknown.
	ChunkTokens []int32 `parquet:"chunk_tokens,list" parquet-element:",dict,zstd" unit:"tokens" otel:"-" by:"capture replay import"`
	// Choice that the event belongs to, from 0. Empty: choice_count is 1, all belong to 0.
	ChunkChoice []int16 `parquet:"chunk_choice,list" parquet-element:",dict" unit:"-" otel:"-" by:"capture replay import"`
	// Number of the socket read that completed the event. Equal numbers in a row: one read, so one time,
	// and no more is known. Empty: unknown.
	ChunkRead []int32 `parquet:"chunk_read,list" parquet-element:",delta,zstd" unit:"-" otel:"-" by:"capture replay import"`
	// Size of the event. Empty: not kept, since lengths give text away: recorded is not content.
	ChunkBytes []int32 `parquet:"chunk_bytes,list" parquet-element:",delta" unit:"bytes" otel:"-" by:"capture import"`

	// Outcome.

	// How it ended.
	Outcome string `parquet:"outcome,dict,zstd" unit:"-" otel:"-" by:"capture replay import generate"`
	// Class of the error, the server's word or ours. Null: no error, or unknown.
	ErrorType string `parquet:"error_type,optional,dict,zstd" unit:"-" otel:"error.type" by:"capture replay import"`
	// The error in the server's or the system's words, cut to a length, the client's credential cut out;
	// in a capture that keeps no content the words of the prompt as well. Null: none, or not kept.
	ErrorMessage string `parquet:"error_message,optional,dict,zstd" unit:"-" otel:"-" by:"capture replay import"`
	// Status of the response. Null: none came, or unknown.
	HTTPStatus *int64 `parquet:"http_status,optional" unit:"-" otel:"http.response.status_code" by:"capture replay import"`
	// What a cap on requests in flight did to it. Null: nothing, or there was no cap.
	Overload string `parquet:"overload,optional,dict,zstd" unit:"-" otel:"-" by:"replay import"`
	// Why the answer ended, for each choice in order, in the API's words. Empty: not said.
	FinishReasons []string `parquet:"finish_reasons,list" parquet-element:",dict,zstd" unit:"-" otel:"gen_ai.response.finish_reasons" by:"capture replay import"`
	// The server's name for the answer. Null: not said.
	ResponseID string `parquet:"response_id,optional,zstd" unit:"-" otel:"gen_ai.response.id" by:"capture replay import"`
	// The model that answered. Null: not said.
	ResponseModel string `parquet:"response_model,optional,dict,zstd" unit:"-" otel:"gen_ai.response.model" by:"capture replay import"`
	// Bytes of the body that arrived. Null: unknown, or no response.
	ResponseBytes *int64 `parquet:"response_bytes,optional" unit:"bytes" otel:"http.response.body.size" by:"capture replay import"`
	// What this row kept of prompt and answer.
	Recorded string `parquet:"recorded,dict,zstd" unit:"-" otel:"-" by:"capture replay import generate"`
	// The server's own figures (vLLM, llama.cpp, Ollama, Server-Timing), an object. Null: it gave none.
	ServerMetrics string `parquet:"server_metrics,optional,zstd" unit:"JSON" otel:"-" by:"capture replay import"`

	// Content, under --privacy content only.

	// Headers of the request that an allow-list names, an object. Null: not kept.
	RequestHeaders string `parquet:"request_headers,optional,zstd" unit:"JSON" otel:"~http.request.header.*" by:"capture import"`
	// The request's body as it was sent, the client's credential cut out. Null: not kept, or none.
	RequestBody []byte `parquet:"request_body,optional,zstd" unit:"-" otel:"~gen_ai.input.messages" by:"capture import"`
	// The response's body as it came, without its content coding, the client's credential cut out. Null:
	// not kept, or none.
	ResponseBody []byte `parquet:"response_body,optional,zstd" unit:"-" otel:"~gen_ai.output.messages" by:"capture import"`
}

// Phases of a run.
const (
	PhaseWarmup   = "warmup"   // before the numbers
	PhaseMeasure  = "measure"  // the requests that numbers are of
	PhaseCooldown = "cooldown" // after them
)

// Outcomes of a request; each row has exactly one.
const (
	OutcomeOK             = "ok"              // a terminal event was seen, finish reason length included
	OutcomeTruncated      = "truncated"       // the body ended without one (error_type no_terminal, unexpected_eof or capture_gap)
	OutcomeStreamError    = "stream_error"    // an error event after status 200, even when [DONE] follows
	OutcomeHTTPError      = "http_error"      // status >= 400
	OutcomeTransportError = "transport_error" // dial, TLS or reset before the body ended
	OutcomeTimeout        = "timeout"         // our own deadline
	OutcomeClientAbort    = "client_abort"    // the client left
	OutcomeNotSent        = "not_sent"        // due and never sent (overload says why)
	OutcomeUnknown        = "unknown"         // in flight at a crash, or when a packet capture ended or lost it (error_type capture_*)
)

// Outcomes lists every outcome, in the order tables print them.
func Outcomes() []string {
	return []string{OutcomeOK, OutcomeTruncated, OutcomeStreamError, OutcomeHTTPError, OutcomeTransportError,
		OutcomeTimeout, OutcomeClientAbort, OutcomeNotSent, OutcomeUnknown}
}

// Names of the APIs that a row can speak.
const (
	APIChat           = "openai.chat"        // POST .../chat/completions
	APICompletions    = "openai.completions" // POST .../completions
	APIResponses      = "openai.responses"   // POST .../responses
	APIMessages       = "anthropic.messages" // POST .../v1/messages, and Vertex AI's :rawPredict and :streamRawPredict
	APIOllamaChat     = "ollama.chat"        // POST .../api/chat
	APIOllamaGenerate = "ollama.generate"    // POST .../api/generate
	APITGIGenerate    = "tgi.generate"       // POST .../generate_stream and .../generate
	APIGemini         = "gemini.generate"    // POST ...:streamGenerateContent and ...:generateContent
	APISageMaker      = "sagemaker"          // POST .../invocations-response-stream and .../invocations
	APIBedrock        = "bedrock"            // POST .../model/MODEL/ converse-stream, converse, invoke-with-response-stream and invoke
	APIEmbeddings     = "embeddings"         // POST .../embeddings and .../api/embed: no chunks, no output tokens
	APIOther          = "other"              // any other request that passed a capture: sizes and times alone
)

// Kinds of a chunk. An event that is several takes the lowest.
const (
	KindContent   int8 = 0  // text of the answer
	KindReasoning int8 = 1  // text of its reasoning
	KindTool      int8 = 2  // a piece of a tool call
	KindRefusal   int8 = 3  // text of a refusal
	KindRole      int8 = 4  // the role alone: the stream has begun
	KindFinish    int8 = 5  // a finish reason
	KindUsage     int8 = 6  // token counts
	KindPing      int8 = 7  // a comment or ping that keeps the connection
	KindError     int8 = 8  // an error
	KindDone      int8 = 9  // the end mark, such as [DONE]
	KindOther     int8 = 10 // anything else
)

// Kinds lists the names of the chunk kinds, indexed by their code.
func Kinds() []string {
	return []string{"content", "reasoning", "tool", "refusal", "role", "finish", "usage", "ping", "error", "done", "other"}
}

// Sources of the token counts, the surest first.
const (
	TokenSourceUsage     = "usage"     // the server reported usage
	TokenSourceTokenIDs  = "token_ids" // token ids stood in the chunks
	TokenSourceLogprobs  = "logprobs"  // logprobs did, one a token
	TokenSourceTokenizer = "tokenizer" // the text was tokenized again
	TokenSourceChunks    = "chunks"    // one token a chunk was assumed
	TokenSourceTrace     = "trace"     // the imported or generated trace says so
)

// What a row kept of its content.
const (
	RecordedContent = "content" // prompt and answer, too
	RecordedHash    = "hash"    // hashes of the prompt's blocks, too
	RecordedLengths = "lengths" // lengths and times alone
)
