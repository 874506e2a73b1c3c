package faults

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestMistakesAreRefusedByName(t *testing.T) {
	for text, want := range map[string]string{
		`{"error": {"rate": 1}}`:                    `unknown field "error"`,
		`{"errors": {"rate": 2}}`:                   "errors.rate is 2",
		`{"wrong": {"rate": -1}}`:                   "wrong.rate is -1",
		`{"errors": {"rate": 1, "code": "OK"}}`:     `errors.code "OK"`,
		`{"errors": {"rate": 1, "code": "BROKEN"}}`: `errors.code "BROKEN"`,
		`{"crash": {"on": "tomorrow"}}`:             `crash.on "tomorrow"`,
		`{"latency": {"distribution": "cauchy"}}`:   `latency.distribution "cauchy"`,
		`{"latency": {"base_ms": -1}}`:              "cannot be negative",
		`{"load": {"seconds": -1}}`:                 "load.seconds",
		`{"latency": `:                              "unexpected EOF",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestErrorRateAndCode(t *testing.T) {
	f, err := Parse([]byte(`{"errors": {"rate": 0.25, "code": "UNAVAILABLE", "message": "gone"}}`))
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for range 10000 {
		if err := f.Errors.Err(); err != nil {
			failed++
			if status.Code(err) != codes.Unavailable || status.Convert(err).Message() != "gone" {
				t.Fatal(err)
			}
		}
	}
	// 10 standard deviations.
	if failed < 2065 || failed > 2935 {
		t.Errorf("%d of 10000 failed at rate 0.25", failed)
	}
}

func TestLatencyIsBaseAndDistribution(t *testing.T) {
	for _, distribution := range []string{"uniform", "exponential", "normal", "lognormal"} {
		l := Latency{BaseMillis: 5, Distribution: distribution, ScaleMillis: 10}
		different := map[time.Duration]bool{}
		for range 100 {
			sample := l.Sample()
			if sample < 5*time.Millisecond {
				t.Fatalf("%s: %v", distribution, sample)
			}
			different[sample] = true
		}
		if len(different) < 50 {
			t.Errorf("%s: only %d different times", distribution, len(different))
		}
	}
	if sample := (Latency{BaseMillis: 7}).Sample(); sample != 7*time.Millisecond {
		t.Error(sample)
	}
}

func TestFileIsReadAgainAndOverridden(t *testing.T) {
	folder := t.TempDir()
	source := NewSource(folder)
	rate := func() float64 { return source.Now().Errors.Rate }
	if rate() != 0 {
		t.Fatal("faults without a file")
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(folder, FileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		source.Refresh()
	}
	write(`{"errors": {"rate": 0.5}}`)
	if rate() != 0.5 {
		t.Error("a new file was not read")
	}
	write(`{"errors": {"rate": 0.5}`)
	if rate() != 0.5 {
		t.Error("a broken file switched the faults off")
	}
	source.Set(&Faults{Errors: Errors{Rate: 1}})
	source.Refresh()
	if rate() != 1 {
		t.Error("the file won over Set")
	}
	write(`{"errors": {"rate": 0.25}}`)
	source.Set(nil)
	if rate() != 0.25 {
		t.Error("the file did not come back after Set(nil)")
	}
	os.Remove(filepath.Join(folder, FileName))
	source.Refresh()
	if rate() != 0 {
		t.Error("faults stayed after their file was gone")
	}
}
