package rest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/prototext"

	"model_server/internal/inference"
	"model_server/internal/manager"
	"model_server/internal/pb"
)

// newHandler serves half (half_plus_two at versions 1 and 2, label stable on 1), bytes (identity of strings) and mnist.
func newHandler(t testing.TB) *Handler {
	t.Helper()
	base := t.TempDir()
	config := ""
	for name, description := range map[string]string{
		"half/1": `{"kind": "half_plus_two"}`, "half/2": `{"kind": "linear", "weight": 0.3, "bias": 10}`,
		"bytes/1": `{"kind": "identity", "type": "DT_STRING"}`, "mnist/1": `{"kind": "mnist", "bias": 4}`,
	} {
		folder := filepath.Join(base, name)
		os.MkdirAll(folder, 0o755)
		if err := os.WriteFile(filepath.Join(folder, "model.json"), []byte(description), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"half", "bytes", "mnist"} {
		config += `config { name: "` + name + `" base_path: "` + base + "/" + name + `" model_platform: "tensorflow" model_version_policy { all {} } version_labels { key: "stable" value: 1 } } `
	}
	parsed := &pb.ModelServerConfig{}
	if err := prototext.Unmarshal([]byte("model_config_list { "+config+" }"), parsed); err != nil {
		t.Fatal(err)
	}
	models := manager.New(manager.LoadOptions{PollInterval: 10 * time.Millisecond, AllowLabelsForUnavailable: true})
	if err := models.Reload(parsed); err != nil {
		t.Fatal(err)
	}
	for models.States("half")[1].State != pb.ModelVersionStatus_AVAILABLE || models.States("half")[2].State != pb.ModelVersionStatus_AVAILABLE {
		time.Sleep(time.Millisecond)
	}
	return &Handler{Core: &inference.Core{Manager: models}, Timeout: 100 * time.Millisecond, MetricsPath: "/metrics"}
}

func ask(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(method, path, strings.NewReader(body)))
	return answer
}

const rowOfHalf = "{\n    \"predictions\": [10.3, 10.6, 11.5\n    ]\n}"

func TestAnswersToTheLetter(t *testing.T) {
	h := newHandler(t)
	for _, c := range []struct{ path, body, want string }{
		{"/v1/models/half:predict", `{"instances": [1, 2.0, 5]}`, rowOfHalf},
		{"/V1/MODELS/half/versions/2:predict", `{"instances": [1, 2.0, 5]} and more`, rowOfHalf},
		{"/v1/models/half/labels/stable:predict", `{"inputs": {"x": [[1], [2]]}, "signature_name": "serving_default"}`,
			"{\n    \"outputs\": [\n        [\n            2.5\n        ],\n        [\n            3.0\n        ]\n    ]\n}"},
		{"/v1/models/h%61lf/versions/1:predict", `{"instances": [{"x": [1e30, NaN, -Infinity]}]}`,
			"{\n    \"predictions\": [[5e+29, NaN, -Infinity]\n    ]\n}"},
		{"/v1/models/half/versions/1:predict", `{"instances": [0.1, 12345678]}`, "{\n    \"predictions\": [2.05, 6172841.0\n    ]\n}"},
		{"/v1/models/bytes:predict", `{"instances": [{"b64": "AAEC"}, "é\"\u0001"]}`,
			"{\n    \"predictions\": [{\n            \"b64\": \"AAEC\"\n        }, {\n            \"b64\": \"w6kiAQ==\"\n        }\n    ]\n}"},
		{"/v1/models/half/versions/1:classify", `{"signature_name": "classify_x_to_y", "context": {"x": 4.0}, "examples": [{"x": [1.0]}, {}]}`,
			"{\n    \"results\": [[[\"\", 2.5]], [[\"\", 4.0]]\n    ]\n}"},
		{"/v1/models/half/versions/1:regress", `{"signature_name": "regress_x_to_y", "examples": [{"x": 1.0}]}`, "{\n    \"results\": [2.5]\n}"},
	} {
		answer := ask(h, "POST", c.path, c.body)
		if answer.Code != 200 || answer.Body.String() != c.want {
			t.Errorf("%s %s: %d\n%s\nwant\n%s", c.path, c.body, answer.Code, answer.Body, c.want)
		}
	}
}

func TestSeveralOutputsAreObjects(t *testing.T) {
	body := `{"instances": [[` + strings.Repeat("0,", 783) + `0]]}`
	want := "{\n    \"predictions\": [\n        {\n            \"classes\": 0,\n            \"predictions\": [4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0]\n        }\n    ]\n}"
	if answer := ask(newHandler(t), "POST", "/v1/models/mnist:predict", body); answer.Body.String() != want {
		t.Errorf("%s\nwant\n%s", answer.Body, want)
	}
}

