// Package rest is TensorFlow Serving's HTTP/REST API.
package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"model_server/internal/inference"
	"model_server/internal/metrics"
	"model_server/internal/model"
	"model_server/internal/pb"
)

// Handler answers the API's paths and, where MetricsPath is set, Prometheus.
type Handler struct {
	Core        *inference.Core
	Timeout     time.Duration // of an inference; 0 has none
	CORS        bool
	MetricsPath string
	// ReportVersion adds x-served-by: MODEL/VERSION to inferences, which the real server does not.
	ReportVersion bool
}

// ReportVersionEnv switches the header x-served-by on.
const ReportVersionEnv = "MODEL_SERVER_REPORT_VERSION"

// ReportVersionFromEnv says whether the environment asks for the header x-served-by.
func ReportVersionFromEnv() bool { return os.Getenv(ReportVersionEnv) != "" }

var origin = regexp.MustCompile(`https?://`)

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	switch {
	case h.MetricsPath != "" && path == h.MetricsPath:
		h.serveMetrics(w, r)
	case anyPath.MatchString(r.RequestURI):
		h.serveAPI(w, r)
	default:
		notFound(w)
	}
}

// notFound is the page of the real server's HTTP library.
func notFound(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Connection", "close")
	w.WriteHeader(http.StatusNotFound)
	io.WriteString(w, "<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n</BODY></HTML>\n")
}

func (h *Handler) serveMetrics(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	if r.RequestURI != h.MetricsPath {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "Unexpected path: %s. Should be %s", r.RequestURI, h.MetricsPath)
		return
	}
	io.WriteString(w, metrics.Page())
}

func (h *Handler) serveAPI(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	name, verb := "", ""
	var answer []byte
	if r.Method == http.MethodOptions {
		if !origin.MatchString(r.Header.Get("Origin")) {
			err = status.Error(codes.FailedPrecondition, "Origin header is missing in CORS preflight")
		}
	} else {
		w.Header().Set("Content-Type", "application/json")
		var to *route
		if to, err = parseRoute(r.Method, r.RequestURI); to != nil {
			name = to.spec.Name
			if r.Method == http.MethodPost {
				verb = to.verb
			}
			answer, err = h.answer(r.Context(), w.Header(), to, body)
		} else if err == nil {
			err = invalid("Malformed request: %s %s", r.Method, r.RequestURI)
		}
		if err != nil {
			answer = errorBody(err)
		}
	}
	if h.CORS {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Methods", "POST, GET")
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
	}
	inference.Record(name, verb, "REST", start, err)
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	w.WriteHeader(httpStatus(err))
	w.Write(answer)
}

func errorBody(err error) []byte {
	w := &writer{}
	w.open('{')
	w.string("error")
	w.string(status.Convert(err).Message())
	w.close()
	return w.text
}

func (h *Handler) answer(ctx context.Context, header http.Header, to *route, body []byte) ([]byte, error) {
	if h.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, h.Timeout)
		defer cancel()
		ctx = limited
	}
	switch to.verb {
	case "predict":
		return h.predict(ctx, header, to.spec, body)
	case "classify", "regress":
		return h.examples(ctx, header, to, body)
	}
	if to.spec.Name == "" {
		return nil, invalid("Missing model name in request.")
	}
	if to.verb == "metadata" {
		return h.metadata(to.spec)
	}
	response, err := h.Core.ModelStatus(&pb.GetModelStatusRequest{ModelSpec: to.spec})
	if err != nil {
		return nil, err
	}
	return protoJSON(response, false)
}

func (h *Handler) served(header http.Header, spec *pb.ModelSpec) {
	if h.ReportVersion {
		header.Set("x-served-by", fmt.Sprintf("%s/%d", spec.Name, spec.GetVersion().GetValue()))
	}
}

