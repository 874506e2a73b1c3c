package inference

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/metrics"
	"model_server/internal/model"
	"model_server/internal/pb"
)

// Predict runs a signature of any method on named tensors.
func (c *Core) Predict(ctx context.Context, request *pb.PredictRequest) (*pb.PredictResponse, error) {
	if request.GetModelSpec() == nil {
		return nil, status.Error(codes.InvalidArgument, "Missing ModelSpec")
	}
	servable, err := c.Manager.Acquire(request.ModelSpec)
	if err != nil {
		return nil, err
	}
	defer servable.Release()
	name := signatureName(request.ModelSpec)
	signature, found := servable.Model().Signatures[name]
	if !found {
		return nil, status.Errorf(codes.FailedPrecondition, "Serving signature key \"%s\" not found.", name)
	}
	outputs, err := checkPredict(signature, request)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	offset, err := c.run(ctx, servable)
	if err != nil {
		return nil, err
	}
	if signature.MethodName != model.PredictMethod {
		return nil, status.Errorf(codes.Unimplemented, "The double serves signature \"%s\" by Classify or Regress only.", name)
	}
	tensors, err := servable.Model().Predict(request.Inputs)
	if err != nil {
		return nil, err
	}
	metrics.RuntimeLatency.Observe(float64(time.Since(start).Microseconds()), request.ModelSpec.Name, "Predict", "TF1")
	response := &pb.PredictResponse{ModelSpec: answered(request.ModelSpec, servable.ID.Version), Outputs: map[string]*pb.TensorProto{}}
	for _, output := range outputs {
		response.Outputs[output] = c.finish(tensors[output], offset)
	}
	return response, nil
}

func (c *Core) finish(tensor *pb.TensorProto, offset float32) *pb.TensorProto {
	if offset != 0 {
		for i := range tensor.FloatVal {
			tensor.FloatVal[i] += offset
		}
	}
	if c.TensorContent {
		model.PackContent(tensor)
	}
	return tensor
}

// checkPredict holds a request against its signature and returns the outputs to answer.
func checkPredict(signature *pb.SignatureDef, request *pb.PredictRequest) ([]string, error) {
	expected, sent := keys(signature.Inputs), keys(request.Inputs)
	if len(sent) != len(expected) {
		return nil, status.Errorf(codes.InvalidArgument,
			"input size does not match signature: %d!=%d len({%s}) != len({%s}). Sent extra: {%s}. Missing but required: {%s}.",
			len(sent), len(expected), list(sent), list(expected), list(without(sent, expected)), list(without(expected, sent)))
	}
	for _, name := range sent {
		info, found := signature.Inputs[name]
		if !found {
			return nil, status.Errorf(codes.InvalidArgument, "input tensor alias not found in signature: %s. Inputs expected to be in the set {%s}.",
				name, list(expected))
		}
		if dtype := request.Inputs[name].GetDtype(); dtype != info.Dtype {
			return nil, status.Errorf(codes.InvalidArgument, "Expects arg[0] to be %s but %s is provided",
				model.TypeName(info.Dtype), model.TypeName(dtype))
		}
	}
	available := keys(signature.Outputs)
	for i, output := range request.OutputFilter {
		if !slices.Contains(available, output) {
			return nil, status.Errorf(codes.InvalidArgument, "output tensor alias not found in signature: %s Outputs expected to be in the set {%s}.",
				output, list(available))
		}
		if slices.Contains(request.OutputFilter[:i], output) {
			return nil, status.Errorf(codes.InvalidArgument, "duplicate output tensor alias: %s", output)
		}
	}
	if len(request.OutputFilter) > 0 {
		return request.OutputFilter, nil
	}
	return available, nil
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func list(names []string) string { return strings.Join(names, ",") }

func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}
