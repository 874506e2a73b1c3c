package rest

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/pb"
)

// inputOf makes the examples of a classify or regress request.
func inputOf(document *value) (*pb.Input, error) {
	var shared *pb.Example
	if v := document.member("context"); v != nil {
		example, err := exampleOf(v)
		if err != nil {
			return nil, err
		}
		shared = example
	}
	list := document.member("examples")
	switch {
	case list == nil:
		return nil, formatError(document, "When method is classify, key 'examples' is expected and was not found")
	case list.kind != array:
		return nil, formatError(document, "Expecting 'examples' value to be an list/array")
	case len(list.items) == 0:
		return nil, formatError(document, "'examples' value is an empty array")
	}
	var examples []*pb.Example
	for i := range list.items {
		example, err := exampleOf(&list.items[i])
		if err != nil {
			return nil, err
		}
		examples = append(examples, example)
	}
	if shared != nil {
		return &pb.Input{Kind: &pb.Input_ExampleListWithContext{
			ExampleListWithContext: &pb.ExampleListWithContext{Examples: examples, Context: shared}}}, nil
	}
	return &pb.Input{Kind: &pb.Input_ExampleList{ExampleList: &pb.ExampleList{Examples: examples}}}, nil
}

func exampleOf(v *value) (*pb.Example, error) {
	if v.kind != object {
		return nil, invalid("Example must be JSON object but got JSON %s", v.kind)
	}
	features := map[string]*pb.Feature{}
	for i, name := range v.names {
		feature := &pb.Feature{}
		items := []value{v.items[i]}
		if v.items[i].kind == array {
			items = v.items[i].items
		}
		for k := range items {
			if err := addToFeature(feature, name, &items[k]); err != nil {
				return nil, err
			}
		}
		features[name] = feature
	}
	return &pb.Example{Features: &pb.Features{Feature: features}}, nil
}

func addToFeature(feature *pb.Feature, name string, v *value) error {
	switch {
	case v.kind == null, v.kind == array, v.kind == object && !v.isBase64():
		return invalid("Feature: %s has element with unexpected JSON type: %s", name, v.kind)
	case v.kind == number && !v.integral:
		return addFloat(feature, name, float32(v.number))
	case v.kind == stringValue:
		return addBytes(feature, name, []byte(v.text))
	case v.kind == object:
		decoded, err := decodeBase64(v)
		if err != nil {
			return err
		}
		return addBytes(feature, name, decoded)
	}
	return addInt(feature, name, v)
}

func addFloat(feature *pb.Feature, name string, number float32) error {
	if feature.Kind == nil {
		feature.Kind = &pb.Feature_FloatList{FloatList: &pb.FloatList{}}
	}
	list := feature.GetFloatList()
	if list == nil {
		return otherKind(feature, name)
	}
	list.Value = append(list.Value, number)
	return nil
}

func addBytes(feature *pb.Feature, name string, text []byte) error {
	if feature.Kind == nil {
		feature.Kind = &pb.Feature_BytesList{BytesList: &pb.BytesList{}}
	}
	list := feature.GetBytesList()
	if list == nil {
		return otherKind(feature, name)
	}
	list.Value = append(list.Value, text)
	return nil
}

func addInt(feature *pb.Feature, name string, v *value) error {
	if feature.Kind == nil {
		feature.Kind = &pb.Feature_Int64List{Int64List: &pb.Int64List{}}
	}
	list := feature.GetInt64List()
	switch {
	case list == nil:
		return otherKind(feature, name)
	case v.kind == trueValue:
		list.Value = append(list.Value, 1)
	case v.kind == falseValue:
		list.Value = append(list.Value, 0)
	case v.number > 1<<63:
		return status.Errorf(codes.InvalidArgument, "Feature: %s has uint64_t element. Only int64_t is supported.", name)
	default:
		list.Value = append(list.Value, int64(v.number))
	}
	return nil
}

func otherKind(feature *pb.Feature, name string) error {
	kind := "int64"
	switch {
	case feature.GetBytesList() != nil:
		kind = "bytes"
	case feature.GetFloatList() != nil:
		kind = "float"
	}
	return invalid("Unexpected element type in feature: %s expecting type: %s", name, kind)
}

func writeClassification(result *pb.ClassificationResult) []byte {
	w := &writer{}
	w.open('{')
	w.string("results")
	w.open('[')
	for _, classifications := range result.Classifications {
		w.singleLine = true
		w.open('[')
		for _, class := range classifications.Classes {
			w.open('[')
			w.string(class.Label)
			w.decimal(float64(class.Score), 32)
			w.close()
		}
		w.close()
		w.singleLine = false
	}
	w.close()
	w.close()
	return w.text
}

func writeRegression(result *pb.RegressionResult) []byte {
	w := &writer{}
	w.open('{')
	w.string("results")
	w.singleLine = true
	w.open('[')
	for _, regression := range result.Regressions {
		w.decimal(float64(regression.Value), 32)
	}
	w.close()
	w.close()
	return w.text
}
