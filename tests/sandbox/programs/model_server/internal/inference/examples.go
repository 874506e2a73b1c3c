package inference

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/manager"
	"model_server/internal/metrics"
	"model_server/internal/model"
	"model_server/internal/pb"
)

// Classify answers a class without a label and its score for each example.
func (c *Core) Classify(ctx context.Context, request *pb.ClassificationRequest) (*pb.ClassificationResponse, error) {
	if request.GetModelSpec() == nil {
		return nil, status.Error(codes.InvalidArgument, "Missing ModelSpec")
	}
	servable, err := c.Manager.Acquire(request.ModelSpec)
	if err != nil {
		return nil, err
	}
	defer servable.Release()
	if err := c.checkExamples(servable.Model(), request.ModelSpec, classification); err != nil {
		return nil, err
	}
	scores, err := c.scores(ctx, servable, request.Input)
	if err != nil {
		return nil, err
	}
	metrics.ExampleCounts.Observe(float64(len(scores)), request.ModelSpec.Name)
	metrics.ExampleTotal.Add(int64(len(scores)), request.ModelSpec.Name)
	return &pb.ClassificationResponse{ModelSpec: answered(request.ModelSpec, servable.ID.Version), Result: classificationResult(scores)}, nil
}

// Regress answers a number for each example.
func (c *Core) Regress(ctx context.Context, request *pb.RegressionRequest) (*pb.RegressionResponse, error) {
	if request.GetModelSpec() == nil {
		return nil, status.Error(codes.InvalidArgument, "Missing ModelSpec")
	}
	servable, err := c.Manager.Acquire(request.ModelSpec)
	if err != nil {
		return nil, err
	}
	defer servable.Release()
	if err := c.checkExamples(servable.Model(), request.ModelSpec, regression); err != nil {
		return nil, err
	}
	scores, err := c.scores(ctx, servable, request.Input)
	if err != nil {
		return nil, err
	}
	metrics.ExampleCounts.Observe(float64(len(scores)), request.ModelSpec.Name)
	metrics.ExampleTotal.Add(int64(len(scores)), request.ModelSpec.Name)
	return &pb.RegressionResponse{ModelSpec: answered(request.ModelSpec, servable.ID.Version), Result: regressionResult(scores)}, nil
}

// MultiInference runs several signatures of one model on the same examples.
func (c *Core) MultiInference(ctx context.Context, request *pb.MultiInferenceRequest) (*pb.MultiInferenceResponse, error) {
	if len(request.GetTasks()) == 0 {
		return nil, status.Error(codes.InvalidArgument, "Inference request must specify at least one task.")
	}
	if err := checkTasks(request.Tasks); err != nil {
		return nil, err
	}
	servable, err := c.Manager.Acquire(request.Tasks[0].ModelSpec)
	if err != nil {
		return nil, err
	}
	defer servable.Release()
	for _, task := range request.Tasks {
		kind, known := kindOf[task.MethodName]
		if !known {
			return nil, status.Errorf(codes.Unimplemented, "Unsupported signature method_name: %s", task.MethodName)
		}
		if err := c.checkExamples(servable.Model(), task.ModelSpec, kind); err != nil {
			return nil, err
		}
	}
	scores, err := c.scores(ctx, servable, request.Input)
	if err != nil {
		return nil, err
	}
	response := &pb.MultiInferenceResponse{}
	for _, task := range request.Tasks {
		result := &pb.InferenceResult{ModelSpec: answered(task.ModelSpec, servable.ID.Version)}
		if task.MethodName == model.ClassifyMethod {
			result.Result = &pb.InferenceResult_ClassificationResult{ClassificationResult: classificationResult(scores)}
		} else {
			result.Result = &pb.InferenceResult_RegressionResult{RegressionResult: regressionResult(scores)}
		}
		response.Results = append(response.Results, result)
	}
	return response, nil
}

func checkTasks(tasks []*pb.InferenceTask) error {
	seen := map[string]bool{}
	for _, task := range tasks {
		if task.GetModelSpec().GetName() == "" {
			return status.Error(codes.InvalidArgument, "Found ModelSpec with an empty model name.")
		}
		if task.ModelSpec.Name != tasks[0].ModelSpec.Name {
			return status.Error(codes.InvalidArgument, "All ModelSpecs in a MultiInferenceRequest must access the same model name.")
		}
		if name := signatureName(task.ModelSpec); seen[name] {
			return status.Errorf(codes.InvalidArgument, "Duplicate evaluation of signature: %s", name)
		} else {
			seen[name] = true
		}
	}
	return nil
}

