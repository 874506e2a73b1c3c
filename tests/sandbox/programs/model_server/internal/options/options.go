// Package options reads the command line of tensorflow_model_server.
package options

import (
	"errors"
	"fmt"
	"io"
	"runtime"
)

// Version is the release of TensorFlow Serving whose behaviour the double follows.
const Version = "2.20.0"

// ErrUsage says that the flags cannot be used; the usage text has been printed.
var ErrUsage = errors.New("the command line cannot be used")

// Options are the flags that have an effect. Flags of the real server that tune TensorFlow itself are accepted and ignored.
type Options struct {
	GRPCPort, RESTPort              int32
	GRPCSocketPath                  string
	RESTTimeoutMillis               int32
	CORS                            bool
	ModelName, ModelBasePath        string
	ModelConfigFile                 string
	ModelConfigPollSeconds          int32
	MaxLoadRetries                  int32
	LoadRetryMicros                 int64
	FileSystemPollSeconds           int32
	EnableBatching                  bool
	BatchingParametersFile          string
	AllowLabelsForUnavailable       bool
	MonitoringConfigFile            string
	GRPCChannelArguments            string
	GRPCHealthCheck                 bool
	SignatureMethodNameCheck        bool
	TensorContent                   bool
	SSLConfigFile                   string
	UseALTS                         bool
	ShowVersion                     bool
	Warmup                          bool
	WarmupIterations                int32
	restThreads, grpcThreads        int32
	loadThreads, unloadThreads      int32
	tflitePools, tfliteInterpreters int32
	sessionThreads                  int64
	intraThreads, interThreads      int64
	gpuFraction                     float32
	ignoredText                     string
	ignoredOn, ignoredOff           bool
}

// Parse reads args (without the program's name), as the real server does: an unknown argument is reported with the
// usage text on out, but does not stop the server; a value that cannot be read does (ErrUsage).
func Parse(program string, args []string, out io.Writer) (*Options, error) {
	threads := int32(4 * runtime.NumCPU())
	o := &Options{
		GRPCPort: 8500, RESTTimeoutMillis: 30000, ModelName: "default", MaxLoadRetries: 5,
		LoadRetryMicros: 60_000_000, FileSystemPollSeconds: 1, Warmup: true,
		restThreads: threads, grpcThreads: threads, tflitePools: int32(runtime.NumCPU()), tfliteInterpreters: 1,
		ignoredOn: true,
	}
	flags := o.flags()
	unknown, ok := flags.parse(args)
	if !ok {
		flags.printUsage(program, out)
		return nil, ErrUsage
	}
	if len(unknown) > 0 && !o.ShowVersion {
		fmt.Fprintf(out, "unknown argument: %s\n", unknown[0])
		flags.printUsage(program, out)
	}
	return o, nil
}

