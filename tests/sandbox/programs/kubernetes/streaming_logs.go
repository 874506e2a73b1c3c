package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-client/pkg/logs"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

func serveLogs(node *agent, w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("container")
	found, err := node.container(r.Context(), podName(r), name)
	if err != nil {
		status := http.StatusInternalServerError
		if errors.As(err, &notFound{}) {
			status = http.StatusNotFound
		}
		http.Error(w, err.Error(), status)
		return
	}
	query := r.URL.Query()
	path, message := logFile(found, query.Get("previous") == "true", name, r.PathValue("pod"))
	if message != "" {
		http.Error(w, message, http.StatusBadRequest)
		return
	}
	options, err := logOptions(query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	writer := flushWriter{w, http.NewResponseController(w)}
	var stdout, stderr io.Writer = writer, writer
	switch query.Get("stream") {
	case "Stdout":
		stderr = io.Discard
	case "Stderr":
		stdout = io.Discard
	}
	err = readLog(r.Context(), node, podName(r), name, found.Attempt, path, options, stdout, stderr)
	if err != nil && r.Context().Err() == nil { // who goes away in the middle is no error
		log.Printf("node-streaming: logs of %s: %v", podName(r), err)
	}
}

// logFile chooses the run that is asked for, or says, as the kubelet does, why there is none.
func logFile(found *container, previous bool, name, pod string) (path, message string) {
	switch {
	case previous && found.Earlier == "":
		return "", fmt.Sprintf("previous terminated container %q in pod %q not found", name, pod)
	case previous:
		return found.Earlier, ""
	case found.Log != "":
		return found.Log, ""
	case strings.Contains(found.Waiting, "Image"):
		return "", fmt.Sprintf("container %q in pod %q is waiting to start: trying and failing to pull image", name, pod)
	default:
		return "", fmt.Sprintf("container %q in pod %q is waiting to start: %s", name, pod, found.Waiting)
	}
}

func logOptions(query url.Values) (*logs.LogOptions, error) {
	options := &logs.LogOptions{Follow: query.Get("follow") == "true", Timestamp: query.Get("timestamps") == "true"}
	for name, into := range map[string]**int64{"tailLines": &options.TailLines, "limitBytes": &options.LimitBytes} {
		if text := query.Get(name); text != "" {
			value, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			*into = &value
		}
	}
	if text := query.Get("sinceSeconds"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("sinceSeconds: %w", err)
		}
		options.Since = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	if text := query.Get("sinceTime"); text != "" {
		since, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, fmt.Errorf("sinceTime: %w", err)
		}
		options.Since = since
	}
	return options, nil
}

func readLog(ctx context.Context, node *agent, podName, name string, attempt int, path string, options *logs.LogOptions,
	stdout, stderr io.Writer) error {
	return logs.ReadLogs(ctx, path, name, options, oneRun{node: node, podName: podName, attempt: attempt}, stdout, stderr)
}

// oneRun tells the log library whether the run whose log it follows still goes on. Nothing else of a container runtime
// is asked for.
type oneRun struct {
	internalapi.RuntimeService
	node    *agent
	podName string
	attempt int
}

func (o oneRun) ContainerStatus(ctx context.Context, name string, _ bool) (*runtimeapi.ContainerStatusResponse, error) {
	state := runtimeapi.ContainerState_CONTAINER_EXITED
	found, err := o.node.container(ctx, o.podName, name)
	if err == nil && found.Running && found.Attempt == o.attempt {
		state = runtimeapi.ContainerState_CONTAINER_RUNNING
	}
	return &runtimeapi.ContainerStatusResponse{Status: &runtimeapi.ContainerStatus{State: state}}, nil
}

// flushWriter sends each line at once, for those who follow.
type flushWriter struct {
	io.Writer
	control *http.ResponseController
}

func (w flushWriter) Write(data []byte) (int, error) {
	n, err := w.Writer.Write(data)
	if err == nil {
		err = w.control.Flush()
	}
	return n, err
}

// attacher shows a running container's output from now on. Its input is /dev/null, so nothing can be sent to it.
type attacher struct{ node *agent }

var _ remotecommand.Attacher = attacher{}

func (a attacher) AttachContainer(ctx context.Context, podName, _, name string, _ io.Reader, out, errOut io.WriteCloser,
	_ bool, _ <-chan remotecommand.TerminalSize) error {
	found, err := a.node.container(ctx, podName, name)
	if err != nil {
		return err
	}
	if !found.Running {
		return fmt.Errorf("container %q is not running", name)
	}
	var stdout, stderr io.Writer = io.Discard, io.Discard
	if out != nil {
		stdout, stderr = out, out // with a terminal there is one stream only
	}
	if errOut != nil {
		stderr = errOut
	}
	options := &logs.LogOptions{Follow: true, Since: time.Now()}
	return readLog(ctx, a.node, podName, name, found.Attempt, found.Log, options, stdout, stderr)
}