// exampleKind is what a signature on examples must look like.
type exampleKind struct{ noun, method, output string }

var (
	classification = exampleKind{"classification", model.ClassifyMethod, "scores"}
	regression     = exampleKind{"regression", model.RegressMethod, "outputs"}
	kindOf         = map[string]exampleKind{model.ClassifyMethod: classification, model.RegressMethod: regression}
)

func (c *Core) checkExamples(m *model.Model, spec *pb.ModelSpec, kind exampleKind) error {
	name := signatureName(spec)
	signature, found := m.Signatures[name]
	switch {
	case !found:
		return status.Errorf(codes.InvalidArgument, "No signature was found with the name: %s", name)
	case c.CheckMethodName && signature.MethodName != kind.method:
		return status.Errorf(codes.InvalidArgument, "Expected %s signature method_name to be %s. Was: %s", kind.noun, kind.method, signature.MethodName)
	case signature.Inputs["inputs"] == nil:
		return status.Errorf(codes.InvalidArgument, "No %s inputs found in SignatureDef: %s", kind.noun, debugString(signature))
	case signature.Outputs[kind.output] == nil && kind == classification:
		return status.Errorf(codes.InvalidArgument, "Expected classification signature outputs to contain at least one of "+
			"\"classes\" or \"scores\". Signature was: %s", debugString(signature))
	case signature.Outputs[kind.output] == nil:
		return status.Errorf(codes.InvalidArgument, "No regression outputs found in SignatureDef: %s", debugString(signature))
	}
	return nil
}

func classificationResult(scores []float32) *pb.ClassificationResult {
	result := &pb.ClassificationResult{}
	for _, score := range scores {
		result.Classifications = append(result.Classifications, &pb.Classifications{Classes: []*pb.Class{{Score: score}}})
	}
	return result
}

func regressionResult(scores []float32) *pb.RegressionResult {
	result := &pb.RegressionResult{}
	for _, score := range scores {
		result.Regressions = append(result.Regressions, &pb.Regression{Value: score})
	}
	return result
}

// scores computes the model's answer for the feature x of each example; the context's features stand in for missing ones.
func (c *Core) scores(ctx context.Context, servable *manager.Servable, input *pb.Input) ([]float32, error) {
	examples, shared := input.GetExampleList().GetExamples(), (*pb.Example)(nil)
	if list := input.GetExampleListWithContext(); list != nil {
		examples, shared = list.Examples, list.Context
	}
	if len(examples) == 0 {
		return nil, status.Error(codes.InvalidArgument, "Input is empty.")
	}
	offset, err := c.run(ctx, servable)
	if err != nil {
		return nil, err
	}
	scores := make([]float32, len(examples))
	for i, example := range examples {
		x, err := featureX(example, shared)
		if err != nil {
			return nil, err
		}
		scores[i] = servable.Model().Score(x) + offset
	}
	return scores, nil
}

func featureX(example, shared *pb.Example) (float32, error) {
	for _, source := range []*pb.Example{example, shared} {
		feature := source.GetFeatures().GetFeature()["x"]
		if feature == nil {
			continue
		}
		values := feature.GetFloatList().GetValue()
		if feature.GetFloatList() == nil {
			return 0, status.Error(codes.InvalidArgument, "Name: <unknown>, Feature: x, data type: "+kindName(feature)+", expected type: float")
		}
		if len(values) != 1 {
			return 0, status.Errorf(codes.InvalidArgument, "Name: <unknown>, Key: x, Index: 0.  Number of float values != expected.  Values size: %d but output shape: [1]", len(values))
		}
		return values[0], nil
	}
	return 0, status.Error(codes.InvalidArgument, "Name: <unknown>, Feature: x (data type: float) is required but could not be found.")
}

func kindName(feature *pb.Feature) string {
	if feature.GetInt64List() != nil {
		return "int64"
	}
	return "string"
}
