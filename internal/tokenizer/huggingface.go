package tokenizer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// hfFile is what is read of a tokenizer.json.
type hfFile struct {
	AddedTokens []struct {
		ID         int32  `json:"id"`
		Content    string `json:"content"`
		SingleWord bool   `json:"single_word"`
		LStrip     bool   `json:"lstrip"`
		RStrip     bool   `json:"rstrip"`
	} `json:"added_tokens"`
	Normalizer   *hfPart `json:"normalizer"`
	PreTokenizer *hfPart `json:"pre_tokenizer"`
	Model        struct {
		Type         string            `json:"type"`
		Vocab        json.RawMessage   `json:"vocab"`
		Merges       []json.RawMessage `json:"merges"`
		Dropout      *float64          `json:"dropout"`
		UnkToken     *string           `json:"unk_token"`
		Prefix       string            `json:"continuing_subword_prefix"`
		Suffix       string            `json:"end_of_word_suffix"`
		FuseUnk      bool              `json:"fuse_unk"`
		ByteFallback bool              `json:"byte_fallback"`
		IgnoreMerges bool              `json:"ignore_merges"`
	} `json:"model"`
}

// hfPart is a normalizer or a pre-tokenizer.
type hfPart struct {
	Type          string    `json:"type"`
	Normalizers   []hfPart  `json:"normalizers"`
	PreTokenizers []hfPart  `json:"pretokenizers"`
	Pattern       hfPattern `json:"pattern"`
	Behavior      behavior  `json:"behavior"`
	Invert        bool      `json:"invert"`
	Content       string    `json:"content"`
	Prepend       string    `json:"prepend"`

	AddPrefixSpace *bool   `json:"add_prefix_space"`
	UseRegex       *bool   `json:"use_regex"`
	Replacement    string  `json:"replacement"`
	PrependScheme  *string `json:"prepend_scheme"`
	Split          *bool   `json:"split"`
	Individual     bool    `json:"individual_digits"`
}

type hfPattern struct {
	String *string `json:"String"`
	Regex  *string `json:"Regex"`
}

// readHuggingFace reads a tokenizer.json.
func readHuggingFace(data []byte) (*Tokenizer, error) {
	var f hfFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("is no tokenizer.json: %w", err)
	}
	m := &f.Model
	switch {
	case m.Type != "BPE" && !(m.Type == "" && len(m.Merges) > 0):
		return nil, fmt.Errorf("its model is %q; only BPE is counted here", m.Type)
	case m.Dropout != nil && *m.Dropout > 0:
		return nil, fmt.Errorf("its model drops merges at random")
	case m.Prefix != "" || m.Suffix != "":
		return nil, fmt.Errorf("its model marks parts of words with %q", m.Prefix+m.Suffix)
	}
	t := &Tokenizer{runes: true, whole: m.IgnoreMerges, fuse: m.FuseUnk, unknown: -1}
	if err := t.normalizer(f.Normalizer); err != nil {
		return nil, err
	}
	if err := t.preTokenizer(f.PreTokenizer); err != nil {
		return nil, err
	}
	var vocabulary map[string]int32
	if err := json.Unmarshal(m.Vocab, &vocabulary); err != nil {
		return nil, fmt.Errorf("its vocabulary: %w", err)
	}
	if err := t.merges(vocabulary, m.Merges); err != nil {
		return nil, err
	}
	if m.UnkToken != nil {
		if id, ok := vocabulary[*m.UnkToken]; ok {
			t.unknown = id
		}
	}
	if m.ByteFallback {
		for b := range t.bytesOf {
			t.bytesOf[b] = vocabulary[fmt.Sprintf("<0x%02X>", b)]
		}
	}
	t.added, t.ids = map[byte][]string{}, map[string]int32{}
	for _, a := range f.AddedTokens {
		if a.Content == "" {
			continue
		}
		if a.SingleWord {
			return nil, fmt.Errorf("its added token %q is one only as a word by itself", a.Content)
		}
		t.added[a.Content[0]] = append(t.added[a.Content[0]], a.Content)
		t.ids[a.Content] = a.ID
	}
	for _, tokens := range t.added {
		slices.SortFunc(tokens, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	}
	return t, nil
}

// merges reads the vocabulary and the list of merges, the first one the first to
// be done. Byte-level tokens become the bytes that they stand for.
func (t *Tokenizer) merges(vocabulary map[string]int32, list []json.RawMessage) error {
	t.vocabulary = make(byteRanks, len(vocabulary))
	for token, id := range vocabulary {
		if !t.runes {
			if token = byteLevel(token); token == "" {
				continue
			}
		}
		t.vocabulary[token] = id
	}
	pairs := make(pairRanks, len(list))
	for rank, raw := range list {
		var two [2]string
		var one string
		if json.Unmarshal(raw, &one) == nil {
			var ok bool
			if two[0], two[1], ok = strings.Cut(one, " "); !ok {
				return fmt.Errorf("its merge %d, %q, is no pair", rank, one)
			}
		} else if err := json.Unmarshal(raw, &two); err != nil {
			return fmt.Errorf("its merge %d: %w", rank, err)
		}
		l, lOK := vocabulary[two[0]]
		r, rOK := vocabulary[two[1]]
		id, ok := vocabulary[two[0]+two[1]]
		if !lOK || !rOK || !ok {
			return fmt.Errorf("its merge %d, %q, is not of its vocabulary", rank, two)
		}
		if _, twice := pairs[[2]int32{l, r}]; !twice {
			pairs[[2]int32{l, r}] = merge{int32(rank), id}
		}
	}
	t.by = pairs
	return nil
}

