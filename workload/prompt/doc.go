// Package prompt spells prompts of an exact number of tokens.
//
// An Alphabet is a list of symbols that are one token each, whatever stands before
// and behind them: words with their space, or token ids with their comma. A text is a
// sequence of symbols that follows from a Seed alone, so its length is known before it
// is written, and texts that are appended to each other keep their tokens. Two seeds
// differ within a few symbols by construction: no prefix cache takes one for the other.
//
// Words are what models commonly hold as one token; Only takes those that a
// tokenizer does. Start with Alphabet.Append.
package prompt
