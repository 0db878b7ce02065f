#!/usr/bin/env bash
# Send lag of replay on one machine shared with the simulated server: 30 s of
# the Azure 2023 conversation trace at speed 1, 5 and 20, three times each.
# Usage: bench/lag.sh [AZURE.csv]
set -euo pipefail
cd "$(dirname "$0")/.."
csv=${1:-../shared/traces/azure-2023-conv.csv}
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
go build -o "$dir/metron" .
"$dir/metron" import azure "$csv" --out "$dir/conv.parquet" >/dev/null
# 10 ms a step whatever the batch: no queue, so that lag is the client's own.
"$dir/metron" sim --listen 127.0.0.1:18950 --profile instant --decode-us 10000 >/dev/null 2>&1 &
sleep 1
for round in 1 2 3; do
	for speed in 1 5 20; do
		run="$dir/run-$speed-$round.parquet"
		"$dir/metron" replay "$dir/conv.parquet" --target http://127.0.0.1:18950 --to $((30 * speed))s --speed "$speed" \
			--out "$run" --allow-invalid >"$dir/summary"
		printf 'round %s speed %-3s ' "$round" "$speed"
		grep -E '^(requests|send lag|output tokens|verdict) ' "$dir/summary" | tr -s ' \n' ' '
		"$dir/metron" inspect "$run" | sed -n 's/^size *//p'
	done
done
