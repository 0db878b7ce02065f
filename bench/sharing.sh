#!/usr/bin/env bash
# Are made-up prompts the trace's? The Mooncake conversation trace against a simulated
# server with a prefix cache without bounds: prompts of block hashes by words (chat) and by
# token ids (completions), and words of the same number that know of no blocks.
# Usage: bench/sharing.sh [MOONCAKE.jsonl] [SPEED] [WAYS]
set -euo pipefail
cd "$(dirname "$0")/.."
file=${1:-../shared/traces/mooncake-conversation.jsonl}
speed=${2:-20}
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
go build -o "$dir/metron" .

# rows API WITH_BLOCKS: the trace as `metron import jsonl` reads it.
rows() {
	awk -v api="$1" -v blocks="$2" '{
		match($0, /"timestamp": *[0-9]+/); t = substr($0, RSTART, RLENGTH); sub(/.*: */, "", t)
		match($0, /"input_length": *[0-9]+/); n = substr($0, RSTART, RLENGTH); sub(/.*: */, "", n)
		match($0, /"output_length": *[0-9]+/); o = substr($0, RSTART, RLENGTH); sub(/.*: */, "", o)
		match($0, /"hash_ids": *\[[^]]*\]/); h = substr($0, RSTART, RLENGTH); sub(/.*: */, "", h)
		printf "{\"start_time\":%d,\"api\":\"%s\",\"stream\":true,\"input_tokens\":%d,\"output_tokens\":%d", t * 1000, api, n, o
		if (blocks) printf ",\"block_hashes\":%s,\"block_size\":512,\"block_unit\":\"tokens\"", h
		print "}"
	}' "$file"
}

# What an ideal cache finds, by blocks and by tokens.
awk '{
	match($0, /"input_length": *[0-9]+/); n = substr($0, RSTART, RLENGTH); sub(/.*: */, "", n)
	match($0, /"hash_ids": *\[[^]]*\]/); h = substr($0, RSTART, RLENGTH); gsub(/.*\[|\]| /, "", h)
	k = split(h, ids, ","); hit = 0; n += 0
	while (hit < k && (ids[hit + 1] in known)) hit++
	for (i = 1; i <= k; i++) known[ids[i]] = 1
	blocks += k; hits += hit; tokens += n; shared += hit * 512 < n ? hit * 512 : n
} END { printf "%-22s %d requests, %.1f M prompt tokens: %.2f %% of blocks, %.2f %% of tokens\n", "ideal", NR, tokens / 1e6, 100 * hits / blocks, 100 * shared / tokens }' "$file"

for way in ${3:-words ids naive}; do
	case $way in
	words) rows openai.chat 1 ;;
	ids) rows openai.completions 1 ;;
	naive) rows openai.chat 0 ;;
	esac >"$dir/$way.jsonl"
	"$dir/metron" import jsonl "$dir/$way.jsonl" --out "$dir/$way.parquet" >/dev/null
	"$dir/metron" sim --listen 127.0.0.1:18951 --profile instant --decode-us 10000 --cache-blocks -1 >/dev/null 2>&1 &
	sim=$!
	sleep 1
	"$dir/metron" replay "$dir/$way.parquet" --target http://127.0.0.1:18951 --speed "$speed" --out "$dir/$way-run.parquet" --allow-invalid >"$dir/summary"
	kill -INT "$sim"
	wait "$sim" || true
	# A block of 512 was found if its tokens were; the last one if the prompt was, but for
	# what the server's own blocks of 16 leave over.
	"$dir/metron" trace export jsonl "$dir/$way-run.parquet" --out - 2>/dev/null | awk -v way="$way" '{
		match($0, /"input_tokens":[0-9]+/); n = substr($0, RSTART + 15, RLENGTH - 15)
		n += 0
		c = match($0, /"cached_input_tokens":[0-9]+/) ? substr($0, RSTART + 22, RLENGTH - 22) + 0 : 0
		k = int((n + 511) / 512); hit = n - c <= 16 ? k : int((c + 8) / 512)
		blocks += k; hits += hit; tokens += n; cached += c
	} END { printf "%-22s %d requests, %.1f M prompt tokens: %.2f %% of blocks, %.2f %% of tokens\n", way, NR, tokens / 1e6, 100 * hits / blocks, 100 * cached / tokens }'
	grep -E '^(requests|prompt tokens|prompts|send lag|verdict) |as long as' "$dir/summary" | sed 's/^/    /'
done
