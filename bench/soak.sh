#!/usr/bin/env bash
# 100 streams through capture for an hour, or for so many minutes, with clients
# that leave, answers that break and errors among them, and a file sealed every
# twelfth of it: memory, descriptors and goroutines as they go, and whether they
# rose by 5 % from the third, fourth and fifth file to the last three, each where it
# held the least. No record may be lost. In less than ten minutes the heap is still
# growing to its size.
# Usage: bench/soak.sh [MINUTES]
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/metron" .
go build -o "$dir/proxy" ./bench/proxy
"$dir/proxy" soak -metron "$dir/metron" -for "${1:-60}m"
