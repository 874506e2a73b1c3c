#!/bin/sh
# Generates what is made of the .proto files here: internal/pb for the double, and the load generator's descriptors.
# Needs Go and a Python with grpcio-tools (for its protoc):
#     PYTHON=python3 sh proto/generate.sh
set -eu
cd "$(dirname "$0")/.."
plugins=$(mktemp -d)
trap 'rm -r "$plugins"' EXIT
go build -o "$plugins/" google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
PATH="$plugins:$PATH" "${PYTHON:-python3}" -m grpc_tools.protoc --proto_path=proto \
    --go_out=. --go_opt=module=model_server \
    --go-grpc_out=. --go-grpc_opt=module=model_server,require_unimplemented_servers=false \
    --include_imports --descriptor_set_out=../../../mesh/load/serving.binpb \
    error_codes.proto tensorflow.proto config.proto serving.proto
