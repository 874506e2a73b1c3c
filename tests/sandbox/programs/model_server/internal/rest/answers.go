package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"model_server/internal/inference"
	"model_server/internal/model"
	"model_server/internal/pb"
)

func (h *Handler) predict(ctx context.Context, header http.Header, spec *pb.ModelSpec, body []byte) ([]byte, error) {
	request := &pb.PredictRequest{ModelSpec: spec}
	document, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	if err := readSignature(document, spec); err != nil {
		return nil, err
	}
	inputs, err := h.inputsOf(spec)
	if err != nil {
		return nil, err
	}
	instances, columns := document.member("instances"), document.member("inputs")
	switch {
	case instances != nil && columns != nil:
		return nil, formatError(document, "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ")
	case instances == nil && columns == nil:
		return nil, invalid("Missing 'inputs' or 'instances' key")
	case instances != nil && instances.kind != array:
		return nil, formatError(document, "Expecting 'instances' to be an list/array")
	case instances != nil && len(instances.items) == 0:
		return nil, formatError(document, "No values in 'instances' array")
	case instances != nil:
		request.Inputs, err = fromInstances(instances, inputs)
	default:
		request.Inputs, err = fromInputs(columns, inputs)
	}
	if err != nil {
		return nil, err
	}
	response, err := h.Core.Predict(ctx, request)
	if err != nil {
		return nil, err
	}
	h.served(header, response.ModelSpec)
	if instances != nil {
		return rowsOf(response.Outputs)
	}
	return columnsOf(response.Outputs)
}

func readSignature(document *value, spec *pb.ModelSpec) error {
	name := document.member("signature_name")
	if name == nil {
		return nil
	}
	if name.kind != stringValue {
		return formatError(document, "not formatted correctly. 'signature_name' key must be a string value.")
	}
	spec.SignatureName = name.text
	return nil
}

func (h *Handler) inputsOf(spec *pb.ModelSpec) (map[string]*pb.TensorInfo, error) {
	servable, err := h.Core.Manager.Acquire(spec)
	if err != nil {
		return nil, err
	}
	defer servable.Release()
	name := spec.SignatureName
	if name == "" {
		name = model.DefaultSignature
	}
	signature, found := servable.Model().Signatures[name]
	if !found {
		return nil, invalid("Serving signature name: \"%s\" not found in signature def", name)
	}
	return signature.Inputs, nil
}

func (h *Handler) examples(ctx context.Context, header http.Header, to *route, body []byte) ([]byte, error) {
	document, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	if err := readSignature(document, to.spec); err != nil {
		return nil, err
	}
	input, err := inputOf(document)
	if err != nil {
		return nil, err
	}
	if to.verb == "classify" {
		response, err := h.Core.Classify(ctx, &pb.ClassificationRequest{ModelSpec: to.spec, Input: input})
		if err != nil {
			return nil, err
		}
		h.served(header, response.ModelSpec)
		return writeClassification(response.Result), nil
	}
	response, err := h.Core.Regress(ctx, &pb.RegressionRequest{ModelSpec: to.spec, Input: input})
	if err != nil {
		return nil, err
	}
	h.served(header, response.ModelSpec)
	return writeRegression(response.Result), nil
}

func (h *Handler) metadata(spec *pb.ModelSpec) ([]byte, error) {
	response, err := h.Core.Metadata(&pb.GetModelMetadataRequest{ModelSpec: spec, MetadataField: []string{inference.SignatureDef}})
	if err != nil {
		return nil, err
	}
	signatures := &pb.SignatureDefMap{}
	if err := response.Metadata[inference.SignatureDef].UnmarshalTo(signatures); err != nil {
		return nil, status.Error(codes.Internal, "Failed to unpack 'Any' object to 'SignatureDefMap'.")
	}
	specText, err := protoJSON(response.ModelSpec, true)
	if err != nil {
		return nil, err
	}
	signatureText, err := protoJSON(signatures, true)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "{\n\"model_spec\":%s,\n\"metadata\": {\"signature_def\": %s}\n}\n", specText, signatureText), nil
}

// protoJSON writes a message with fields that have no value too, one space an indent and a line feed at the end. Going
// through json.Indent makes the white space of Go's protojson, which varies on purpose, stable.
func protoJSON(message proto.Message, protoNames bool) ([]byte, error) {
	text, err := protojson.MarshalOptions{EmitDefaultValues: true, UseProtoNames: protoNames}.Marshal(message)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "Failed to convert proto to json. Error: %v", err)
	}
	indented, err := json.MarshalIndent(json.RawMessage(text), "", " ")
	return append(indented, '\n'), err
}
