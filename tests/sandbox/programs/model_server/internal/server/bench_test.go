package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"model_server/internal/inference"
	"model_server/internal/manager"
	"model_server/internal/model"
	"model_server/internal/options"
	"model_server/internal/pb"
)

// serve starts both APIs on free ports with half_plus_two as model mnist.
func serve(t testing.TB) (restURL, grpcAddress string) {
	t.Helper()
	base := t.TempDir()
	os.MkdirAll(filepath.Join(base, "1"), 0o755)
	if err := os.WriteFile(filepath.Join(base, "1", model.DescriptionFile), []byte(`{"kind": "half_plus_two"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	models := manager.New(manager.LoadOptions{PollInterval: time.Second})
	if err := models.Reload(manager.SingleModel("mnist", base)); err != nil {
		t.Fatal(err)
	}
	core := &inference.Core{Manager: models}
	o := &options.Options{GRPCPort: freePort(t), RESTPort: freePort(t), RESTTimeoutMillis: 30000, GRPCHealthCheck: true}
	if err := serveGRPC(core, o); err != nil {
		t.Fatal(err)
	}
	if err := serveREST(core, o); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d", o.RESTPort), fmt.Sprintf("127.0.0.1:%d", o.GRPCPort)
}

func freePort(t testing.TB) int32 {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return int32(listener.Addr().(*net.TCPAddr).Port)
}

// The benchmarks keep client and server on one core:
//
//	taskset -c 0 go test -run '^$' -bench . -cpu 1 ./internal/server
func BenchmarkREST(b *testing.B) {
	url, _ := serve(b)
	body := []byte(`{"instances": [1.0, 2.0, 5.0]}`)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			answer, err := http.Post(url+"/v1/models/mnist:predict", "application/json", bytes.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

func TestAThousandRequestsASecondOnOneCore(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for name, ask := range map[string]func(*testing.B){"REST": BenchmarkREST, "gRPC": BenchmarkGRPC} {
		begun := processorTime(t)
		result := testing.Benchmark(ask) // asks in rounds: these are the requests of the last one
		rate := float64(result.N) / (processorTime(t) - begun).Seconds()
		t.Logf("%s: at least %.0f requests for each second of a core, client and server", name, rate)
		if rate < 1000 {
			t.Errorf("%s: %.0f requests a second", name, rate)
		}
	}
}

// processorTime is what this process has had of the cores: what others have of them is no matter.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func BenchmarkGRPC(b *testing.B) {
	_, address := serve(b)
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	defer connection.Close()
	client := pb.NewPredictionServiceClient(connection)
	request := &pb.PredictRequest{ModelSpec: &pb.ModelSpec{Name: "mnist"}, Inputs: map[string]*pb.TensorProto{
		"x": {Dtype: pb.DataType_DT_FLOAT, TensorShape: model.Shape(3), FloatVal: []float32{1, 2, 5}}}}
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := client.Predict(context.Background(), request); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}
