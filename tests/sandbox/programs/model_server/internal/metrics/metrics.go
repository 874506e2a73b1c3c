// Package metrics counts what TensorFlow Serving counts and writes it in its form of Prometheus' text format: names with
// colons, sums with six digits, no HELP lines.
package metrics

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The metrics that a dashboard of TensorFlow Serving reads.
var (
	RequestCount  = newCounter(":tensorflow:serving:request_count", "model_name", "status")
	ExampleTotal  = newCounter(":tensorflow:serving:request_example_count_total", "model")
	LoadAttempts  = newCounter(":tensorflow:cc:saved_model:load_attempt_count", "model_path", "status")
	ExampleCounts = newHistogram(":tensorflow:serving:request_example_counts", 1, 2, 15, "model")
	// Microseconds, from 10 to about 20 minutes.
	RequestLatency = newHistogram(":tensorflow:serving:request_latency", 10, 1.8, 33, "model_name", "API", "entrypoint")
	RuntimeLatency = newHistogram(":tensorflow:serving:runtime_latency", 10, 1.8, 33, "model_name", "API", "runtime")
)

// Page is the answer to a scrape.
func Page() string {
	var text strings.Builder
	for _, metric := range []interface{ write(*strings.Builder) }{LoadAttempts, RequestCount, ExampleTotal, ExampleCounts, RequestLatency, RuntimeLatency} {
		metric.write(&text)
	}
	if text.Len() == 0 {
		return "\n"
	}
	return text.String()
}

// Counter is a number for each combination of label values.
type Counter struct {
	name   string
	labels []string
	mutex  sync.Mutex
	cells  map[string]int64
}

func newCounter(name string, labels ...string) *Counter {
	return &Counter{name: name, labels: labels, cells: map[string]int64{}}
}

// Add increases the cell of these label values.
func (c *Counter) Add(by int64, values ...string) {
	key := strings.Join(values, "\x00")
	c.mutex.Lock()
	c.cells[key] += by
	c.mutex.Unlock()
}

// Totals are the first cells of the counters that a reload request names as "/tensorflow/serving/...", 0 for other names.
func Totals(names []string) map[string]int64 {
	totals := map[string]int64{}
	for _, name := range names {
		totals[name] = 0
		for _, counter := range []*Counter{RequestCount, ExampleTotal, LoadAttempts} {
			if counter.name == strings.ReplaceAll(name, "/", ":") {
				totals[name] = counter.first()
			}
		}
	}
	return totals
}

func (c *Counter) first() int64 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, key := range slices.Sorted(maps.Keys(c.cells)) {
		return c.cells[key]
	}
	return 0
}

func (c *Counter) write(text *strings.Builder) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.cells) == 0 {
		return
	}
	fmt.Fprintf(text, "# TYPE %s counter\n", c.name)
	for _, key := range slices.Sorted(maps.Keys(c.cells)) {
		fmt.Fprintf(text, "%s{%s} %d\n", c.name, labelPairs(c.labels, key), c.cells[key])
	}
}

// Histogram counts values by exponential bounds.
type Histogram struct {
	name   string
	labels []string
	bounds []float64
	limits []string // the bounds as printed, with six digits
	mutex  sync.Mutex
	cells  map[string]*cell
}

type cell struct {
	buckets []int64
	sum     float64
}

func newHistogram(name string, scale, growth float64, count int, labels ...string) *Histogram {
	h := &Histogram{name: name, labels: labels, cells: map[string]*cell{}}
	for bound := scale; len(h.bounds) < count; bound *= growth {
		h.bounds = append(h.bounds, bound)
		h.limits = append(h.limits, sixDigits(bound))
	}
	h.limits = append(h.limits, "+Inf")
	return h
}

// Observe adds a value to the cell of these label values.
func (h *Histogram) Observe(value float64, values ...string) {
	key := strings.Join(values, "\x00")
	bucket, _ := slices.BinarySearchFunc(h.bounds, value, func(bound, value float64) int {
		if bound > value {
			return 1
		}
		return -1
	})
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.cells[key] == nil {
		h.cells[key] = &cell{buckets: make([]int64, len(h.limits))}
	}
	h.cells[key].buckets[bucket]++
	h.cells[key].sum += value
}

func (h *Histogram) write(text *strings.Builder) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if len(h.cells) == 0 {
		return
	}
	fmt.Fprintf(text, "# TYPE %s histogram\n", h.name)
	for _, key := range slices.Sorted(maps.Keys(h.cells)) {
		labels, count := labelPairs(h.labels, key), int64(0)
		for i, limit := range h.limits {
			count += h.cells[key].buckets[i]
			fmt.Fprintf(text, "%s_bucket{%s,le=\"%s\"} %d\n", h.name, labels, limit, count)
		}
		fmt.Fprintf(text, "%s_sum{%s} %s\n", h.name, labels, sixDigits(h.cells[key].sum))
		fmt.Fprintf(text, "%s_count{%s} %d\n", h.name, labels, count)
	}
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func labelPairs(names []string, key string) string {
	pairs := strings.Split(key, "\x00")
	for i := range pairs {
		pairs[i] = names[i] + `="` + escape.Replace(pairs[i]) + `"`
	}
	return strings.Join(pairs, ",")
}

// sixDigits is printf's %g, which Go's strconv differs from only in the length of exponents.
func sixDigits(value float64) string {
	text := strconv.FormatFloat(value, 'g', 6, 64)
	mantissa, exponent, scientific := strings.Cut(text, "e")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	if scientific {
		return mantissa + "e" + exponent
	}
	return mantissa
}
