package inference

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"model_server/internal/model"
	"model_server/internal/pb"
)

func record(t *testing.T, input string) []byte {
	t.Helper()
	data, err := proto.Marshal(&pb.PredictionLog{LogType: &pb.PredictionLog_PredictLog{PredictLog: &pb.PredictLog{Request: &pb.PredictRequest{
		ModelSpec: &pb.ModelSpec{Name: "mnist"},
		Inputs:    map[string]*pb.TensorProto{input: {Dtype: pb.DataType_DT_FLOAT, TensorShape: model.Shape(1), FloatVal: []float32{1}}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	framed := binary.LittleEndian.AppendUint32(length, maskedCRC(length[:8]))
	return binary.LittleEndian.AppendUint32(append(framed, data...), maskedCRC(data))
}

func TestWarmupRequestsAreReplayedOrKeepTheModelOut(t *testing.T) {
	m, err := model.New(model.Description{Kind: "half_plus_two"})
	if err != nil {
		t.Fatal(err)
	}
	good, wrong := record(t, "x"), record(t, "y")
	corrupt := bytes.Clone(good)
	corrupt[14] ^= 1
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"good":      {bytes.Repeat(good, 1000), ""},
		"empty":     {nil, ""},
		"too many":  {bytes.Repeat(good, 1001), "Number of warmup records exceeds the maximum (1000) at "},
		"corrupt":   {append(bytes.Clone(good), corrupt...), "corrupted record at "},
		"truncated": {good[:len(good)-1], "truncated record at 0"},
		"other":     {wrong, "input tensor alias not found in signature: y. Inputs expected to be in the set {x}."},
	} {
		folder := t.TempDir()
		os.MkdirAll(filepath.Join(folder, "assets.extra"), 0o755)
		if err := os.WriteFile(filepath.Join(folder, warmupFile), c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		err := Warmup(m, folder, 1)
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if err := Warmup(m, t.TempDir(), 1); err != nil {
		t.Error("without a file:", err)
	}
}
