// Package inference answers the requests of both APIs, on the messages of the gRPC one.
package inference

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"model_server/internal/manager"
	"model_server/internal/metrics"
	"model_server/internal/model"
	"model_server/internal/pb"
)

// Core answers requests with the versions of its manager.
type Core struct {
	Manager         *manager.Manager
	CheckMethodName bool // --enable_signature_method_name_check
	TensorContent   bool // --enable_serialization_as_tensor_content
	inferences      atomic.Int64
}

// run is what an inference costs and risks before its result is computed: the model's latency and the faults that are on.
// The offset is to be added to the result's numbers.
func (c *Core) run(ctx context.Context, servable *manager.Servable) (offset float32, err error) {
	fault := servable.Faults.Now()
	if fault.Crash.On == "request" && c.inferences.Add(1) > int64(fault.Crash.After) {
		servable.Crash()
	}
	if fault.Hang.Draw() {
		if !hang(ctx, servable) {
			return 0, status.Error(codes.Canceled, "Cancelled")
		}
		fault = servable.Faults.Now()
	}
	if !sleep(ctx, servable.Model().Latency.Sample()+fault.Latency.Sample()) {
		if ctx.Err() == context.Canceled {
			return 0, status.Error(codes.Canceled, "Cancelled")
		}
		return 0, status.Error(codes.DeadlineExceeded, "Timed out waiting for notification")
	}
	return float32(fault.Wrong.Draw()), fault.Errors.Err()
}

// hang lasts until the fault is gone, past every deadline; false says that the client is gone.
func hang(ctx context.Context, servable *manager.Servable) bool {
	for servable.Faults.Now().Hang.Rate > 0 {
		time.Sleep(100 * time.Millisecond)
		if ctx.Err() == context.Canceled {
			return false
		}
	}
	return true
}

func sleep(ctx context.Context, duration time.Duration) bool {
	if duration <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func signatureName(spec *pb.ModelSpec) string {
	if spec.GetSignatureName() == "" {
		return model.DefaultSignature
	}
	return spec.SignatureName
}

// answered is the model spec of a response: what was asked for and the version that answered.
func answered(spec *pb.ModelSpec, version int64) *pb.ModelSpec {
	return &pb.ModelSpec{Name: spec.GetName(), SignatureName: signatureName(spec),
		VersionChoice: &pb.ModelSpec_Version{Version: wrapperspb.Int64(version)}}
}

// Record counts a request as the real server does: by status for all, by latency for those that succeeded.
func Record(modelName, api, entrypoint string, start time.Time, err error) {
	if err == nil {
		metrics.RequestLatency.Observe(float64(time.Since(start).Microseconds()), modelName, api, entrypoint)
	}
	metrics.RequestCount.Add(1, modelName, pb.Code_name[int32(status.Code(err))])
}