func (h *Handler) predict(ctx context.Context, header http.Header, spec *pb.ModelSpec, body []byte) ([]byte, error) {
	request := &pb.PredictRequest{ModelSpec: spec}
	document, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	if err := readSignature(document, spec); err != nil {
		return nil, err
	}
	inputs, err := h.inputsOf(spec)
	if err != nil {
		return nil, err
	}
	instances, columns := document.member("instances"), document.member("inputs")
	switch {
	case instances != nil && columns != nil:
		return nil, formatError(document, "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ")
	case instances == nil && columns == nil:
		return nil, invalid("Missing 'inputs' or 'instances' key")
	case instances != nil && instances.kind != array:
		return nil, formatError(document, "Expecting 'instances' to be an list/array")
	case instances != nil && len(instances.items) == 0:
		return nil, formatError(document, "No values in 'instances' array")
	case instances != nil:
		request.Inputs, err = fromInstances(instances, inputs)
	default:
		request.Inputs, err = fromInputs(columns, inputs)
	}
	if err != nil {
		return nil, err
	}
	response, err := h.Core.Predict(ctx, request)
	if err != nil {
		return nil, err
	}
	h.served(header, response.ModelSpec)
	if instances != nil {
		return rowsOf(response.Outputs)
	}
	return columnsOf(response.Outputs)
}

func readSignature(document *value, spec *pb.ModelSpec) error {
	name := document.member("signature_name")
	if name == nil {
		return nil
	}
	if name.kind != stringValue {
		return formatError(document, "not formatted correctly. 'signature_name' key must be a string value.")
	}
	spec.SignatureName = name.text
	return nil
}

func (h *Handler) inputsOf(spec *pb.ModelSpec) (map[string]*pb.TensorInfo, error) {
	servable, err := h.Core.Manager.Acquire(spec)
	if err != nil {
		return nil, err
	}
	defer servable.Release()
	name := spec.SignatureName
	if name == "" {
		name = model.DefaultSignature
	}
	signature, found := servable.Model().Signatures[name]
	if !found {
		return nil, invalid("Serving signature name: \"%s\" not found in signature def", name)
	}
	return signature.Inputs, nil
}

func (h *Handler) examples(ctx context.Context, header http.Header, to *route, body []byte) ([]byte, error) {
	document, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	if err := readSignature(document, to.spec); err != nil {
		return nil, err
	}
	input, err := inputOf(document)
	if err != nil {
		return nil, err
	}
	if to.verb == "classify" {
		response, err := h.Core.Classify(ctx, &pb.ClassificationRequest{ModelSpec: to.spec, Input: input})
		if err != nil {
			return nil, err
		}
		h.served(header, response.ModelSpec)
		return writeClassification(response.Result), nil
	}
	response, err := h.Core.Regress(ctx, &pb.RegressionRequest{ModelSpec: to.spec, Input: input})
	if err != nil {
		return nil, err
	}
	h.served(header, response.ModelSpec)
	return writeRegression(response.Result), nil
}

func (h *Handler) metadata(spec *pb.ModelSpec) ([]byte, error) {
	response, err := h.Core.Metadata(&pb.GetModelMetadataRequest{ModelSpec: spec, MetadataField: []string{inference.SignatureDef}})
	if err != nil {
		return nil, err
	}
	signatures := &pb.SignatureDefMap{}
	if err := response.Metadata[inference.SignatureDef].UnmarshalTo(signatures); err != nil {
		return nil, status.Error(codes.Internal, "Failed to unpack 'Any' object to 'SignatureDefMap'.")
	}
	specText, err := protoJSON(response.ModelSpec, true)
	if err != nil {
		return nil, err
	}
	signatureText, err := protoJSON(signatures, true)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "{\n\"model_spec\":%s,\n\"metadata\": {\"signature_def\": %s}\n}\n", specText, signatureText), nil
}

// protoJSON writes a message with fields that have no value too, one space an indent and a line feed at the end. Going
// through json.Indent makes the white space of Go's protojson, which varies on purpose, stable.
func protoJSON(message proto.Message, protoNames bool) ([]byte, error) {
	text, err := protojson.MarshalOptions{EmitDefaultValues: true, UseProtoNames: protoNames}.Marshal(message)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "Failed to convert proto to json. Error: %v", err)
	}
	indented, err := json.MarshalIndent(json.RawMessage(text), "", " ")
	return append(indented, '\n'), err
}
