// Package model is what the double serves in place of a SavedModel: a folder with a model.json that names a small
// function whose result tells which version computed it.
package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/faults"
	"model_server/internal/pb"
)

// DescriptionFile is the name of the file that describes a model in its version's folder.
const DescriptionFile = "model.json"

// Description is the content of model.json.
type Description struct {
	Kind        string         `json:"kind"`         // half_plus_two, half_plus_three, linear, mnist or identity
	Weight      float32        `json:"weight"`       // of linear: y = weight * x + bias
	Bias        float32        `json:"bias"`         // of linear and mnist; what tells versions apart
	Type        string         `json:"type"`         // of identity, such as DT_STRING; DT_FLOAT where absent
	LoadSeconds float64        `json:"load_seconds"` // how long loading takes
	Latency     faults.Latency `json:"latency"`      // how long an inference takes
}

// Model is one loaded version. It does not change and may be used concurrently.
type Model struct {
	Description
	Signatures map[string]*pb.SignatureDef
	predict    func(inputs map[string]*pb.TensorProto) (map[string]*pb.TensorProto, error)
}

// Load reads the model in folder. The error is a gRPC status, as TensorFlow's loader would give it.
func Load(folder string) (*Model, error) {
	text, err := os.ReadFile(filepath.Join(folder, DescriptionFile))
	if err != nil {
		return nil, status.Errorf(codes.NotFound, "Could not find SavedModel .pb or .pbtxt at supplied export directory path: %s. "+
			"Check that the directory exists and that you have the right permissions for accessing it.", folder)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var d Description
	if err := decoder.Decode(&d); err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "Cannot parse %s: %v", filepath.Join(folder, DescriptionFile), err)
	}
	m, err := New(d)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "Cannot parse %s: %v", filepath.Join(folder, DescriptionFile), err)
	}
	return m, nil
}

// New makes the model that a description names.
func New(d Description) (*Model, error) {
	if err := d.Latency.Check(); err != nil {
		return nil, err
	}
	switch d.Kind {
	case "half_plus_two":
		d.Weight, d.Bias = 0.5, 2
		return newLinear(d), nil
	case "half_plus_three":
		d.Weight, d.Bias = 0.5, 3
		return newLinear(d), nil
	case "linear":
		return newLinear(d), nil
	case "mnist":
		return newMNIST(d), nil
	case "identity":
		return newIdentity(d)
	}
	return nil, fmt.Errorf("kind %q: use half_plus_two, half_plus_three, linear, mnist or identity", d.Kind)
}

// Score is what classify and regress answer for one example: the linear function of its feature x.
func (m *Model) Score(x float32) float32 { return m.Weight*x + m.Bias }

// Predict runs a signature on inputs that have been checked against it.
func (m *Model) Predict(inputs map[string]*pb.TensorProto) (map[string]*pb.TensorProto, error) {
	return m.predict(inputs)
}
