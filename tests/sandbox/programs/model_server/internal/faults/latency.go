package faults

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Latency is a time that a request waits: base_ms, plus a draw from a distribution with scale_ms.
type Latency struct {
	BaseMillis   float64 `json:"base_ms"`
	Distribution string  `json:"distribution"` // uniform (0 to scale), exponential (mean), normal (deviation), lognormal (median)
	ScaleMillis  float64 `json:"scale_ms"`
	Sigma        float64 `json:"sigma"` // of lognormal's logarithm; 0.5 where absent
}

var draws = map[string]func(scale, sigma float64) float64{
	"":            func(_, _ float64) float64 { return 0 },
	"uniform":     func(scale, _ float64) float64 { return scale * rand.Float64() },
	"exponential": func(scale, _ float64) float64 { return scale * rand.ExpFloat64() },
	"normal":      func(scale, _ float64) float64 { return math.Abs(scale * rand.NormFloat64()) },
	"lognormal":   func(scale, sigma float64) float64 { return scale * math.Exp(sigma*rand.NormFloat64()) },
}

// Check reports a distribution that does not exist and negative times.
func (l Latency) Check() error {
	if _, known := draws[l.Distribution]; !known {
		return fmt.Errorf("latency.distribution %q: use uniform, exponential, normal or lognormal", l.Distribution)
	}
	if l.BaseMillis < 0 || l.ScaleMillis < 0 {
		return fmt.Errorf("latency: base_ms and scale_ms cannot be negative")
	}
	return nil
}

// Sample draws the time that one request waits.
func (l Latency) Sample() time.Duration {
	sigma := l.Sigma
	if sigma == 0 {
		sigma = 0.5
	}
	millis := l.BaseMillis + draws[l.Distribution](l.ScaleMillis, sigma)
	return time.Duration(millis * float64(time.Millisecond))
}
