// Package rpc is TensorFlow Serving's gRPC API.
package rpc

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"model_server/internal/inference"
	"model_server/internal/logging"
	"model_server/internal/metrics"
	"model_server/internal/pb"
)

// Options are those of the gRPC server.
type Options struct {
	ChannelArguments string
	Health           bool
	ReportVersion    bool // header x-served-by: MODEL/VERSION, which the real server lacks
}

// NewServer makes a server that answers with core.
func NewServer(core *inference.Core, o Options) *grpc.Server {
	server := grpc.NewServer(append(channelArguments(o.ChannelArguments),
		grpc.MaxRecvMsgSize(math.MaxInt32), grpc.MaxSendMsgSize(math.MaxInt32), grpc.SharedWriteBuffer(true))...)
	pb.RegisterPredictionServiceServer(server, &prediction{core, o.ReportVersion})
	pb.RegisterModelServiceServer(server, &models{core})
	if o.Health {
		service := health.NewServer()
		for _, name := range []string{"ModelService", "PredictionService"} {
			service.SetServingStatus(name, healthpb.HealthCheckResponse_SERVING)
		}
		healthpb.RegisterHealthServer(server, service)
	}
	return server
}

// channelArguments understands what limits connections; what else gRPC's C++ library knows has no effect here.
func channelArguments(text string) []grpc.ServerOption {
	var limits keepalive.ServerParameters
	var options []grpc.ServerOption
	for _, argument := range strings.Split(text, ",") {
		key, value, _ := strings.Cut(argument, "=")
		number, err := strconv.Atoi(value)
		if err != nil {
			continue
		}
		millis := time.Duration(number) * time.Millisecond
		switch key {
		case "grpc.max_connection_age_ms":
			limits.MaxConnectionAge = millis
		case "grpc.max_connection_age_grace_ms":
			limits.MaxConnectionAgeGrace = millis
		case "grpc.max_connection_idle_ms":
			limits.MaxConnectionIdle = millis
		case "grpc.max_concurrent_streams":
			options = append(options, grpc.MaxConcurrentStreams(uint32(number)))
		}
	}
	return append(options, grpc.KeepaliveParams(limits))
}

const messageLimit = 1024 // bytes of an error's message

func truncated(err error) error {
	if s := status.Convert(err); len(s.Message()) > messageLimit {
		return status.Error(s.Code(), s.Message()[:messageLimit]+"...TRUNCATED")
	}
	return err
}

type prediction struct {
	core          *inference.Core
	reportVersion bool
}

// counted answers an inference, counts it and reports the version where that is switched on.
func counted[Response interface{ GetModelSpec() *pb.ModelSpec }](p *prediction, ctx context.Context, spec *pb.ModelSpec, api string,
	answer func() (Response, error)) (Response, error) {
	start := time.Now()
	response, err := answer()
	inference.Record(spec.GetName(), api, "GRPC", start, err)
	if err == nil && p.reportVersion {
		served := response.GetModelSpec()
		grpc.SetHeader(ctx, metadata.Pairs("x-served-by", fmt.Sprintf("%s/%d", served.Name, served.GetVersion().GetValue())))
	}
	return response, truncated(err)
}

func (p *prediction) Predict(ctx context.Context, r *pb.PredictRequest) (*pb.PredictResponse, error) {
	return counted(p, ctx, r.GetModelSpec(), "Predict", func() (*pb.PredictResponse, error) { return p.core.Predict(ctx, r) })
}

func (p *prediction) Classify(ctx context.Context, r *pb.ClassificationRequest) (*pb.ClassificationResponse, error) {
	return counted(p, ctx, r.GetModelSpec(), "Classify", func() (*pb.ClassificationResponse, error) { return p.core.Classify(ctx, r) })
}

func (p *prediction) Regress(ctx context.Context, r *pb.RegressionRequest) (*pb.RegressionResponse, error) {
	return counted(p, ctx, r.GetModelSpec(), "Regress", func() (*pb.RegressionResponse, error) { return p.core.Regress(ctx, r) })
}

// MultiInference and GetModelMetadata are not counted by the real server either.
func (p *prediction) MultiInference(ctx context.Context, r *pb.MultiInferenceRequest) (*pb.MultiInferenceResponse, error) {
	response, err := p.core.MultiInference(ctx, r)
	return response, truncated(err)
}

func (p *prediction) GetModelMetadata(_ context.Context, r *pb.GetModelMetadataRequest) (*pb.GetModelMetadataResponse, error) {
	response, err := p.core.Metadata(r)
	return response, truncated(err)
}

type models struct{ core *inference.Core }

func (m *models) GetModelStatus(_ context.Context, r *pb.GetModelStatusRequest) (*pb.GetModelStatusResponse, error) {
	response, err := m.core.ModelStatus(r)
	return response, truncated(err)
}

// HandleReloadConfigRequest answers when the models that are new in the configuration are available or have failed.
func (m *models) HandleReloadConfigRequest(_ context.Context, r *pb.ReloadConfigRequest) (*pb.ReloadConfigResponse, error) {
	before := metrics.Totals(r.GetMetricNames())
	var err error
	if list := r.GetConfig().GetModelConfigList(); list != nil {
		for i, config := range list.Config {
			logging.Info("model_servers/model_service_impl.cc:57", "\nConfig entry\n\tindex : %d\n\tpath : %s\n\tname : %s\n\tplatform : %s",
				i, config.BasePath, config.Name, config.ModelPlatform)
		}
		err = m.core.Manager.Reload(r.Config)
	} else {
		err = status.Error(codes.InvalidArgument, "ServerModelConfig type not supported by HandleReloadConfigRequest. "+
			"Only ModelConfigList is currently supported")
	}
	if err != nil {
		logging.Error("model_servers/model_service_impl.cc:75", "ReloadConfig failed: %s", status.Convert(err).Message())
		return nil, truncated(err)
	}
	response := &pb.ReloadConfigResponse{Status: inference.StatusProto(nil)}
	for name, after := range metrics.Totals(r.GetMetricNames()) {
		response.Metric = append(response.Metric, &pb.Metric{Name: name,
			ValueIncrease: &pb.Metric_Int64ValueIncrease{Int64ValueIncrease: after - before[name]}})
	}
	return response, nil
}