func (o *Options) flags() flagSet {
	var f flagSet
	f.int32("port", &o.GRPCPort, "TCP port for the gRPC API; 0 turns it off.")
	f.text("grpc_socket_path", &o.GRPCSocketPath, "UNIX socket for the gRPC API, beside or instead of the port.")
	f.int32("rest_api_port", &o.RESTPort, "Port for the HTTP/REST API; 0 turns it off. Not the same as --port.")
	f.int32("rest_api_num_threads", &o.restThreads, "Threads of the HTTP/REST API. Ignored here.")
	f.int32("rest_api_timeout_in_ms", &o.RESTTimeoutMillis, "Timeout of HTTP/REST calls.")
	f.bool("rest_api_enable_cors_support", &o.CORS, "Send CORS headers.")
	f.bool("enable_batching", &o.EnableBatching, "Batch requests.")
	f.bool("allow_version_labels_for_unavailable_models", &o.AllowLabelsForUnavailable, "Accept unused version labels for versions that are not available yet.")
	f.text("batching_parameters_file", &o.BatchingParametersFile, "File with a BatchingParameters message in text format.")
	f.bool("enable_per_model_batching_parameters", &o.ignoredOff, "Read batching_params.pbtxt of each model. Ignored here.")
	f.text("model_config_file", &o.ModelConfigFile, "File with a ModelServerConfig message in text format; --model_name and --model_base_path are then ignored.")
	f.int32("model_config_file_poll_wait_seconds", &o.ModelConfigPollSeconds, "Seconds between reads of --model_config_file; 0 reads it once.")
	f.text("model_name", &o.ModelName, "Name of the model.")
	f.text("model_base_path", &o.ModelBasePath, "Folder whose folders with a number for a name are the model's versions.")
	f.int32("num_load_threads", &o.loadThreads, "Threads that load models. Ignored here.")
	f.int32("num_unload_threads", &o.unloadThreads, "Threads that unload models. Ignored here.")
	f.int32("max_num_load_retries", &o.MaxLoadRetries, "How often a load is tried again after its first failure.")
	f.int64("load_retry_interval_micros", &o.LoadRetryMicros, "Microseconds between tries to load; negative does not wait.")
	f.int32("file_system_poll_wait_seconds", &o.FileSystemPollSeconds, "Seconds between looks for new versions; 0 looks once, negative never.")
	f.bool("flush_filesystem_caches", &o.ignoredOn, "Flush file system caches after loads. Ignored here.")
	f.int64("tensorflow_session_parallelism", &o.sessionThreads, "Threads of a TensorFlow session. Ignored here.")
	f.text("tensorflow_session_config_file", &o.ignoredText, "ConfigProto of the sessions. Ignored here.")
	f.int64("tensorflow_intra_op_parallelism", &o.intraThreads, "Threads inside an operation. Ignored here.")
	f.int64("tensorflow_inter_op_parallelism", &o.interThreads, "Operations at the same time. Ignored here.")
	f.bool("use_alts_credentials", &o.UseALTS, "Google ALTS. Refused here.")
	f.text("ssl_config_file", &o.SSLConfigFile, "SSLConfig of the gRPC port. Refused here: the mesh is what secures it.")
	f.text("platform_config_file", &o.ignoredText, "PlatformConfigMap. Ignored here.")
	f.float("per_process_gpu_memory_fraction", &o.gpuFraction, "Part of the GPU's memory. Ignored here.")
	f.text("saved_model_tags", &o.ignoredText, "Tags of the graph to load. Ignored here.")
	f.text("grpc_channel_arguments", &o.GRPCChannelArguments, "Comma-separated arguments of the gRPC server, such as grpc.max_connection_age_ms=2000.")
	f.int32("grpc_max_threads", &o.grpcThreads, "Threads of the gRPC API. Ignored here.")
	f.bool("enable_model_warmup", &o.Warmup, "Replay assets.extra/tf_serving_warmup_requests at load.")
	f.int32("num_request_iterations_for_warmup", &o.WarmupIterations, "Repetitions of each warm-up request.")
	f.bool("version", &o.ShowVersion, "Print the version and exit.")
	f.text("monitoring_config_file", &o.MonitoringConfigFile, "File with a MonitoringConfig message in text format.")
	f.bool("remove_unused_fields_from_bundle_metagraph", &o.ignoredOn, "Ignored here.")
	f.bool("prefer_tflite_model", &o.ignoredOff, "Ignored here.")
	f.int32("num_tflite_pools", &o.tflitePools, "Ignored here.")
	f.int32("num_tflite_interpreters_per_pool", &o.tfliteInterpreters, "Ignored here.")
	f.bool("enable_signature_method_name_check", &o.SignatureMethodNameCheck, "Check a signature's method name.")
	f.bool("xla_cpu_compilation_enabled", &o.ignoredOff, "Ignored here.")
	f.bool("xla_gpu_compilation_enabled", &o.ignoredOff, "Ignored here.")
	f.bool("enable_profiler", &o.ignoredOn, "Ignored here.")
	f.text("thread_pool_factory_config_file", &o.ignoredText, "Ignored here.")
	f.text("mixed_precision", &o.ignoredText, "Ignored here.")
	f.bool("skip_initialize_tpu", &o.ignoredOff, "Ignored here.")
	f.bool("enable_grpc_healthcheck_service", &o.GRPCHealthCheck, "Serve grpc.health.v1.Health, which always says SERVING.")
	f.bool("enable_serialization_as_tensor_content", &o.TensorContent, "Answer Predict with tensor_content.")
	return f
}
