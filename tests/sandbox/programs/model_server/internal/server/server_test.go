package server

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"model_server/internal/options"
)

func TestHealthServiceAlwaysSaysServing(t *testing.T) {
	_, address := serve(t)
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	for _, service := range []string{"", "PredictionService", "ModelService"} {
		answer, err := healthpb.NewHealthClient(connection).Check(context.Background(), &healthpb.HealthCheckRequest{Service: service})
		if err != nil || answer.Status != healthpb.HealthCheckResponse_SERVING {
			t.Error(service, answer, err)
		}
	}
}

func TestOptionsThatKeepTheServerFromStarting(t *testing.T) {
	folder := t.TempDir()
	broken := filepath.Join(folder, "broken")
	if err := os.WriteFile(broken, []byte("max_batch_sizes { value: 1 }"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]options.Options{
		"At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.":               {ModelBasePath: folder},
		"Both server_options.model_base_path and server_options.model_config_file are empty!":                    {GRPCPort: 1},
		"server_options.batching_parameters_file is set without setting server_options.enable_batching to true.": {GRPCPort: 1, ModelBasePath: folder, BatchingParametersFile: broken},
		"Invalid protobuf file: '" + broken + "'":                                                                {GRPCPort: 1, ModelConfigFile: broken},
		"Expected model m to have an absolute path or URI; got base_path()=relative":                             {GRPCPort: 1, ModelName: "m", ModelBasePath: "relative"},
		folder + "/none; No such file or directory":                                                              {GRPCPort: 1, ModelConfigFile: folder + "/none"},
	} {
		if err := Run(&o); status.Convert(err).Message() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
