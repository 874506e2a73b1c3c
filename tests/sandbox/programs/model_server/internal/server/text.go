package server

import (
	"os"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"model_server/internal/logging"
)

// readText reads a message in protobuf's text format.
func readText(path string, into proto.Message) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return status.Errorf(codes.NotFound, "%s; No such file or directory", path)
	}
	if err := prototext.Unmarshal(text, into); err != nil {
		logging.Error("util/proto_util.cc:0", "%s: %v", path, err)
		return status.Errorf(codes.InvalidArgument, "Invalid protobuf file: '%s'", path)
	}
	return nil
}