func TestErrorsToTheLetter(t *testing.T) {
	h := newHandler(t)
	element := "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
	for _, c := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"POST", "/v1/models/other:predict", `{"instances": [1]}`, 404, "Servable not found for request: Latest(other)"},
		{"POST", "/v1/models/half/versions/3:predict", `{"instances": [1]}`, 404, "Servable not found for request: Specific(half, 3)"},
		{"POST", "/v1/models/half/labels/canary:predict", `{"instances": [1]}`, 400, "Unrecognized servable version label: canary"},
		{"POST", "/v1/models/half/versions/99999999999999999999:predict", "{}", 400, "Failed to convert version: 99999999999999999999 to numeric."},
		{"POST", "/v1/models/half:PREDICT", "{}", 400, "Malformed request: POST /v1/models/half:PREDICT"},
		{"POST", "/v1/models/half:predict?a=b", "{}", 400, "Malformed request: POST /v1/models/half:predict?a=b"},
		{"GET", "/v1/models/half:predict", "", 400, "Malformed request: GET /v1/models/half:predict"},
		{"PUT", "/v1/models/half", "", 400, "Malformed request: PUT /v1/models/half"},
		{"GET", "/v1/models", "", 400, "Missing model name in request."},
		{"GET", "/v1/models/half?a=b", "", 404, "Could not find any versions of model half?a=b"},
		{"GET", "/v1/models/half/versions/7", "", 404, "Could not find version 7 of model half"},
		{"GET", "/v1/models/half/versions/7/metadata", "", 404, "Servable not found for request: Specific(half, 7)"},
		{"POST", "/v1/models/half:predict", "", 400, "JSON Parse error: The document is empty"},
		{"POST", "/v1/models/half:predict", "{", 400, "JSON Parse error: Missing a name for object member. at offset: 1"},
		{"POST", "/v1/models/half:predict", `{"instances": [1}`, 400, "JSON Parse error: Missing a comma or ] after an array element. at offset: 16"},
		{"POST", "/v1/models/half:predict", "[1, 2]", 400, "JSON Value: [1, 2] Is not object"},
		{"POST", "/v1/models/half:predict", "{}", 400, "Missing 'inputs' or 'instances' key"},
		{"POST", "/v1/models/half:predict", `{"instances": []}`, 400, "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array"},
		{"POST", "/v1/models/half:predict", `{"instances": 1}`, 400, "JSON Value: {\n    \"instances\": 1\n} Expecting 'instances' to be an list/array"},
		{"POST", "/v1/models/half:predict", `{"signature_name": "x", "instances": [1]}`, 400, "Serving signature name: \"x\" not found in signature def"},
		{"POST", "/v1/models/half:predict", `{"instances": ["a"]}`, 400, element + "JSON Value: \"a\" Type: String is not of expected type: float"},
		{"POST", "/v1/models/half:predict", `{"instances": [[1], [1, 2]]}`, 400, strings.Replace(element, "0", "1", 1) + "Expecting tensor size: 1 but got: 2"},
		{"POST", "/v1/models/half:predict", `{"instances": [[[1, 2], [3]]]}`, 400, element + "Encountered list at unexpected size: 1 at level: 1 expected size: 2"},
		{"POST", "/v1/models/half:predict", `{"instances": [{"y": 1}]}`, 400, "Failed to process element: 0 key: y of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have named input: y"},
		{"POST", "/v1/models/half:predict", `{"inputs": {"y": 1}}`, 400, "Missing named input: x in 'inputs' object."},
		{"POST", "/v1/models/bytes:predict", `{"instances": [{"b64": "?"}]}`, 400, element + "Unable to base64 decode"},
		{"POST", "/v1/models/half:classify", `{"signature_name": "none", "examples": [{"x": 1.0}]}`, 400, "No signature was found with the name: none"},
		{"POST", "/v1/models/half:regress", `{"examples": [{"x": [1.0, "a"]}]}`, 400, "Unexpected element type in feature: x expecting type: float"},
	} {
		answer := ask(h, c.method, c.path, c.body)
		w := &writer{}
		w.open('{')
		w.string("error")
		w.string(c.want)
		w.close()
		if answer.Code != c.code || answer.Body.String() != string(w.text) || answer.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %s: %d\n%s\nwant %d\n%s", c.method, c.path, c.body, answer.Code, answer.Body, c.code, w.text)
		}
	}
}

