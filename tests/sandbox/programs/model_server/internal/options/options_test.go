package options

import (
	"errors"
	"strings"
	"testing"
)

func TestFlagsAreReadAsTensorFlowReadsThem(t *testing.T) {
	var out strings.Builder
	o, err := Parse("tensorflow_model_server", []string{"--port=9000", "--rest_api_port=8500", "--enable_batching",
		"--enable_model_warmup=false", "--load_retry_interval_micros=-1", "--model_name=mnist"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	if o.GRPCPort != 9000 || o.RESTPort != 8500 || !o.EnableBatching || o.Warmup || o.LoadRetryMicros != -1 || o.ModelName != "mnist" {
		t.Errorf("%+v", o)
	}
	if o.RESTTimeoutMillis != 30000 || o.MaxLoadRetries != 5 || o.FileSystemPollSeconds != 1 {
		t.Errorf("defaults: %+v", o)
	}
	if out.Len() > 0 {
		t.Errorf("printed %q", out.String())
	}
}

func TestUnknownArgumentsAreReportedAndDoNotStopTheServer(t *testing.T) {
	for _, args := range [][]string{{"--model_nam=mnist"}, {"--port", "9000"}, {"--model_name"}} {
		var out strings.Builder
		o, err := Parse("tensorflow_model_server", args, &out)
		if err != nil || o.GRPCPort != 8500 || o.ModelName != "default" {
			t.Errorf("%v: %v %+v", args, err, o)
		}
		if !strings.HasPrefix(out.String(), "unknown argument: "+args[0]+"\nusage: tensorflow_model_server\nFlags:\n") {
			t.Errorf("%v: printed %q", args, out.String())
		}
	}
}

func TestUnreadableValuesAndHelpStopTheServer(t *testing.T) {
	for _, args := range [][]string{{"--port=x"}, {"--enable_batching=yes"}, {"--load_retry_interval_micros=1.5"}, {"--help"}} {
		var out strings.Builder
		if _, err := Parse("tensorflow_model_server", args, &out); !errors.Is(err, ErrUsage) {
			t.Errorf("%v: %v", args, err)
		}
		if !strings.HasPrefix(out.String(), "usage: ") {
			t.Errorf("%v: printed %q", args, out.String())
		}
	}
}
