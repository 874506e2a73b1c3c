package rest

import (
	"encoding/base64"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"model_server/internal/manager"
	"model_server/internal/model"
	"model_server/internal/pb"
)

// shapeOf follows the first item of each nested list.
func shapeOf(v *value) *pb.TensorShapeProto {
	shape := model.Shape()
	for v.kind == array {
		shape.Dim = append(shape.Dim, &pb.TensorShapeProto_Dim{Size: int64(len(v.items))})
		if len(v.items) == 0 {
			break
		}
		v = &v.items[0]
	}
	return shape
}

// fill appends the values of v to a tensor whose type and shape are known, and returns how many.
func fill(t *pb.TensorProto, v *value, depth int) (int, error) {
	dims := t.TensorShape.Dim
	if v.kind != array {
		if depth != len(dims) {
			return 0, invalid("JSON Value: %s found at incorrect level: %d in the JSON DOM. Expected at level: %d", debug(v), depth+1, len(dims))
		}
		return 1, appendValue(t, v)
	}
	if depth >= len(dims) {
		return 0, invalid("Encountered list at unexpected level: %d expected < %d", depth, len(dims))
	}
	if int64(len(v.items)) != dims[depth].Size {
		return 0, invalid("Encountered list at unexpected size: %d at level: %d expected size: %d", len(v.items), depth, dims[depth].Size)
	}
	total := 0
	for i := range v.items {
		count, err := fill(t, &v.items[i], depth+1)
		if err != nil {
			return 0, err
		}
		total += count
	}
	return total, nil
}

func appendValue(t *pb.TensorProto, v *value) error {
	if v.kind == object && t.Dtype == pb.DataType_DT_STRING {
		decoded, err := decodeBase64(v)
		t.StringVal = append(t.StringVal, decoded)
		return err
	}
	switch t.Dtype {
	case pb.DataType_DT_FLOAT, pb.DataType_DT_DOUBLE:
		if v.kind != number {
			return typeError(v, t.Dtype)
		}
		if t.Dtype == pb.DataType_DT_FLOAT {
			t.FloatVal = append(t.FloatVal, float32(v.number))
		} else {
			t.DoubleVal = append(t.DoubleVal, v.number)
		}
	case pb.DataType_DT_STRING:
		if v.kind != stringValue {
			return typeError(v, t.Dtype)
		}
		t.StringVal = append(t.StringVal, []byte(v.text))
	case pb.DataType_DT_BOOL:
		if v.kind != trueValue && v.kind != falseValue {
			return typeError(v, t.Dtype)
		}
		t.BoolVal = append(t.BoolVal, v.kind == trueValue)
	case pb.DataType_DT_UINT32, pb.DataType_DT_UINT64:
		return appendUnsigned(t, v)
	case pb.DataType_DT_INT32, pb.DataType_DT_INT16, pb.DataType_DT_INT8, pb.DataType_DT_UINT8, pb.DataType_DT_INT64:
		return appendInteger(t, v)
	default:
		return status.Errorf(codes.Unimplemented, "Conversion of JSON Value: %s to type: %s", debug(v), model.TypeName(t.Dtype))
	}
	return nil
}

func appendInteger(t *pb.TensorProto, v *value) error {
	integer, err := strconv.ParseInt(v.text, 10, 64)
	wide := t.Dtype == pb.DataType_DT_INT64
	if v.kind != number || err != nil || (!wide && (integer < math.MinInt32 || integer > math.MaxInt32)) {
		return typeError(v, t.Dtype)
	}
	if wide {
		t.Int64Val = append(t.Int64Val, integer)
	} else {
		t.IntVal = append(t.IntVal, int32(integer))
	}
	return nil
}

func appendUnsigned(t *pb.TensorProto, v *value) error {
	integer, err := strconv.ParseUint(v.text, 10, 64)
	wide := t.Dtype == pb.DataType_DT_UINT64
	if v.kind != number || err != nil || (!wide && integer > math.MaxUint32) {
		return typeError(v, t.Dtype)
	}
	if wide {
		t.Uint64Val = append(t.Uint64Val, integer)
	} else {
		t.Uint32Val = append(t.Uint32Val, uint32(integer))
	}
	return nil
}