func TestOtherPathsAreTheHTTPLibrarysOwnPage(t *testing.T) {
	answer := ask(newHandler(t), "GET", "/healthz", "")
	if answer.Code != 404 || answer.Header().Get("Content-Type") != "text/html" || !strings.Contains(answer.Body.String(), "<H1>Not Found</H1>") {
		t.Error(answer.Code, answer.Header(), answer.Body)
	}
}

func TestStatusAndMetadata(t *testing.T) {
	h := newHandler(t)
	one := "{\n \"model_version_status\": [\n  {\n   \"version\": \"1\",\n   \"state\": \"AVAILABLE\",\n   \"status\": {\n    \"error_code\": \"OK\",\n    \"error_message\": \"\"\n   }\n  }\n ]\n}\n"
	if answer := ask(h, "GET", "/v1/models/half/versions/1", ""); answer.Code != 200 || answer.Body.String() != one {
		t.Error(answer.Code, answer.Body)
	}
	if answer := ask(h, "GET", "/v1/models/half/labels/stable", ""); strings.Count(answer.Body.String(), "AVAILABLE") != 2 {
		t.Error("a label shows all versions:", answer.Body)
	}
	answer := ask(h, "GET", "/v1/models/half/versions/2/metadata", "").Body.String()
	for _, want := range []string{`"version": "2"`, "\"metadata\": {\"signature_def\": {\n \"signature_def\": {", `"dtype": "DT_FLOAT"`, `"size": "-1"`, `"method_name": "tensorflow/serving/predict"`} {
		if !strings.Contains(answer, want) {
			t.Errorf("no %s in %s", want, answer)
		}
	}
}

func TestFaults(t *testing.T) {
	h := newHandler(t)
	source := h.Core.Manager.FaultsOf(manager.ID{Name: "half", Version: 2})
	for _, c := range []struct {
		faults string
		code   int
		want   string
	}{
		{`{"errors": {"rate": 1, "code": "RESOURCE_EXHAUSTED"}}`, 429, "injected fault"},
		{`{"errors": {"rate": 1, "message": "broken"}}`, 500, "broken"},
		{`{"wrong": {"rate": 1, "offset": 1000}}`, 200, "1010.3"},
		{`{"latency": {"base_ms": 5000}}`, 504, "Timed out waiting for notification"},
		{`{}`, 200, "10.3"},
	} {
		source.Set(parseFaults(t, c.faults))
		answer := ask(h, "POST", "/v1/models/half:predict", `{"instances": [1]}`)
		if answer.Code != c.code || !strings.Contains(answer.Body.String(), c.want) {
			t.Errorf("%s: %d %s", c.faults, answer.Code, answer.Body)
		}
	}
	source.Set(parseFaults(t, `{"hang": {"rate": 1}}`))
	done := make(chan int, 1)
	go func() { done <- ask(h, "POST", "/v1/models/half:predict", `{"instances": [1]}`).Code }()
	select {
	case code := <-done:
		t.Fatal("did not hang past the time-out:", code)
	case <-time.After(3 * h.Timeout):
	}
	source.Set(nil)
	if code := <-done; code != 504 {
		t.Error(code)
	}
}

func TestVersionHeaderOnlyWhereAskedFor(t *testing.T) {
	h := newHandler(t)
	if got := ask(h, "POST", "/v1/models/half:predict", `{"instances": [1]}`).Header().Get("x-served-by"); got != "" {
		t.Error(got)
	}
	h.ReportVersion = true
	if got := ask(h, "POST", "/v1/models/half:predict", `{"instances": [1]}`).Header().Get("x-served-by"); got != "half/2" {
		t.Error(got)
	}
}

func TestRequestsAreCounted(t *testing.T) {
	h := newHandler(t)
	name := fmt.Sprintf("counted%d", time.Now().UnixNano())
	ask(h, "POST", "/v1/models/"+name+":predict", `{"instances": [1]}`)
	line := `:tensorflow:serving:request_count{model_name="` + name + `",status="NOT_FOUND"} 1` + "\n"
	if !strings.Contains(ask(h, "GET", "/metrics", "").Body.String(), line) {
		t.Error("not counted:", line)
	}
	if answer := ask(h, "GET", "/metrics?x", ""); answer.Code != 400 || answer.Body.String() != "Unexpected path: /metrics?x. Should be /metrics" {
		t.Error(answer.Code, answer.Body)
	}
}
