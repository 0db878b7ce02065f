package forms

import (
	"encoding/json"
	"strconv"
)

func tgiOptions() optionNames {
	return optionNames{maxTokens: "max_new_tokens", temperature: "temperature", topP: "top_p", topK: "top_k", seed: "seed",
		frequency: "frequency_penalty", repetition: "repetition_penalty", stop: "stop"}
}

// parseTGI reads {"inputs": ..., "parameters": ...}, of the server itself or of a
// container at SageMaker, whose stream is a field.
func parseTGI(o object, c *Conversation) {
	stream := o.flag("stream")
	c.Stream = stream != nil && *stream
	c.ask(o, "inputs")
	p := o.inner("parameters")
	p.drop("details", "decoder_input_details", "return_full_text")
	c.Options = p.options(tgiOptions())
	if sample := p.flag("do_sample"); sample != nil && !*sample && c.Options.Temperature == "" {
		c.Options.Temperature = "0"
	}
	p.rest()
}

func buildTGI(c *Conversation, l *losses) members {
	o := c.Options
	p := members{{"details", true}} // the counts of tokens
	if zero(o.Temperature) {        // refused: it is said otherwise, and nothing is drawn then
		o.Temperature, o.TopP, o.TopK = "", "", ""
		p = p.with("do_sample", false)
	}
	if f, err := o.TopP.Float64(); err == nil && f >= 1 {
		o.TopP = "" // refused: it is what goes without saying
	}
	return members{{"inputs", c.prompt(l)}, {"parameters", p.options(tgiOptions(), o, l)}}
}

func zero(n json.Number) bool {
	f, err := strconv.ParseFloat(string(n), 64)
	return err == nil && f == 0
}

func buildSageMakerTGI(c *Conversation, l *losses) members {
	return buildTGI(c, l).with("stream", c.Stream)
}

// buildSageMaker is a chat with the model that the endpoint is.
func buildSageMaker(c *Conversation, l *losses) members { return members{}.chat(c, l) }
