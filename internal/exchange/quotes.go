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
// each character is one. Words of one or two letters stay; what follows a backslash
// goes, since where an escape ends and a word begins nobody can tell. What a message
// shares with the prompt by chance goes as well: to say too little is the safe side.
func withoutPrompt(message string, body []byte) string {
	prompt := strings.ToLower(textOf(body))
	var b strings.Builder
	between, marked := 0, false // where the words before ended; they are gone
	for at := 0; at < len(message); {
		word := firstWord(message[at:])
		if word == "" {
			_, size := utf8.DecodeRuneInString(message[at:])
			at += size
			continue
		}
		quote := isQuote(word, prompt)
		if !(quote && marked) { // what stood between words of the prompt goes with them
			b.WriteString(message[between:at])
			b.WriteString(map[bool]string{true: promptMark, false: word}[quote])
		}
		at += len(word)
		between, marked = at, quote
	}
	return b.String() + message[between:]
}

// isQuote reports whether a word may be the prompt's.
func isQuote(word, prompt string) bool {
	n := utf8.RuneCountInString(word)
	first, _ := utf8.DecodeRuneInString(word)
	if n > longestWord || first == '\\' {
		return true
	}
	return (n >= shortWord || unspaced(first)) && strings.Contains(prompt, strings.ToLower(word))
}

// firstWord is the word that a text begins with, with backslashes before it; "":
// it begins with none.
func firstWord(text string) string {
	slashes := len(text) - len(strings.TrimLeft(text, `\`))
	n := slashes
	for n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		switch {
		case unspaced(r) && n == slashes:
			return text[:n+size]
		case unspaced(r) || !isLetter(r):
			return text[:n]
		}
		n += size
	}
	return text
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
