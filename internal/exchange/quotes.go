package exchange

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	promptMark  = "[...]" // stands where words of the prompt stood
	shortWord   = 3       // letters; fewer say nothing of a prompt
	longestWord = 32      // letters; more are no word, but something encoded
)

// withoutPrompt takes out of what a server says every word that stands in the
// request's body too, so that a message which quotes the prompt keeps nothing of
// it. A word is a run of letters and digits; where a script does without spaces
// each character is one. Words of one or two letters stay. What a message shares
// with the prompt by chance goes as well: to say too little is the safe side.
func withoutPrompt(message string, body []byte) string {
	prompt := strings.ToLower(textOf(body))
	var b strings.Builder
	marked := false // the mark stands at the end, but for separators
	held := ""      // separators after the mark
	for message != "" {
		word, rest := nextWord(message)
		if n := separator(message); word == "" && !(n > 2 && message[0] == '\\') { // an escaped character may be the prompt's
			if marked {
				held += message[:n]
			} else {
				b.WriteString(message[:n])
			}
			message = message[n:]
			continue
		}
		if message = rest; word == "" {
			message = message[separator(message):]
		}
		if word == "" || isQuote(word, prompt) {
			if !marked {
				b.WriteString(promptMark)
			}
			marked, held = true, "" // what stood between words of the prompt goes with them
			continue
		}
		b.WriteString(held + word)
		marked, held = false, ""
	}
	return b.String() + held
}

// isQuote reports whether a word may be the prompt's.
func isQuote(word, prompt string) bool {
	n := utf8.RuneCountInString(word)
	first, _ := utf8.DecodeRuneInString(word)
	if n > longestWord {
		return true
	}
	return (n >= shortWord || unspaced(first)) && strings.Contains(prompt, strings.ToLower(word))
}

// nextWord cuts the word off that a text begins with; "": it begins with none.
func nextWord(text string) (word, rest string) {
	n := 0
	for n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		switch {
		case unspaced(r) && n == 0:
			return text[:size], text[size:]
		case unspaced(r) || !isLetter(r):
			return text[:n], text[n:]
		}
		n += size
	}
	return text, ""
}

// separator is the length of what a text begins with that is no word: a character,
// or an escape of one, whose letters are no word either.
func separator(text string) int {
	if text[0] == '\\' && len(text) > 1 {
		switch n := map[byte]int{'u': 6, 'x': 4, 'U': 10}[text[1]]; {
		case n > 0 && n <= len(text):
			return n
		case text[1] < utf8.RuneSelf:
			return 2
		}
	}
	_, size := utf8.DecodeRuneInString(text)
	return size
}

func isLetter(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// unspaced reports whether a letter is of a script that puts none between words.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// textOf is every text and number of a request but its model and parameters: of a
// body that is no JSON object, all of it.
func textOf(body []byte) string {
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil {
		return string(body)
	}
	var b strings.Builder
	for name, raw := range object {
		if name == "model" || len(raw) == 0 || !strings.ContainsRune(`"[{`, rune(raw[0])) {
			continue
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		for {
			token, err := d.Token()
			if err != nil {
				break
			}
			switch token := token.(type) {
			case string:
				b.WriteString(token + "\n")
			case json.Number:
				b.WriteString(token.String() + "\n")
			}
		}
	}
	return b.String()
}

// kindOf is the class of an error, if a server's word for it looks like one: a
// few words without punctuation, not a sentence.
func kindOf(word string) string {
	if len(word) > 64 || len(strings.Fields(word)) > 4 {
		return "error"
	}
	for _, r := range word {
		if r >= utf8.RuneSelf || !(isLetter(r) || strings.ContainsRune("_-. :", r)) {
			return "error"
		}
	}
	return word
}
