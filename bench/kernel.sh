#!/usr/bin/env bash
# Replay's stamps next to the kernel's: 60 s of the Azure 2023 conversation trace at
# speed 2 are replayed while tcpdump stamps the packets on loopback. Rows are joined by
# their answers, and how much later replay stamped the same thing is printed.
# Usage: bench/kernel.sh [SECONDS] [AZURE.csv]; needs tcpdump and the right to use it on lo.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30}
csv=${2:-../shared/traces/azure-2023-conv.csv}
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
go build -o "$dir/metron" .
go build -o "$dir/compare" ./bench/pcap
sim=127.0.0.1:18962
"$dir/metron" import azure "$csv" --out "$dir/conv.parquet" >/dev/null
"$dir/metron" sim --listen $sim --profile instant --decode-us 20000 >/dev/null 2>&1 &
sleep 1
tcpdump -i lo -s 0 -B 65536 --time-stamp-precision=nano -w "$dir/traffic.pcap" tcp port ${sim#*:} 2>"$dir/tcpdump" &
tcpdump=$!
for _ in 1 2 3 4 5; do grep -q 'listening on' "$dir/tcpdump" || sleep 1; done
if ! grep -q 'listening on' "$dir/tcpdump"; then
	echo "skipped: tcpdump is not here, or may not listen on lo: $(cat "$dir/tcpdump")"
	exit 0
fi
"$dir/metron" replay "$dir/conv.parquet" --target http://$sim --no-probe --model metron-sim --to $((2 * seconds))s --speed 2 --out "$dir/run.parquet" --allow-invalid | grep -E '^(requests|outcomes|send lag|sender|coalesced|verdict) '
sleep 1
kill -INT $tcpdump
wait $tcpdump || true
grep -E 'captured|dropped by kernel' "$dir/tcpdump"
"$dir/metron" capture pcap "$dir/traffic.pcap" --server $sim --out "$dir/passive.parquet" >/dev/null
"$dir/compare" "$dir/run.parquet" "$dir/passive.parquet"
