#!/usr/bin/env bash
# The same traffic recorded by the proxy and by tcpdump on its upstream side: the
# rows must say the same, and how far their times lie apart is printed.
# Usage: bench/pcap.sh [AZURE.csv]; needs tcpdump and the right to use it on lo.
set -euo pipefail
cd "$(dirname "$0")/.."
csv=${1:-../shared/traces/azure-2023-conv.csv}
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
go build -o "$dir/metron" .
go build -o "$dir/compare" ./bench/pcap
sim=127.0.0.1:18960 proxy=127.0.0.1:18961
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
"$dir/metron" capture --upstream http://$sim --listen $proxy --out "$dir/proxy" >"$dir/capture" &
capture=$!
sleep 1
# Streams first, then what else there is: no stream, other APIs, an error, a client that leaves.
"$dir/metron" replay "$dir/conv.parquet" --target http://$proxy --to 60s --speed 2 --out "$dir/run.parquet" --allow-invalid >"$dir/replay"
ask() { curl -s -o /dev/null "$@" || true; }
body='"model":"metron-sim","max_tokens":30,"messages":[{"role":"user","content":"Hello"}]'
for round in 1 2 3; do
	ask http://$proxy/v1/chat/completions -d "{$body}"
	ask http://$proxy/v1/chat/completions -d "{\"n\":2,\"stream\":true,$body}"
	ask http://$proxy/v1/messages -d "{\"stream\":true,$body}"
	ask http://$proxy/api/chat -d "{$body}"
	ask http://$proxy/v1/responses -d '{"model":"metron-sim","stream":true,"input":"Hello","max_output_tokens":30}'
	ask http://$proxy/v1/chat/completions -d '{"model":'
	ask -I http://$proxy/health
	ask http://$proxy/nothing/here
	ask --max-time 0.4 http://$proxy/v1/chat/completions -d "{\"stream\":true,$body,\"n\":3}"
done
kill -INT $capture
wait $capture
sleep 1
kill -INT $tcpdump
wait $tcpdump || true
grep -E 'requests seen' "$dir/capture"
grep -E 'captured|dropped by kernel' "$dir/tcpdump"
ls -l "$dir/traffic.pcap" | awk '{ print $5 " bytes of packets" }'
time "$dir/metron" capture pcap "$dir/traffic.pcap" --server $sim --out "$dir/passive.parquet"
"$dir/metron" inspect --verify "$dir/passive.parquet"
"$dir/compare" "$dir"/proxy/*.parquet "$dir/passive.parquet"
