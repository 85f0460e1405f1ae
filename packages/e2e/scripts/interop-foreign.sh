#!/bin/sh
# Runs the interop cases between our programs and the other gRPC implementations on this machine,
# in both directions, over plaintext and TLS, on loopback:
#
#   C-core  foreign/python/peer.py with Debian's python3-grpcio, protobuf-compiler and python3-protobuf
#   Go      foreign/go/peer.go with Debian's golang-google-grpc-dev, golang-go and
#           golang-goprotobuf-dev; GO_GOPATH is their path (default /usr/share/gocode)
#
# The script skips a missing implementation and says so. Neither package has gRPC's own interop
# programs. To run those of grpc-go too, set GO_INTEROP_CLIENT and GO_INTEROP_SERVER to the paths of
# google.golang.org/grpc/interop/client and server, or of programs with the same flags.
#
#   packages/e2e/scripts/interop-foreign.sh [CASE...]
#
# GATEWAY=1 puts our gateway in front of our server: its port relays the calls.
# TRANSPORT=grpc-js runs both of our programs on grpc-js instead of http2.
#
# Each run prints one line: "ok", "FAIL", or "n/a" for a case that the peer does not support. The
# exit status is 1 if a case failed.
set -u
cd "$(dirname "$0")/.." || exit 1
e2e=$PWD
export PATH="$e2e/../../node_modules/.bin:$PATH"
node=$(command -v node)

work=$(mktemp -d)
pids=
finish() {
  for pid in $pids; do kill "$pid" 2>/dev/null; done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

"$node" -e 'process.exit(require("fs").existsSync("gen/grpc/testing/test_pb.js") && require("fs").existsSync("../rpc/dist/index.js") ? 0 : 1)' ||
  (cd ../.. && turbo run build --filter=@grpc-study/e2e --output-logs=errors-only 1>&2) || exit 1

all="empty_unary large_unary client_compressed_unary server_compressed_unary client_streaming client_compressed_streaming server_streaming
  server_compressed_streaming ping_pong empty_stream half_duplex slow_consumer custom_metadata status_code_and_message special_status_message
  unimplemented_method unimplemented_service cancel_after_begin cancel_after_first_response timeout_on_sleeping_server"
cases=${*:-$all}
tls_cases="empty_unary large_unary ping_pong custom_metadata"
failed=0
transport=${TRANSPORT:-http2}
gateway=${GATEWAY:+--gateway}
# The cases that grpc-js does not support; interop/transport.ts has the reasons.
ours_unsupported=
[ "$transport" = grpc-js ] &&
  ours_unsupported="client_compressed_unary client_compressed_streaming server_compressed_unary server_compressed_streaming"

# start NAME COMMAND...: starts a server and sets $port to its port.
start() {
  log=$work/$1.log
  shift
  "$@" >"$log" 2>&1 &
  pids="$pids $!"
  port=
  tries=0
  while [ -z "$port" ] && [ $tries -lt 100 ]; do
    sleep 0.1
    port=$(sed -n 's/^serving .*:\([0-9][0-9]*\).*$/\1/p' "$log" | head -1)
    tries=$((tries + 1))
  done
  [ -n "$port" ] || { echo "the server did not start:" && cat "$log"; exit 1; }
}

# run TITLE "CASES" "UNSUPPORTED CASES" COMMAND...: runs the cases with a client.
run() {
  title=$1
  selected=$2
  unsupported=" $3 $ours_unsupported "
  shift 3
  for case in $selected; do
    case $unsupported in
      *" $case "*) printf 'n/a   %s: %s\n' "$title" "$case"; continue ;;
    esac
    if timeout 60 "$@" --test_case "$case" >"$work/out" 2>&1; then
      printf 'ok    %s: %s\n' "$title" "$case"
    else
      printf 'FAIL  %s: %s: %s\n' "$title" "$case" "$(tail -1 "$work/out")"
      failed=1
    fi
  done
}

ours_client="$node interop/client/main.ts --transport $transport"
start ours "$node" interop/server/main.ts --transport "$transport" $gateway --port 0
ours=$port
start ours-tls "$node" interop/server/main.ts --transport "$transport" $gateway --port 0 --use_tls --certs "$work/certs"
ours_tls=$port
certs="--tls_cert_file $work/certs/server.pem --tls_key_file $work/certs/server.key"
trust="--use_tls --ca_file $work/certs/ca.pem --server_host_override foo.test.google.fr"