func decodeBase64(v *value) ([]byte, error) {
	if !v.isBase64() {
		return nil, invalid("JSON Value: %s not formatted correctly for base64 data", debug(v))
	}
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(v.items[0].text, "="))
	if err != nil {
		return nil, invalid("Unable to base64 decode")
	}
	return decoded, nil
}

// fromInstances makes tensors of the row format: each item of the list is one row of all inputs.
func fromInstances(list *value, inputs map[string]*pb.TensorInfo) (map[string]*pb.TensorProto, error) {
	isObject := func(v *value) bool { return v.kind == object && !v.isBase64() }
	names := slices.Sorted(maps.Keys(inputs))
	if list.items[0].kind != object && len(inputs) > 1 {
		return nil, invalid("instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map")
	}
	objects := isObject(&list.items[0])
	rows := &rows{inputs: inputs, tensors: map[string]*pb.TensorProto{}, sizes: map[string]int{}}
	for i := range list.items {
		item := &list.items[i]
		switch {
		case objects && !isObject(item):
			return nil, invalid("Expecting object but got list at item %d of input list", i)
		case !objects && isObject(item):
			return nil, invalid("Expecting value/list but got object at item %d of input list", i)
		case !objects:
			if err := rows.add(item, names[0]); err != nil {
				return nil, invalid("Failed to process element: %d of 'instances' list. Error: %s", i, manager.StatusString(err))
			}
			continue
		}
		for k, name := range item.names {
			if err := rows.add(&item.items[k], name); err != nil {
				return nil, invalid("Failed to process element: %d key: %s of 'instances' list. Error: %s", i, name, manager.StatusString(err))
			}
		}
		if given := slices.Compact(slices.Sorted(slices.Values(item.names))); !slices.Equal(given, names) {
			return nil, invalid("Failed to process element: %d of 'instances' list. JSON object: %s keys must be equal to: %s",
				i, debug(item), strings.Join(names, ","))
		}
	}
	for _, tensor := range rows.tensors {
		batch := []*pb.TensorShapeProto_Dim{{Size: int64(len(list.items))}}
		tensor.TensorShape = &pb.TensorShapeProto{Dim: append(batch, tensor.TensorShape.Dim...)}
	}
	return rows.tensors, nil
}

// rows gathers the rows of each input; all must have the shape of the first.
type rows struct {
	inputs  map[string]*pb.TensorInfo
	tensors map[string]*pb.TensorProto
	sizes   map[string]int
}

func (r *rows) add(v *value, name string) error {
	if r.inputs[name] == nil {
		return invalid("JSON object: does not have named input: %s", name)
	}
	first, seen := r.tensors[name]
	tensor, shape := first, shapeOf(v)
	if !seen {
		tensor = &pb.TensorProto{Dtype: r.inputs[name].Dtype, TensorShape: shape}
		r.tensors[name] = tensor
	}
	expected := tensor.TensorShape
	tensor.TensorShape = shape
	size, err := fill(tensor, v, 0)
	tensor.TensorShape = expected
	switch {
	case err != nil:
		return err
	case !seen:
		r.sizes[name] = size
	case r.sizes[name] != size:
		return invalid("Expecting tensor size: %d but got: %d", r.sizes[name], size)
	case !proto.Equal(expected, shape):
		return invalid("Expecting shape %s but got: %s", model.ShapeString(expected), model.ShapeString(shape))
	}
	return nil
}

// fromInputs makes tensors of the columnar format: one value for the only input, or an object with one for each.
func fromInputs(v *value, inputs map[string]*pb.TensorInfo) (map[string]*pb.TensorProto, error) {
	columns := map[string]*value{}
	names := slices.Sorted(maps.Keys(inputs))
	if v.kind != object || v.isBase64() {
		if len(inputs) > 1 {
			return nil, invalid("inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map")
		}
		columns[names[0]] = v
	} else {
		for _, name := range names {
			if columns[name] = v.member(name); columns[name] == nil {
				return nil, invalid("Missing named input: %s in 'inputs' object.", name)
			}
		}
	}
	tensors := map[string]*pb.TensorProto{}
	for _, name := range names {
		tensors[name] = &pb.TensorProto{Dtype: inputs[name].Dtype, TensorShape: shapeOf(columns[name])}
		if _, err := fill(tensors[name], columns[name], 0); err != nil {
			return nil, err
		}
	}
	return tensors, nil
}
