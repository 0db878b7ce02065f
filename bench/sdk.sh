#!/usr/bin/env bash
# Whether the official SDKs work against the simulated server in every dialect it has, and
# work the same through `metron capture`: npm's openai, @anthropic-ai/sdk, ai and ollama, and
# OpenAI's for Go. They talk to the server twice, straight and through a capture, with tools,
# errors and clients that leave; what they heard, every byte and header field that passed, and
# the captured rows are compared. Skips where node or the packages cannot be had.
#
#   bench/sdk.sh [DIR]    keeps the packages in DIR; without, they go when it ends
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
pids=()
cleanup() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	rm -rf "$dir"
}
trap cleanup EXIT
skip() { echo "sdk: skipped: $*"; exit 0; }

command -v node >/dev/null || skip "no node"
command -v npm >/dev/null || skip "no npm"
[ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" = true ] || skip "node $(node --version) is older than 20"
packages=${1:-$dir/packages}
mkdir -p "$packages"
cp bench/sdk/package.json bench/sdk/*.mjs "$packages"
(cd "$packages" && timeout 200 npm install --no-audit --no-fund --no-package-lock --loglevel=error) >"$dir/log" 2>&1 ||
	skip "npm cannot install the SDKs: $(tail -1 "$dir/log")"
go build -o "$dir/metron" .
(cd bench/sdk && go build -o "$dir/talk" .)

# serve LOG COMMAND... runs a server and waits for the URL that it prints.
serve() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 &
	pids+=($!)
	for _ in $(seq 200); do
		url=$(grep -om1 'http://127.0.0.1:[0-9]*' "$log" | head -1) && return
		sleep 0.05
	done
	echo "sdk: did not start: $*" >&2
	cat "$log" >&2
	exit 1
}

# talk WAY ARGS... has every client talk to $url.
talk() {
	local way=$1
	shift
	node "$packages/talk.mjs" "$url" "$dir/client-$way.jsonl" "$@" >>"$dir/said-$way.jsonl"
	[ $# -gt 0 ] || "$dir/talk" "$url" "$dir/client-$way.jsonl" >>"$dir/said-$way.jsonl"
}

for way in direct proxied; do
	for faults in "" "--fault-stream-error 1"; do
		# shellcheck disable=SC2086
		serve "$dir/sim.log" "$dir/metron" sim --listen 127.0.0.1:0 --profile large-gpu --jitter 0 --seed 7 --output-median 60 $faults
		serve "$dir/tap.log" node "$packages/tap.mjs" "$url" "$dir/tap-$way.jsonl"
		if [ "$way" = proxied ]; then
			serve "$dir/capture.log" "$dir/metron" capture --listen 127.0.0.1:0 --upstream "$url" --out "$dir/traces"
			capture=${pids[-1]}
		fi
		talk "$way" ${faults:+broken}
		if [ "$way" = proxied ]; then
			kill -INT "$capture"
			wait "$capture"
		fi
	done
done
"$dir/metron" trace export jsonl "$dir/traces" --out "$dir/rows.jsonl" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
node "$packages/check.mjs" "$dir" 2>"$dir/log" || { grep -m1 -A12 AssertionError "$dir/log"; exit 1; }
