// Package tokenizer counts the tokens of texts whose server does not tell them.
//
// Open takes the name of a tiktoken encoding, whose ranks are part of the
// program, or a file tokenizer.json as Hugging Face's library writes it. A text
// goes through
//
//	added tokens -> normalizer -> pre-tokenizer -> pieces -> byte-pair merges -> ids
//
// Encode gives ids, Count their number, and a Stream counts a text that comes in
// fragments. What a file asks for that is not done here is refused by Open:
// Unigram and WordPiece models, and normalizers made of tables. In tiktoken's
// encodings the text of a special token is ordinary text, as it is to a client;
// a tokenizer.json says itself which texts are tokens of their own.
//
// Note: tiktoken-go/tokenizer knows OpenAI's encodings alone and adds 12 MB;
// sugarme/tokenizer and daulet/tokenizers need upkeep or cgo. Byte-pair merging is
// the small part of all of them, so it stands here, once for both sorts; the ranks
// come from pkoukk/tiktoken-go-loader, and patterns that look ahead run on
// dlclark/regexp2, as they do in tiktoken-go.
package tokenizer
