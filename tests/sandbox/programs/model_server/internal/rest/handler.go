// Package rest is TensorFlow Serving's HTTP/REST API.
package rest

import (
	"context"
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

	"model_server/internal/inference"
	"model_server/internal/metrics"
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
