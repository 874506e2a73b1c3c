package inference

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"model_server/internal/logging"
	"model_server/internal/model"
	"model_server/internal/pb"
)

const (
	warmupFile = "assets.extra/tf_serving_warmup_requests"
	maxRecords = 1000
	warmupLog  = "servables/tensorflow/saved_model_warmup_util.cc:"
)

// Warmup replays the requests in the model's folder before the model becomes available; an error makes its load fail.
func Warmup(m *model.Model, folder string, iterations int) error {
	path := filepath.Join(folder, warmupFile)
	file, err := os.Open(path)
	if err != nil {
		logging.Info(warmupLog+"82", "No warmup data file found at %s", path)
		return nil
	}
	defer file.Close()
	logging.Info(warmupLog+"94", "Starting to read warmup data for model at %s with model-warmup-options ", path)
	start, count := time.Now(), 0
	for reader := (&records{from: bufio.NewReader(file)}); ; {
		record, err := reader.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		entry := &pb.PredictionLog{}
		if err := proto.Unmarshal(record, entry); err != nil {
			return status.Errorf(codes.InvalidArgument, "Failed to parse warmup record: %q from %s", record, path)
		}
		for range max(iterations, 1) {
			if err := replay(m, entry); err != nil {
				return err
			}
		}
		if count++; count > maxRecords {
			return status.Errorf(codes.InvalidArgument, "Number of warmup records exceeds the maximum (%d) at %s", maxRecords, path)
		}
	}
	logging.Info(warmupLog+"202", "Finished reading warmup data for model at %s. Number of warmup records read: %d. Elapsed time (microseconds): %d.",
		path, count, time.Since(start).Microseconds())
	return nil
}

// replay checks one request against the model's signatures, as the real server does by running it, and takes its time.
func replay(m *model.Model, entry *pb.PredictionLog) error {
	time.Sleep(m.Latency.Sample())
	core := &Core{}
	switch {
	case entry.GetPredictLog() != nil:
		request := entry.GetPredictLog().GetRequest()
		name := signatureName(request.GetModelSpec())
		signature, found := m.Signatures[name]
		if !found {
			return status.Errorf(codes.FailedPrecondition, "Serving signature key \"%s\" not found.", name)
		}
		if _, err := checkPredict(signature, request); err != nil {
			return err
		}
		_, err := m.Predict(request.Inputs)
		return err
	case entry.GetClassifyLog() != nil:
		return core.checkExamples(m, entry.GetClassifyLog().GetRequest().GetModelSpec(), classification)
	case entry.GetRegressLog() != nil:
		return core.checkExamples(m, entry.GetRegressLog().GetRequest().GetModelSpec(), regression)
	}
	return nil
}
