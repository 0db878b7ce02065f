// Package wire turns the bytes of a response into token events: for each
// event its kind, its tokens, its choice and the socket read that completed
// it. Everything that capture and replay know about protocols stands here.
//
// Start at Decoder. Request bytes go through ParseRequest, response bytes
// read by read through Decoder.Feed, and Decoder.Finish gives the chunk columns
// of the row:
//
//	reads -> head (which framing?) -> SSE reader -> dialect -> events -> tally -> Response
//	                            \-> lines, array, frames -/
//	                            \-> document ---> dialect --/
//
// A dialect is one API: one file, and one line in the table of dialects. It
// is found by the request's method and path; the framing of the body (event
// stream, JSON lines, the objects of one array, the messages of an AWS event
// stream, or one document) by its first bytes and then its content type, since
// servers answer a streaming request with a JSON error under any type. A body
// that begins with an object is lines where its type says so, or where Ollama
// was asked for a stream and the status is no error; one that begins with an
// array is its objects where Gemini was asked for a stream. SageMaker's messages
// carry pieces of another stream, which a reader within the reader cuts.
//
// A body under gzip, deflate, br or zstd is inflated as its reads come, so that
// its events keep the stamps of the reads that made them readable. What no
// dialect reads passes as "other": sizes and times only. So does a body under a
// coding that nobody knows.
//
// # Kinds
//
// An event takes the lowest of its kinds. Of each choice in it:
//
//   - Content: `content` or `text` is not empty, or `token_ids` is not empty
//     and nothing else of the first four kinds is there (a token without text
//     is a token)
//   - Reasoning: `reasoning_content` or `reasoning` is not empty
//   - Tool: a `tool_calls` fragment or `function_call` with a name, arguments or
//     input that is not empty
//   - Refusal: `refusal` is not empty
//   - Role: there is a role, and none of the above (`content` null or "")
//   - Finish: there is a finish reason
//
// and of the event itself: Usage, a usage object; Error, an error object or
// text, `object: "error"`, or an event named error; Done, [DONE]; Ping, comment
// lines alone; Other, the rest, also what is no JSON object. The rule
// is literal: Ollama's closing event has a role beside its finish reason and is
// Role, though its finish reason is taken. An event with several choices is one
// entry: its choice is that of the first, its tokens those of all.
//
// Ollama's own API has `content`, `thinking` and `tool_calls` in `message`, or
// `response` and `thinking` beside each other. Each of its lines has a role, so
// that of the last line, which has `done`, does not count: that line is Finish,
// without a reason Usage or Done, or Content where it is the only one. TGI's
// events are a token each, Content unless it is `special`: the last, with the
// whole text, is Content or, for an end-of-text token, Finish.
//
// Anthropic's deltas are Content (text), Reasoning (thinking) and Tool
// (partial_json); a block that starts a tool's use is Tool, since the model wrote
// its name, and one that starts a text or a thought is Other, since it is empty;
// a signature is no token. message_start is Role, message_delta Finish,
// message_stop Done. The Responses API says by the type of an event what it is:
// its deltas are Content, Reasoning, Refusal and Tool, an item that is added is
// Role or, where a call has its name, Tool, the response's end is Finish, and
// what repeats a text that was streamed is Other. Gemini's parts are Content,
// Reasoning where they are a `thought`, and Tool (functionCall, executableCode).
// Bedrock's Converse is read as Anthropic's API is, its InvokeModel by the
// fields of the model's maker, SageMaker as what its container speaks: OpenAI's
// API or TGI's.
//
// # Tokens
//
// Counts an event come from, the surest first: `token_ids`; the growth of a
// cumulative usage (continuous_usage_stats), which counts each choice by itself
// as vLLM and SGLang do, and thoughts apart from the rest as Gemini does; the
// entries of `logprobs`; the text, counted by a tokenizer (CountBy). TGI's
// `token` is one token id. A tokenizer counts what
// each event adds to the text of its choice so far, so that the counts add up to
// the text's; it is asked for none where a choice said something that is not text. Only events of the first four kinds carry tokens. What another event
// reports (a token whose text is held back until its character is whole, say)
// counts with the next content event of its choice; an end-of-text token after
// the last one is in the usage and in no event. A source is taken when every
// content event has it and it counted at least one token; otherwise the next is
// tried, and where none is left Tokens is nil: never a mixture, never a guess.
//
// TokenSource names where Tokens came from. Where Tokens is nil it is "usage"
// if the response told its total, else "chunks". The reported totals are kept
// as they are reported, also where they disagree with the events.
//
// # Ends
//
// Terminal is [DONE], or a finish reason for every choice that was asked for,
// since several servers never send [DONE], with no content of that choice after it;
// Ollama's is `done`, TGI's
// `generated_text`, Anthropic's message_stop, that of the Responses API one of
// response.completed, incomplete, failed and cancelled, Gemini's a finishReason
// or the reason why a prompt was blocked, Bedrock's a stopReason or its
// invocation metrics; a document is terminal when it is one complete JSON value.
// Whether the transport ended cleanly is the caller's knowledge: Response.Complete
// joins the two. It counts for more than a finish reason where those stand beside
// content all along, as in Gemini's older streams.
//
// # The SSE reader
//
// It reads by the WHATWG text, is pushed bytes, and reports what standard
// readers hide: comments, sizes, and what was left unterminated.
//
// Note: the Go libraries for this (go-sse, r3labs/sse, ogen's, the SDKs' own)
// pull from an io.Reader through a buffer that reads ahead. Which read
// completed an event, the one thing that a recorder must know, is gone by the
// time they return it; they also drop comments, which keep a connection alive
// before the first token, and they allocate strings for each event.
//
// The line reader has the same shape, for the same reason. Ollama's durations,
// ns, go where llama.cpp's timings go.
package wire