// byteLevel gives the bytes that a token of a byte-level vocabulary stands for:
// each byte is written as a printable character. "" for what is no such token.
func byteLevel(token string) string {
	var b strings.Builder
	for _, r := range token {
		switch {
		case r >= '!' && r <= '~', r >= '¡' && r <= '¬', r >= '®' && r <= 'ÿ':
			b.WriteByte(byte(r))
		case r >= 256 && r <= 256+32: // 0 to 32
			b.WriteByte(byte(r - 256))
		case r >= 256+33 && r <= 256+66: // 127 to 160
			b.WriteByte(byte(r - 256 - 33 + 127))
		case r == 256+67:
			b.WriteByte(0xAD)
		default:
			return ""
		}
	}
	return b.String()
}

func (t *Tokenizer) normalizer(p *hfPart) error {
	if p == nil {
		return nil
	}
	add := func(f func(string) string) {
		t.normalize = append(t.normalize, func(text string, _ place) string { return f(text) })
	}
	switch p.Type {
	case "Sequence":
		for i := range p.Normalizers {
			if err := t.normalizer(&p.Normalizers[i]); err != nil {
				return err
			}
		}
	case "NFC":
		add(norm.NFC.String)
	case "NFD":
		add(norm.NFD.String)
	case "NFKC":
		add(norm.NFKC.String)
	case "NFKD":
		add(norm.NFKD.String)
	case "Lowercase":
		add(strings.ToLower)
	case "Prepend":
		t.normalize = append(t.normalize, func(text string, at place) string {
			if at >= section {
				return p.Prepend + text
			}
			return text
		})
	case "Replace":
		if p.Pattern.String == nil {
			return fmt.Errorf("its normalizer replaces by a pattern")
		}
		add(func(text string) string { return strings.ReplaceAll(text, *p.Pattern.String, p.Content) })
	default:
		return fmt.Errorf("its normalizer %q is not known here", p.Type)
	}
	return nil
}

func (t *Tokenizer) preTokenizer(p *hfPart) error {
	if p == nil {
		return nil
	}
	switch p.Type {
	case "Sequence":
		for i := range p.PreTokenizers {
			if err := t.preTokenizer(&p.PreTokenizers[i]); err != nil {
				return err
			}
		}
	case "ByteLevel":
		t.runes = false
		if p.AddPrefixSpace == nil || *p.AddPrefixSpace {
			t.steps = append(t.steps, prefixSpace)
		}
		if p.UseRegex == nil || *p.UseRegex {
			cut, err := splitBy(gpt2Pattern, isolated)
			if err != nil {
				return err
			}
			t.steps = append(t.steps, cut)
		}
	case "Split":
		return t.split(p)
	case "Digits":
		t.steps = append(t.steps, digits(p.Individual))
	case "Metaspace":
		sign := cmp.Or(p.Replacement, "▁")
		scheme := "always"
		if p.PrependScheme != nil {
			scheme = *p.PrependScheme
		} else if p.AddPrefixSpace != nil && !*p.AddPrefixSpace {
			scheme = "never"
		}
		prepend, ok := map[string]place{"always": section, "first": start, "never": start + 1}[scheme]
		if !ok {
			return fmt.Errorf("its prepend_scheme %q is not known here", scheme)
		}
		t.steps = append(t.steps, metaspace(sign, prepend, p.Split == nil || *p.Split))
	default:
		return fmt.Errorf("its pre-tokenizer %q is not known here", p.Type)
	}
	return nil
}

func (t *Tokenizer) split(p *hfPart) error {
	switch p.Behavior {
	case isolated, removed, mergedPrevious, mergedNext:
	default:
		return fmt.Errorf("its pre-tokenizer's behavior %q is not known here", p.Behavior)
	}
	if p.Invert && p.Behavior != isolated {
		return fmt.Errorf("its pre-tokenizer cuts at what a pattern does not match")
	}
	if p.Pattern.String != nil {
		t.steps = append(t.steps, splitText(*p.Pattern.String, p.Behavior))
		return nil
	}
	if p.Pattern.Regex == nil {
		return fmt.Errorf("its pre-tokenizer splits by nothing")
	}
	cut, err := splitBy(*p.Pattern.Regex, p.Behavior)
	if err != nil {
		return fmt.Errorf("its pre-tokenizer: %w", err)
	}
	t.steps = append(t.steps, cut)
	return nil
}
