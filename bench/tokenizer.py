"""Writes a tokenizer of a thousand words, for tools that want one, to a folder."""
import sys
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
words = {f"w{i}": i for i in range(1000)} | {"[UNK]": 1000, "[EOS]": 1001}
t = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
t.pre_tokenizer = pre_tokenizers.Whitespace()
PreTrainedTokenizerFast(tokenizer_object=t, unk_token="[UNK]", eos_token="[EOS]", bos_token="[EOS]", pad_token="[EOS]").save_pretrained(sys.argv[1])
