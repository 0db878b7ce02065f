#!/usr/bin/env bash
# Lag against rate: short requests at a steady rate to a server that answers at once
# and stamps arrivals, by metron, vegeta, AIPerf and GuideLLM (as far as they are here: pip
# install aiperf, pip install guidellm, in environments of their own), one after the other
# on one machine. How far arrivals are from the grid of the rate is
# measured by the server, alike for all.
# Usage: bench/rate.sh [SECONDS] [RATE...]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-20}
shift || true
rates=("$@")
if [ ${#rates[@]} = 0 ]; then rates=(100 400 1000 1600 2500 4000); fi
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
go build -o "$dir/metron" .
go build -o "$dir/load" ./bench/load
(cd bench/vegeta && go build -o "$dir/vegeta" .)
address=127.0.0.1:18970
url=http://$address/v1/chat/completions
body='{"model":"null","stream":true,"max_tokens":4,"messages":[{"role":"user","content":"hello"}]}'

# measure NAME SKIP COMMAND...: its arrivals at a fresh server, trial requests left out.
measure() {
	local name=$1 skip=$2
	shift 2
	"$dir/load" serve --listen $address --stamps "$dir/stamps" &
	local server=$!
	curl -s -o /dev/null --retry 9 --retry-connrefused http://$address/health
	"$@" || echo "$name failed"
	kill -INT $server
	wait $server
	printf '%-8s %5s/s %s' "$name" "$rate" "$("$dir/load" arrivals --rate "$rate" --skip "$skip" "$dir/stamps")"
}

replay() {
	"$dir/metron" replay "$dir/$rate.parquet" --target http://$address --extensions=false --no-probe --out "$dir/run.parquet" --force --allow-invalid "$@" >"$dir/summary"
}

# tool NAME COMMAND: the path of a command beside whose python a tokenizer could be made,
# since they want one and may not fetch one; empty where it is not here.
tool() {
	local path
	if path=$(command -v "$2"); then
		"$(dirname "$path")/python" bench/tokenizer.py "$dir/$1-tokenizer" 2>/dev/null
		echo "$path"
	else
		echo "$1 is not here ($(tr a-z A-Z <<<"$1")=PATH names one)" >&2
	fi
}
aiperf=$(tool aiperf "${AIPERF:-aiperf}")
guidellm=$(tool guidellm "${GUIDELLM:-guidellm}")
profile() {
	"$aiperf" profile --model test-model --url http://$address --endpoint-type chat --streaming --tokenizer "$dir/aiperf-tokenizer" --use-server-token-count \
		--request-rate "$rate" --arrival-pattern constant --request-count $((rate * seconds)) --isl 16 --osl 4 --num-dataset-entries 10 \
		--ui none --artifact-dir "$dir/aiperf" >"$dir/aiperf.log" 2>&1
}
guide() {
	HF_HUB_OFFLINE=1 "$guidellm" run --backend kind=openai_http,target=http://$address,model=test-model,max_tokens=4,http2=false \
		--profile kind=constant,rate="$rate" --constraint kind=max_requests,count=$((rate * seconds)) \
		--tokenizer kind=hf_auto,model="$dir/guidellm-tokenizer" --data kind=synthetic_text,prompt_tokens=16,output_tokens=4 \
		--output kind=json,path="$dir/guidellm.json" --disable-console >"$dir/guidellm.log" 2>&1
}

for rate in "${rates[@]}"; do
	"$dir/load" trace --rate "$rate" --for "${seconds}s" --tokens 4 >"$dir/$rate.csv"
	"$dir/metron" import azure "$dir/$rate.csv" --out "$dir/$rate.parquet" >/dev/null
	for timer in precise cheap; do
		measure metron 0 replay --timer $timer
		printf '\n       %s: ' $timer
		grep -E '^(send lag|verdict) ' "$dir/summary" | tr -s ' \n' ' '
		grep '^sender' "$dir/summary" | sed 's/.*timer; \(.* cores\);.*/\1/'
	done
	measure vegeta 0 "$dir/vegeta" $url "$rate" "$seconds" "$body"
	echo
	if [ -n "$aiperf" ]; then
		measure aiperf 1 profile
		echo
	fi
	if [ -n "$guidellm" ]; then
		measure guidellm 0 guide
		echo
	fi
done