# both NAME COMMAND "UNSUPPORTED BY ITS SERVER" "UNSUPPORTED BY ITS CLIENT": tests a peer both ways.
both() {
  name=$1 peer=$2
  start "$name" $peer server --port 0
  run "our client, $name server" "$cases" "$3" $ours_client --server_port "$port" --server_host 127.0.0.1
  run "$name client, our server" "$cases" "$4" $peer client --server_port "$ours"
  start "$name-tls" $peer server --port 0 --use_tls $certs
  run "our client, $name server, TLS" "$tls_cases" "" $ours_client --server_port "$port" --server_host 127.0.0.1 $trust
  run "$name client, our server, TLS" "$tls_cases" "" $peer client --server_port "$ours_tls" $trust
}

python=$(for python in "${PYTHON:-}" /usr/bin/python3 python3; do
  [ -n "$python" ] && "$python" -c 'import grpc, google.protobuf' 2>/dev/null && echo "$python" && break
done)
if [ -n "$python" ] && command -v protoc >/dev/null; then
  export INTEROP_GEN="$work/python"
  mkdir -p "$INTEROP_GEN"
  protoc -I third_party --python_out="$INTEROP_GEN" third_party/grpc/testing/*.proto || exit 1
  echo "C-core: grpcio $("$python" -c 'import grpc; print(grpc.__version__)')"
  # Python does not expose whether a request was compressed, and compresses all requests of a call
  # or none.
  both C-core "$python foreign/python/peer.py" "client_compressed_unary client_compressed_streaming" "client_compressed_streaming"
else
  echo "C-core: skipped (needs python3-grpcio, python3-protobuf and protobuf-compiler)"
fi

gocode=${GO_GOPATH:-/usr/share/gocode}
if command -v go >/dev/null && command -v protoc-gen-go >/dev/null && [ -d "$gocode/src/google.golang.org/grpc" ]; then
  mkdir -p "$work/go/src/peer"
  cp foreign/go/peer.go "$work/go/src/peer/"
  protoc -I third_party --go_out=plugins=grpc:"$work/go/src" third_party/grpc/testing/*.proto || exit 1
  GO111MODULE=off GOFLAGS='' GOCACHE="${GOCACHE:-$work/go-cache}" GOPATH="$work/go:$gocode" go build -o "$work/go-peer" peer || exit 1
  echo "Go: grpc-go $(sed -n 's/^const Version = "\(.*\)"/\1/p' "$gocode/src/google.golang.org/grpc/version.go"), $(go version)"
  # grpc-go 1.33 does not expose whether a message was compressed, and compresses the response if
  # the request was compressed.
  both Go "$work/go-peer" \
    "client_compressed_unary client_compressed_streaming server_compressed_unary server_compressed_streaming" ""
else
  echo "Go: skipped (needs golang-go, golang-goprotobuf-dev and golang-google-grpc-dev)"
fi

# grpc-go's own interop programs have fewer cases.
official="empty_unary large_unary client_streaming server_streaming ping_pong empty_stream custom_metadata status_code_and_message special_status_message
  unimplemented_method unimplemented_service cancel_after_begin cancel_after_first_response timeout_on_sleeping_server"
if [ -n "${GO_INTEROP_CLIENT:-}" ]; then
  run "grpc-go's interop client, our server" "$official" "" "$GO_INTEROP_CLIENT" --server_host 127.0.0.1 --server_port "$ours"
  run "grpc-go's interop client, our server, TLS" "$tls_cases" "" "$GO_INTEROP_CLIENT" --server_host localhost --server_port "$ours_tls" --use_test_ca $trust
fi
if [ -n "${GO_INTEROP_SERVER:-}" ]; then
  free=$("$node" -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
  "$GO_INTEROP_SERVER" --port "$free" >"$work/go-interop.log" 2>&1 &
  pids="$pids $!"
  sleep 1
  run "our client, grpc-go's interop server" "$official" "" $ours_client --server_host localhost --server_port "$free"
fi

exit $failed
