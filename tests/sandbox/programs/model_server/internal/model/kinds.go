package model

import (
	"fmt"
	"math"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/pb"
)

// The names that SavedModels give to methods and signatures.
const (
	DefaultSignature = "serving_default"
	PredictMethod    = "tensorflow/serving/predict"
	ClassifyMethod   = "tensorflow/serving/classify"
	RegressMethod    = "tensorflow/serving/regress"
)

const mnistPixels, mnistClasses = 784, 10

func info(name string, dtype pb.DataType, shape ...int64) *pb.TensorInfo {
	return &pb.TensorInfo{Encoding: &pb.TensorInfo_Name{Name: name}, Dtype: dtype, TensorShape: Shape(shape...)}
}

func signature(method string, inputs, outputs map[string]*pb.TensorInfo) *pb.SignatureDef {
	return &pb.SignatureDef{MethodName: method, Inputs: inputs, Outputs: outputs}
}

// newLinear has the signatures of TensorFlow Serving's own half_plus_two.
func newLinear(d Description) *Model {
	type tensors = map[string]*pb.TensorInfo
	examples := info("tf_example:0", pb.DataType_DT_STRING, -1)
	y := info("y:0", pb.DataType_DT_FLOAT, -1, 1)
	m := &Model{Description: d, Signatures: map[string]*pb.SignatureDef{
		DefaultSignature:  signature(PredictMethod, tensors{"x": info("x:0", pb.DataType_DT_FLOAT, -1, 1)}, tensors{"y": y}),
		"classify_x_to_y": signature(ClassifyMethod, tensors{"inputs": examples}, tensors{"scores": y}),
		"regress_x_to_y":  signature(RegressMethod, tensors{"inputs": examples}, tensors{"outputs": y}),
	}}
	m.predict = func(inputs map[string]*pb.TensorProto) (map[string]*pb.TensorProto, error) {
		x, err := Floats(inputs["x"])
		if err != nil {
			return nil, err
		}
		values := make([]float32, len(x))
		for i := range x {
			values[i] = m.Score(x[i])
		}
		return map[string]*pb.TensorProto{"y": floatTensor(inputs["x"].TensorShape, values)}, nil
	}
	return m
}

// newMNIST maps 784 pixels to ten predictions and the class of the largest. A black image's predictions are all the bias.
func newMNIST(d Description) *Model {
	weights := make([]float32, mnistPixels*mnistClasses)
	for i := range weights {
		weights[i] = float32(math.Cos(float64((i/mnistClasses+1)*(i%mnistClasses+1)))) / mnistPixels
	}
	m := &Model{Description: d, Signatures: map[string]*pb.SignatureDef{DefaultSignature: signature(PredictMethod,
		map[string]*pb.TensorInfo{"x": info("x:0", pb.DataType_DT_FLOAT, -1, mnistPixels)},
		map[string]*pb.TensorInfo{
			"classes":     info("ArgMax:0", pb.DataType_DT_INT64, -1),
			"predictions": info("predictions:0", pb.DataType_DT_FLOAT, -1, mnistClasses),
		})}}
	m.predict = func(inputs map[string]*pb.TensorProto) (map[string]*pb.TensorProto, error) {
		x, err := Floats(inputs["x"])
		if err != nil {
			return nil, err
		}
		dims := inputs["x"].GetTensorShape().GetDim()
		if len(dims) != 2 || dims[1].Size != mnistPixels {
			return nil, status.Errorf(codes.InvalidArgument, "Matrix size-incompatible: In[0]: %s, In[1]: [%d,%d]",
				ShapeString(inputs["x"].TensorShape), mnistPixels, mnistClasses)
		}
		images := dims[0].Size
		predictions, classes := make([]float32, 0, images*mnistClasses), make([]int64, images)
		for image := range images {
			scores := mnistScores(weights, x[image*mnistPixels:(image+1)*mnistPixels], d.Bias)
			for class, score := range scores {
				if score > scores[classes[image]] {
					classes[image] = int64(class)
				}
			}
			predictions = append(predictions, scores[:]...)
		}
		return map[string]*pb.TensorProto{
			"predictions": floatTensor(Shape(images, mnistClasses), predictions),
			"classes":     {Dtype: pb.DataType_DT_INT64, TensorShape: Shape(images), Int64Val: classes},
		}, nil
	}
	return m
}

func mnistScores(weights, pixels []float32, bias float32) (scores [mnistClasses]float32) {
	for class := range scores {
		scores[class] = bias
	}
	for pixel, value := range pixels {
		if value == 0 {
			continue
		}
		for class := range scores {
			scores[class] += value * weights[pixel*mnistClasses+class]
		}
	}
	return scores
}

// newIdentity answers what it is asked, of one type. A name that ends in _bytes is what makes REST answer in base64.
func newIdentity(d Description) (*Model, error) {
	dtype := pb.DataType_DT_FLOAT
	if d.Type != "" {
		value, known := pb.DataType_value[d.Type]
		if !known || value == 0 {
			return nil, fmt.Errorf("type %q is not one such as DT_STRING", d.Type)
		}
		dtype = pb.DataType(value)
	}
	output := "y"
	if dtype == pb.DataType_DT_STRING {
		output = "y_bytes"
	}
	m := &Model{Description: d, Signatures: map[string]*pb.SignatureDef{DefaultSignature: signature(PredictMethod,
		map[string]*pb.TensorInfo{"x": info("x:0", dtype, -1)}, map[string]*pb.TensorInfo{output: info("y:0", dtype, -1)})}}
	m.predict = func(inputs map[string]*pb.TensorProto) (map[string]*pb.TensorProto, error) {
		if _, err := elements(inputs["x"]); err != nil {
			return nil, err
		}
		return map[string]*pb.TensorProto{output: inputs["x"]}, nil
	}
	return m, nil
}

// ShapeString writes a shape as TensorFlow does: [2,784].
func ShapeString(shape *pb.TensorShapeProto) string {
	text := []byte{'['}
	for i, dim := range shape.GetDim() {
		if i > 0 {
			text = append(text, ',')
		}
		text = fmt.Append(text, dim.Size)
	}
	return string(append(text, ']'))
}
