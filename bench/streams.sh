#!/usr/bin/env bash
# What a streamed token costs replay: streams of 50 tokens in half a second, at a steady
# rate of requests, next to a loop on net/http that is paced alike, reads and discards;
# then the memory of streams that are held open; then the drift of the Azure 2023
# conversation hour at speed 10. Client and server share the machine. Linux only.
# Usage: bench/streams.sh [SECONDS] [HELD] [AZURE.csv]; 20 s, 10,000 streams; HELD 0 and
# AZURE.csv "" leave those parts out.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-20}
held=${2:-10000}
csv=${3-../shared/traces/azure-2023-conv.csv}
ulimit -n "$(ulimit -Hn)"
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
go build -o "$dir/metron" .
go build -o "$dir/load" ./bench/load
go build -o "$dir/serve" ./bench/proxy
address=127.0.0.1:18971

# serve FLAG...: a fresh server of streams, its process in $server.
serve() {
	"$dir/serve" serve --listen $address "$@" &
	server=$!
	for _ in 1 2 3 4 5 6 7 8 9; do
		if (exec 3<>"/dev/tcp/${address%:*}/${address#*:}") 2>/dev/null; then return; fi
		sleep 0.2
	done
}

stop() {
	kill $server
	wait $server 2>/dev/null || true
}

# alive ends the script where replay has ended early, with what it said.
alive() {
	if ! kill -0 $client 2>/dev/null; then
		echo "replay ended early:" >&2
		cat "$dir/log" "$dir/summary" >&2
		exit 1
	fi
}

# trace RATE SECONDS: a trace of a steady rate.
trace() {
	rm -f "$dir/trace.parquet"
	"$dir/load" trace --rate "$1" --for "${2}s" --tokens 50 >"$dir/trace.csv"
	"$dir/metron" import azure "$dir/trace.csv" --out "$dir/trace.parquet" >/dev/null
}

replay=("$dir/metron" replay "$dir/trace.parquet" --target http://$address --no-probe --extensions=false --model m --out "$dir/run.parquet" --force --allow-invalid)

for rate in ${RATES:-100 400 800 1000 1200 1600 2000}; do
	trace "$rate" "$seconds"
	serve --tokens 50 --rate 100
	printf '%5s/s ' "$rate"
	"$dir/load" bare --target http://$address --rate "$rate" --for "${seconds}s" --tokens 50
	stop
	serve --tokens 50 --rate 100
	TIMEFORMAT='%U %S'
	{ time "${replay[@]}" >"$dir/summary"; } 2>"$dir/times" || { cat "$dir/times" >&2; exit 1; }
	stop
	tokens=$((rate * seconds * 50))
	awk -v tokens=$tokens -v seconds="$seconds" '{ printf "      replay: CPU %.2f us a token, with planning and sealing; %d tokens/s offered; ", ($1 + $2) * 1e6 / tokens, tokens / seconds }' "$dir/times"
	grep -E '^(outcomes|send lag|coalesced|verdict) ' "$dir/summary" | tr -s ' \n' ' '
	echo
done

if [ "$held" -gt 0 ]; then
	trace 500 $((held / 500))
	serve --rate 0 # a token, then silence
	"${replay[@]}" --warm 0 --grace 1s >"$dir/summary" 2>"$dir/log" &
	client=$!
	before=0
	for _ in $(seq $((held / 500 + 30))); do
		sleep 1
		alive
		streams=$(($(ls /proc/$client/fd 2>/dev/null | wc -l)))
		resident=$(awk '/VmRSS/ { print $2 }' /proc/$client/status)
		if [ $before = 0 ]; then before=$resident first=$streams; fi
		if [ "$streams" -ge "$held" ]; then break; fi
	done
	sleep 3
	alive
	streams=$(($(ls /proc/$client/fd | wc -l)))
	resident=$(awk '/VmRSS/ { print $2 }' /proc/$client/status)
	awk -v n=$((streams - first)) -v kb=$((resident - before)) -v rss="$resident" 'BEGIN { printf "held %d more streams: %.1f KiB resident each, %d MiB in all\n", n, kb / n, rss / 1024 }'
	kill -INT $client
	wait $client || true
	grep -E '^(requests|outcomes|send lag) ' "$dir/summary" | tr -s ' \n' ' '
	echo
	stop
fi

if [ -n "$csv" ]; then
	"$dir/metron" import azure "$csv" --out "$dir/conv.parquet" >/dev/null
	"$dir/load" serve --listen $address &
	server=$!
	"$dir/metron" replay "$dir/conv.parquet" --target http://$address --extensions=false --speed 10 --out "$dir/conv-run.parquet" --allow-invalid |
		grep -E '^(requests|outcomes|duration|send lag|send gaps|sender|verdict) '
	stop
fi
