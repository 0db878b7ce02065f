#!/usr/bin/env bash
# How long replay takes to begin with a long trace, and in how much memory: until its
# journal is there, and the first request is due 50 ms later. Linux only; making the trace takes
# minutes and 20 GB.
# Usage: bench/start.sh [ROWS|TRACE.parquet]; 27,000,000 rows.
set -euo pipefail
cd "$(dirname "$0")/.."
rows=${1:-27000000}
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
go build -o "$dir/metron" .
go build -o "$dir/load" ./bench/load
trace=$rows
if [ ! -e "$trace" ]; then
	trace=$dir/trace.parquet
	"$dir/load" trace --rate 44.6 --for "$((rows * 10 / 446))s" --tokens 150 >"$dir/trace.csv"
	"$dir/metron" import azure "$dir/trace.csv" --out "$trace" >/dev/null
	rm "$dir/trace.csv"
fi
address=127.0.0.1:18972
"$dir/load" serve --listen $address &
sleep 1
for flags in "" "--mode session" "--sample 10%" "--shard 1/4"; do
	rm -f "$dir"/run.*
	begin=$(date +%s%N)
	"$dir/metron" replay "$trace" --target http://$address --no-probe --model m --warm 0 --out "$dir/run.parquet" $flags >"$dir/log" 2>&1 &
	client=$!
	until [ -e "$dir/run.arrows" ] || ! kill -0 $client 2>/dev/null; do sleep 0.01; done
	end=$(date +%s%N)
	if ! kill -0 $client 2>/dev/null; then
		echo "replay ${flags:-all} ended before it began:" >&2
		cat "$dir/log" >&2
		exit 1
	fi
	cpu=$(awk '{ print ($14 + $15) / 100 }' /proc/$client/stat)
	memory=$(awk '/VmHWM/ { print int($2 / 1024) }' /proc/$client/status)
	kill -KILL $client
	wait $client 2>/dev/null || true
	printf '%-16s %5d ms, CPU %s s, %s MiB\n' "${flags:-all}" $(((end - begin) / 1000000)) "$cpu" "$memory"
done
