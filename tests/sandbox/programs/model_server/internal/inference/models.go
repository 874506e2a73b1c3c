package inference

import (
	"maps"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"model_server/internal/pb"
)

// SignatureDef is the one metadata field there is.
const SignatureDef = "signature_def"

// ModelStatus answers the states of a model's versions. A label is not looked at, as in the real server: all versions are shown.
func (c *Core) ModelStatus(request *pb.GetModelStatusRequest) (*pb.GetModelStatusResponse, error) {
	if request.GetModelSpec() == nil {
		return nil, status.Error(codes.InvalidArgument, "Missing ModelSpec")
	}
	name := request.ModelSpec.Name
	states := c.Manager.States(name)
	versions := slices.Sorted(maps.Keys(states))
	if wanted := request.ModelSpec.GetVersion(); wanted != nil {
		if _, found := states[wanted.Value]; !found {
			return nil, status.Errorf(codes.NotFound, "Could not find version %d of model %s", wanted.Value, name)
		}
		versions = []int64{wanted.Value}
	}
	if len(versions) == 0 {
		return nil, status.Errorf(codes.NotFound, "Could not find any versions of model %s", name)
	}
	response := &pb.GetModelStatusResponse{}
	for _, version := range versions {
		response.ModelVersionStatus = append(response.ModelVersionStatus, &pb.ModelVersionStatus{
			Version: version, State: states[version].State, Status: StatusProto(states[version].Err)})
	}
	return response, nil
}

// Metadata answers the signatures of one version.
func (c *Core) Metadata(request *pb.GetModelMetadataRequest) (*pb.GetModelMetadataResponse, error) {
	if request.GetModelSpec() == nil {
		return nil, status.Error(codes.InvalidArgument, "Missing ModelSpec")
	}
	if len(request.MetadataField) == 0 {
		return nil, status.Error(codes.InvalidArgument, "GetModelMetadataRequest must specify at least one metadata_field")
	}
	for _, field := range request.MetadataField {
		if field != SignatureDef {
			return nil, status.Errorf(codes.InvalidArgument, "Metadata field %s is not supported", field)
		}
	}
	servable, err := c.Manager.Acquire(request.ModelSpec)
	if err != nil {
		return nil, err
	}
	defer servable.Release()
	signatures, err := anypb.New(&pb.SignatureDefMap{SignatureDef: servable.Model().Signatures})
	if err != nil {
		return nil, err
	}
	return &pb.GetModelMetadataResponse{
		ModelSpec: &pb.ModelSpec{Name: servable.ID.Name, VersionChoice: &pb.ModelSpec_Version{Version: wrapperspb.Int64(servable.ID.Version)}},
		Metadata:  map[string]*anypb.Any{SignatureDef: signatures},
	}, nil
}

// StatusProto is an error as a message.
func StatusProto(err error) *pb.StatusProto {
	s := status.Convert(err)
	return &pb.StatusProto{ErrorCode: pb.Code(s.Code()), ErrorMessage: s.Message()}
}

// oneSpace undoes the white space that Go's prototext varies on purpose, and writes "name {" as C++ does.
var oneSpace = strings.NewReplacer(":  {", " {", ": {", " {", ":  ", ": ")

func debugString(signature *pb.SignatureDef) string {
	return oneSpace.Replace(prototext.MarshalOptions{Multiline: true, Indent: "  "}.Format(signature))
}
