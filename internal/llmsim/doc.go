// Package llmsim is a simulated LLM server: the embedded target of the demo
// and of the tests, and the calibration piece whose truth is known. It says
// nothing about any real server.
//
// Engine is the step model and a pure state machine over virtual time:
// sequences are submitted, Step advances by one pass of the batch (decodes,
// and the chunks of prompts that still fit), and answers how long the pass
// took and whose tokens it made. It knows no clock, no goroutine and no HTTP,
// so a search can run it a thousand times faster than real time.
//
// Server is the thin driver around it: loop runs the steps on an absolute
// schedule in real time, a handler turns a request into sequences
// (request.go), and a dialect turns the tokens that come back into bytes
// (chat.go, text.go, responses.go, anthropic.go, ollama.go, tgi.go, gemini.go,
// converse.go; frames.go puts some into AWS's messages). A further API is one more dialect and one more
// parser, and a protocol where it is not framed as those that are here.
// Start with Profile and Start.
package llmsim
