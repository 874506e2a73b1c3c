// Package faults is what the real server lacks: misbehaviour that a test switches on while the server runs, by a file
// faults.json in a version's folder or through the port of MODEL_SERVER_FAULTS_PORT.
package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/pb"
)

// Faults are those of one version. The zero value is a server that behaves.
type Faults struct {
	Latency Latency `json:"latency"` // added to each inference
	Errors  Errors  `json:"errors"`
	Wrong   Wrong   `json:"wrong"`
	Hang    Hang    `json:"hang"`
	Crash   Crash   `json:"crash"`
	Load    Load    `json:"load"`
}

// Errors lets a share of the inferences fail with a status such as UNAVAILABLE.
type Errors struct {
	Rate    float64 `json:"rate"`
	Code    string  `json:"code"`    // INTERNAL where absent
	Message string  `json:"message"` // "injected fault" where absent
}

// Wrong adds an offset to the numbers that a share of the inferences answers.
type Wrong struct {
	Rate   float64 `json:"rate"`
	Offset float64 `json:"offset"`
}

// Hang lets a share of the inferences never be answered, past every time-out of the server, until the fault is gone.
type Hang struct {
	Rate float64 `json:"rate"`
}

// Crash ends the process with exit code 134, as an abort does: at once ("now"), at an inference ("request") or while the
// version loads ("load").
type Crash struct {
	On    string `json:"on"`
	After int    `json:"after"` // inferences that still succeed before one crashes
}

// Load makes loading slow, or fail with an error; with failures only that many tries fail.
type Load struct {
	Seconds  float64 `json:"seconds"`
	Error    string  `json:"error"`
	Failures int     `json:"failures"`
}

// Parse reads the JSON form. An unknown key or an impossible value is an error, so that a typing error is not a passing test.
func Parse(text []byte) (*Faults, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var f Faults
	if err := decoder.Decode(&f); err != nil {
		return nil, fmt.Errorf("faults: %w", err)
	}
	return &f, f.check()
}

func (f *Faults) check() error {
	for name, rate := range map[string]float64{"errors": f.Errors.Rate, "wrong": f.Wrong.Rate, "hang": f.Hang.Rate} {
		if rate < 0 || rate > 1 {
			return fmt.Errorf("faults: %s.rate is %v; it is a share from 0 to 1", name, rate)
		}
	}
	if _, known := pb.Code_value[f.Errors.Code]; f.Errors.Code != "" && (!known || f.Errors.Code == "OK") {
		return fmt.Errorf("faults: errors.code %q is not a gRPC status such as UNAVAILABLE", f.Errors.Code)
	}
	switch f.Crash.On {
	case "", "now", "request", "load":
	default:
		return fmt.Errorf("faults: crash.on %q: use now, request or load", f.Crash.On)
	}
	if f.Load.Seconds < 0 {
		return fmt.Errorf("faults: load.seconds cannot be negative")
	}
	return f.Latency.Check()
}

// Err is the error that this inference answers, nil for most.
func (e Errors) Err() error {
	if !happens(e.Rate) {
		return nil
	}
	code, message := codes.Internal, e.Message
	if e.Code != "" {
		code = codes.Code(pb.Code_value[e.Code])
	}
	if message == "" {
		message = "injected fault"
	}
	return status.Error(code, message)
}

// Draw is the offset that this inference's numbers get, 0 for most.
func (w Wrong) Draw() float64 {
	if happens(w.Rate) {
		return w.Offset
	}
	return 0
}

// Draw says whether this inference hangs.
func (h Hang) Draw() bool { return happens(h.Rate) }

func happens(rate float64) bool { return rate > 0 && rand.Float64() < rate }
