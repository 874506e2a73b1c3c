// Package server puts the parts together in the real server's order: models first, then the ports.
package server

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/inference"
	"model_server/internal/logging"
	"model_server/internal/manager"
	"model_server/internal/model"
	"model_server/internal/options"
	"model_server/internal/pb"
	"model_server/internal/rest"
	"model_server/internal/rpc"
)

const (
	serverFile         = "model_servers/server.cc:"
	defaultMetricsPath = "/monitoring/prometheus/metrics"

	// BucketsEnv names the folder that stands in for gs:// and s3://.
	BucketsEnv = "MODEL_SERVER_BUCKETS"
)

// Run serves until the process ends; it returns only what keeps the server from starting.
func Run(o *options.Options) error {
	config, err := checkOptions(o)
	if err != nil {
		return err
	}
	var warmup func(*model.Model, string) error
	if o.Warmup {
		warmup = func(m *model.Model, folder string) error { return inference.Warmup(m, folder, int(o.WarmupIterations)) }
	}
	models := manager.New(manager.LoadOptions{
		PollInterval:              time.Duration(o.FileSystemPollSeconds) * time.Second,
		MaxRetries:                int(o.MaxLoadRetries),
		RetryInterval:             time.Duration(o.LoadRetryMicros) * time.Microsecond,
		AllowLabelsForUnavailable: o.AllowLabelsForUnavailable,
		Buckets:                   os.Getenv(BucketsEnv),
		Warmup:                    warmup,
	})
	core := &inference.Core{Manager: models, CheckMethodName: o.SignatureMethodNameCheck, TensorContent: o.TensorContent}
	if err := serveFaults(models); err != nil {
		return err
	}
	if err := models.Reload(config); err != nil {
		return err
	}
	if o.ModelConfigPollSeconds > 0 && o.ModelConfigFile != "" {
		go pollConfig(models, o)
	}
	if err := serveGRPC(core, o); err != nil {
		return err
	}
	if err := serveREST(core, o); err != nil {
		return err
	}
	select {}
}

func checkOptions(o *options.Options) (*pb.ModelServerConfig, error) {
	switch {
	case o.GRPCPort == 0 && o.GRPCSocketPath == "":
		return nil, status.Error(codes.InvalidArgument, "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.")
	case o.ModelBasePath == "" && o.ModelConfigFile == "":
		return nil, status.Error(codes.InvalidArgument, "Both server_options.model_base_path and server_options.model_config_file are empty!")
	case o.UseALTS || o.SSLConfigFile != "":
		return nil, status.Error(codes.Unimplemented, "The double has no transport security of its own: leave --ssl_config_file and --use_alts_credentials away.")
	case !o.EnableBatching && o.BatchingParametersFile != "":
		return nil, status.Error(codes.InvalidArgument, "server_options.batching_parameters_file is set without setting server_options.enable_batching to true.")
	}
	if o.BatchingParametersFile != "" {
		if err := readText(o.BatchingParametersFile, &pb.BatchingParameters{}); err != nil {
			return nil, err
		}
	}
	if o.ModelConfigFile == "" {
		return manager.SingleModel(o.ModelName, o.ModelBasePath), nil
	}
	config := &pb.ModelServerConfig{}
	return config, readText(o.ModelConfigFile, config)
}

func pollConfig(models *manager.Manager, o *options.Options) {
	for {
		time.Sleep(time.Duration(o.ModelConfigPollSeconds) * time.Second)
		config := &pb.ModelServerConfig{}
		if err := readText(o.ModelConfigFile, config); err != nil {
			logging.Error(serverFile+"183", "Failed to read ModelServerConfig file: %s", status.Convert(err).Message())
		} else if err := models.Reload(config); err != nil {
			logging.Error(serverFile+"190", "PollFilesystemAndReloadConfig failed to ReloadConfig: %s", status.Convert(err).Message())
		}
	}
}

func serveGRPC(core *inference.Core, o *options.Options) error {
	server := rpc.NewServer(core, rpc.Options{ChannelArguments: o.GRPCChannelArguments, Health: o.GRPCHealthCheck,
		ReportVersion: rest.ReportVersionFromEnv()})
	listen := func(network, address string) error {
		listener, err := net.Listen(network, address)
		if err != nil {
			logging.Error(serverFile+"424", "%v", err)
			return status.Error(codes.InvalidArgument, "Failed to BuildAndStart gRPC server")
		}
		go server.Serve(listener)
		return nil
	}
	if o.GRPCPort != 0 {
		address := fmt.Sprintf("0.0.0.0:%d", o.GRPCPort)
		if err := listen("tcp4", address); err != nil {
			return err
		}
		logging.Info(serverFile+"430", "Running gRPC ModelServer at %s ...", address)
	}
	if o.GRPCSocketPath != "" {
		os.Remove(o.GRPCSocketPath)
		if err := listen("unix", o.GRPCSocketPath); err != nil {
			return err
		}
		logging.Info(serverFile+"433", "Running gRPC ModelServer at UNIX socket %s ...", o.GRPCSocketPath)
	}
	return nil
}

func serveREST(core *inference.Core, o *options.Options) error {
	if o.RESTPort == 0 {
		return nil
	}
	if o.RESTPort == o.GRPCPort {
		logging.Error(serverFile+"457", "server_options.http_port cannot be same as grpc_port. "+
			"Please use a different port for HTTP/REST API. Skipped exporting HTTP/REST API.")
		return nil
	}
	monitoring := &pb.MonitoringConfig{}
	if o.MonitoringConfigFile != "" {
		if err := readText(o.MonitoringConfigFile, monitoring); err != nil {
			return err
		}
	}
	handler := &rest.Handler{Core: core, Timeout: time.Duration(o.RESTTimeoutMillis) * time.Millisecond, CORS: o.CORS,
		ReportVersion: rest.ReportVersionFromEnv()}
	if prometheus := monitoring.GetPrometheusConfig(); prometheus.GetEnable() {
		handler.MetricsPath = defaultMetricsPath
		if prometheus.Path != "" {
			handler.MetricsPath = prometheus.Path
		}
	}
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", o.RESTPort))
	if err != nil {
		logging.Error(serverFile+"454", "Failed to start HTTP Server at localhost:%d", o.RESTPort)
		return nil
	}
	go (&http.Server{Handler: handler}).Serve(listener)
	logging.Info(serverFile+"451", "Exporting HTTP/REST API at:localhost:%d ...", o.RESTPort)
	return nil
}
