package model

import (
	"encoding/binary"
	"math"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/pb"
)

// TypeName is TensorFlow's short name of a type: float for DT_FLOAT.
func TypeName(dtype pb.DataType) string {
	return strings.ToLower(strings.TrimPrefix(dtype.String(), "DT_"))
}

// Shape makes a shape; -1 is a size that is not fixed.
func Shape(sizes ...int64) *pb.TensorShapeProto {
	shape := &pb.TensorShapeProto{}
	for _, size := range sizes {
		shape.Dim = append(shape.Dim, &pb.TensorShapeProto_Dim{Size: size})
	}
	return shape
}

// elements is how many values a tensor of this shape has; a negative size or an absurd number of values is an error.
func elements(t *pb.TensorProto) (int, error) {
	count := int64(1)
	for _, dim := range t.GetTensorShape().GetDim() {
		if dim.Size < 0 || (dim.Size > 0 && count > math.MaxInt32/dim.Size) {
			return 0, parsingError()
		}
		count *= dim.Size
	}
	return int(count), nil
}

func parsingError() error { return status.Error(codes.InvalidArgument, "tensor parsing error") }

// Floats are the values of a DT_FLOAT tensor, whether they stand in tensor_content or in float_val, where a missing rest
// repeats the last value.
func Floats(t *pb.TensorProto) ([]float32, error) {
	count, err := elements(t)
	if err != nil {
		return nil, err
	}
	if len(t.TensorContent) > 0 {
		if len(t.TensorContent) != 4*count {
			return nil, parsingError()
		}
		values := make([]float32, count)
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.TensorContent[4*i:]))
		}
		return values, nil
	}
	if len(t.FloatVal) >= count {
		return t.FloatVal[:count], nil
	}
	values := make([]float32, count)
	copied := copy(values, t.FloatVal)
	for i := copied; i < count && copied > 0; i++ {
		values[i] = t.FloatVal[copied-1]
	}
	return values, nil
}

// PackContent moves the values of a DT_FLOAT or DT_INT64 tensor into tensor_content, TensorFlow's compact form.
func PackContent(t *pb.TensorProto) {
	switch t.Dtype {
	case pb.DataType_DT_FLOAT:
		for _, value := range t.FloatVal {
			t.TensorContent = binary.LittleEndian.AppendUint32(t.TensorContent, math.Float32bits(value))
		}
		t.FloatVal = nil
	case pb.DataType_DT_INT64:
		for _, value := range t.Int64Val {
			t.TensorContent = binary.LittleEndian.AppendUint64(t.TensorContent, uint64(value))
		}
		t.Int64Val = nil
	}
}

func floatTensor(shape *pb.TensorShapeProto, values []float32) *pb.TensorProto {
	return &pb.TensorProto{Dtype: pb.DataType_DT_FLOAT, TensorShape: shape, FloatVal: values}
}
