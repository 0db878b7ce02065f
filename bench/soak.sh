#!/usr/bin/env bash
# 100 streams through capture for an hour, or for so many minutes, with clients
# that leave, answers that break and errors among them: memory, descriptors and
# goroutines at the beginning and at the end; no record may be lost.
# Usage: bench/soak.sh [MINUTES]
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/metron" .
go build -o "$dir/proxy" ./bench/proxy
"$dir/proxy" soak -metron "$dir/metron" -for "${1:-60}m"
