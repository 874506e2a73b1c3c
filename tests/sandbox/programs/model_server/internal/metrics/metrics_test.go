package metrics

import (
	"strings"
	"testing"
)

func TestPageHasTheRealServersForm(t *testing.T) {
	RequestCount.cells, RequestLatency.cells = map[string]int64{}, map[string]*cell{}
	RequestCount.Add(2, `a"b\c`, "OK")
	RequestLatency.Observe(9, "mnist", "predict", "REST")
	RequestLatency.Observe(10, "mnist", "predict", "REST")
	RequestLatency.Observe(1234567.8, "mnist", "predict", "REST")
	page := Page()
	for _, line := range []string{
		"# TYPE :tensorflow:serving:request_count counter\n:tensorflow:serving:request_count{model_name=\"a\\\"b\\\\c\",status=\"OK\"} 2\n",
		"# TYPE :tensorflow:serving:request_latency histogram\n",
		`:tensorflow:serving:request_latency_bucket{model_name="mnist",API="predict",entrypoint="REST",le="10"} 1` + "\n",
		`:tensorflow:serving:request_latency_bucket{model_name="mnist",API="predict",entrypoint="REST",le="18"} 2` + "\n",
		`entrypoint="REST",le="188.957"} 2` + "\n",
		`entrypoint="REST",le="1.27482e+06"} 3` + "\n",
		`entrypoint="REST",le="1.47476e+09"} 3` + "\n",
		`entrypoint="REST",le="+Inf"} 3` + "\n",
		`:tensorflow:serving:request_latency_sum{model_name="mnist",API="predict",entrypoint="REST"} 1.23459e+06` + "\n",
		`:tensorflow:serving:request_latency_count{model_name="mnist",API="predict",entrypoint="REST"} 3` + "\n",
	} {
		if !strings.Contains(page, line) {
			t.Errorf("missing %q in\n%s", line, page)
		}
	}
	if buckets := strings.Count(page, "request_latency_bucket"); buckets != 34 {
		t.Errorf("%d buckets, want 33 and +Inf", buckets)
	}
}
