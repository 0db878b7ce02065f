package recipe

import (
	"metron/internal/tokenizer"
	"metron/replay"
	"metron/workload"
	"metron/workload/prompt"
)

// The ids that prompts are made of where no tokenizer tells: in the vocabularies of
// common models none of these is special.
const firstTokenID, lastTokenID = 1000, 31_999

// Prompter is the source of bodies that replay's flags ask for.
func Prompter(c replay.Prompts) (replay.Prompter, error) {
	p := &workload.Prompter{Extensions: c.Extensions, Seed: c.Seed, Conversations: c.History != ""}
	ids := prompt.IDRange(firstTokenID, lastTokenID)
	if t := c.Tokenizer; t != nil {
		words, err := prompt.Words().Known(func(text string) (int64, error) { return int64(t.Count(text)), nil })
		if err != nil {
			return nil, err
		}
		if words != nil {
			p.Words, ids = words, words.IDs(t.Encode)
		} else { // a vocabulary of few words: lengths follow the average
			p.PerWord = tokensPerWord(t)
		}
	}
	if c.To > 0 {
		ids = prompt.IDRange(c.From, c.To)
	}
	switch {
	case c.History == replay.HistoryLive || c.IDs == replay.IDsNone:
	case c.IDs == replay.IDsOnly:
		p.IDs = ids
	default:
		p.TryIDs = ids
	}
	return p, nil
}

// tokensPerWord is the mean over all words.
func tokensPerWord(t *tokenizer.Tokenizer) float64 {
	words, text := prompt.Words(), ""
	for i := range words.Size() {
		text += words.Symbol(i)
	}
	return float64(t.Count(text)) / float64(words.Size())
}
