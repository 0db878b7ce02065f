"""Makes the golden files of this package with the Python libraries: pip install tokenizers tiktoken.

Ranks of tiktoken's encodings are read from the folder in RANKS (files NAME.tiktoken), so that nothing is
downloaded.
"""
import base64, json, os, random, sys
import tiktoken
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

here = os.path.dirname(os.path.abspath(__file__))
corpus = open(os.path.join(here, "..", "..", "..", "docs", "metrics.md"), encoding="utf-8").read() + """
Größe, naïve café, Ελλάδα, Москва, 東京タワーで会いましょう。你好，世界！ 안녕하세요 مرحبا بالعالم שלום עולם हिन्दी ไทย
func main() {\n\tfmt.Println("hello, world")\n\tfor i := 0; i < 10; i++ {\n\t\tx += i * 2\n\t}\n}\n
{"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function"}]}
I'm sure they've said it's what we'd do; YOU'LL SEE, won't you? 1234567 3.14159 2026-11-24T10:00:00Z
👩‍👩‍👧 🇪🇺 ✅ e\u0301 ﬁ ½ \u00a0 \u2003 \u200b
"""
pieces = random.Random(0).sample(corpus.split("\n")[:-9], 40) + corpus.split("\n")[-9:] + [" ", "  ", "\n\n\n", " \n ", "\t\t", "a", "", "'", "don't", "x" * 300, " " * 100, "\r\n\r\n",
    "<|end|> and <s> or </s>", "a<|end|>b", "ａｂｃ", "\U0001f600\U0001f601", "日本語" * 40, "0" * 50, "!?" * 40, "\x00\x01", "abc  def   ghi", "end. ", "  lead"]
rng = random.Random(1)
alphabet = list("abcdefg ABC  \n\t.,'!123é日ж👍") + ["'s", " the", "ing", "\r\n", "▁", "<|end|>"]
pieces += ["".join(rng.choice(alphabet) for _ in range(rng.randint(1, 40))) for _ in range(90)]
pieces = sorted(set(p for p in pieces if p))

special = ["<|end|>", "<s>", "</s>"]
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

def trained(tok, **kw):
    tok.train_from_iterator([corpus], trainers.BpeTrainer(vocab_size=900, special_tokens=special, show_progress=False, **kw))
    return tok

bytes_alphabet = dict(initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
kinds = {}
t = Tokenizer(models.BPE()); t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True); kinds["gpt2"] = trained(t, **bytes_alphabet)
t = Tokenizer(models.BPE(ignore_merges=True)); t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]); kinds["llama3"] = trained(t, **bytes_alphabet)
t = Tokenizer(models.BPE()); t.normalizer = normalizers.NFC(); t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]); kinds["qwen"] = trained(t, **bytes_alphabet)
fallback = ["<unk>"] + special + [f"<0x{b:02X}>" for b in range(256)]
def sentencepiece(tok):
    tok.train_from_iterator([corpus], trainers.BpeTrainer(vocab_size=1100, special_tokens=fallback, show_progress=False, limit_alphabet=120))
    j = json.loads(tok.to_str()); j["added_tokens"] = [a for a in j["added_tokens"] if a["content"] in ["<unk>", "<s>", "</s>"]]
    return Tokenizer.from_str(json.dumps(j))
t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True)); t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]); t.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next"); kinds["llama2"] = sentencepiece(t)
t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True)); t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=True); kinds["mistral"] = sentencepiece(t)
t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True)); t.normalizer = normalizers.Replace(" ", "▁"); t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Split("▁", "merged_with_previous")]); kinds["gemma"] = sentencepiece(t)

golden = {"texts": pieces, "ids": {}}
for name, tok in kinds.items():
    tok.save(os.path.join(here, name + ".json"), pretty=False)
    golden["ids"][name + ".json"] = [tok.encode(p, add_special_tokens=False).ids for p in pieces]
import tiktoken_ext.openai_public as public
import tiktoken.load
def local(url, expected_hash=None):
    name = url.rsplit("/", 1)[-1]
    return {base64.b64decode(a): int(b) for a, b in (l.split() for l in open(os.path.join(os.environ["RANKS"], name), "rb") if l.strip())}
public.load_tiktoken_bpe = local
for name in ["cl100k_base", "o200k_base", "p50k_base", "r50k_base"]:
    enc = tiktoken.Encoding(**getattr(public, name)())
    golden["ids"][name] = [enc.encode_ordinary(p) for p in pieces]
json.dump(golden, open(os.path.join(here, "golden.json"), "w", encoding="utf-8"), ensure_ascii=True, separators=(",", ":"))
print(len(pieces), "texts")
