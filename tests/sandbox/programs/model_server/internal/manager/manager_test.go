package manager

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"model_server/internal/pb"
)

const (
	available = pb.ModelVersionStatus_AVAILABLE
	loading   = pb.ModelVersionStatus_LOADING
	unloading = pb.ModelVersionStatus_UNLOADING
	end       = pb.ModelVersionStatus_END
)

func put(t *testing.T, base string, version int, description string) {
	t.Helper()
	folder := filepath.Join(base, strconv.Itoa(version))
	fresh := filepath.Join(base, "new")
	if err := os.MkdirAll(fresh, 0o755); err != nil {
		t.Fatal(err)
	}
	if description != "" {
		if err := os.WriteFile(filepath.Join(fresh, "model.json"), []byte(description), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(fresh, folder); err != nil {
		t.Fatal(err)
	}
}

func fast() LoadOptions {
	return LoadOptions{PollInterval: 20 * time.Millisecond, MaxRetries: 1, RetryInterval: time.Millisecond}
}

func config(t *testing.T, text string) *pb.ModelServerConfig {
	t.Helper()
	c := &pb.ModelServerConfig{}
	if err := prototext.Unmarshal([]byte("model_config_list { "+text+" }"), c); err != nil {
		t.Fatal(err)
	}
	return c
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for range 500 {
		if condition() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not in 5 s: %s", what)
}

func (m *Manager) is(version int64, state pb.ModelVersionStatus_State) func() bool {
	return func() bool { return m.States("mnist")[version].State == state }
}

func TestNewestVersionReplacesTheOldOneWithoutAGap(t *testing.T) {
	base := t.TempDir()
	put(t, base, 1, `{"kind": "half_plus_two"}`)
	m := New(fast())
	if err := m.Reload(SingleModel("mnist", base)); err != nil {
		t.Fatal(err)
	}
	first, err := m.Acquire(&pb.ModelSpec{Name: "mnist"})
	if err != nil || first.ID.Version != 1 {
		t.Fatal(first, err)
	}
	put(t, base, 2, `{"kind": "half_plus_three", "load_seconds": 2}`)
	eventually(t, "2 loads", m.is(2, loading))
	if m.States("mnist")[1].State != available {
		t.Error("1 left before 2 was available")
	}
	eventually(t, "1 waits for its request", m.is(1, unloading))
	time.Sleep(50 * time.Millisecond)
	if m.States("mnist")[1].State != unloading || first.Model() == nil {
		t.Error("1 was unloaded while a request used it")
	}
	next, err := m.Acquire(&pb.ModelSpec{Name: "mnist"})
	if err != nil || next.ID.Version != 2 {
		t.Fatal(next, err)
	}
	next.Release()
	first.Release()
	eventually(t, "1 ends", m.is(1, end))
	_, err = m.Acquire(&pb.ModelSpec{Name: "mnist", VersionChoice: &pb.ModelSpec_Version{Version: wrapperspb.Int64(1)}})
	if status.Code(err) != codes.NotFound || status.Convert(err).Message() != "Servable not found for request: Specific(mnist, 1)" {
		t.Error(err)
	}
	put(t, base, 3, "")
	eventually(t, "3 fails", m.is(3, end))
	if m.States("mnist")[2].State != available {
		t.Error("2 left although 3 cannot replace it")
	}
}

func TestPolicies(t *testing.T) {
	base := t.TempDir()
	for version := range 4 {
		put(t, base, version+1, `{"kind": "identity"}`)
	}
	os.Mkdir(filepath.Join(base, "not-a-version"), 0o755)
	for policy, want := range map[string][]int64{
		"":                                     {4},
		"latest { num_versions: 2 }":           {3, 4},
		"all {}":                               {1, 2, 3, 4},
		"specific { versions: 1 versions: 3 }": {1, 3},
		"specific { versions: 9 versions: 2 }": {2},
	} {
		m := New(fast())
		if policy != "" {
			policy = "model_version_policy { " + policy + " }"
		}
		if err := m.Reload(config(t, `config { name: "mnist" base_path: "`+base+`" model_platform: "tensorflow" `+policy+` }`)); err != nil {
			t.Fatal(policy, err)
		}
		eventually(t, policy, func() bool {
			states := m.States("mnist")
			for _, version := range want {
				if states[version].State != available {
					return false
				}
			}
			return len(states) == len(want)
		})
	}
}

func TestAServerWhoseFirstModelFailsDoesNotStart(t *testing.T) {
	base := t.TempDir()
	put(t, base, 1, "")
	err := New(fast()).Reload(SingleModel("mnist", base))
	want := "1 servable(s) did not become available: {{{name: mnist version: 1} due to error: NOT_FOUND: " +
		"Could not find SavedModel .pb or .pbtxt at supplied export directory path: " + base + "/1. "
	if status.Code(err) != codes.Unknown || !strings.HasPrefix(status.Convert(err).Message(), want) {
		t.Error(err)
	}
}

func TestAMissingFolderIsWaitedFor(t *testing.T) {
	base := filepath.Join(t.TempDir(), "later")
	m, done := New(fast()), make(chan error, 1)
	go func() { done <- m.Reload(SingleModel("mnist", base)) }()
	select {
	case err := <-done:
		t.Fatal("did not wait:", err)
	case <-time.After(100 * time.Millisecond):
	}
	put(t, base, 1, `{"kind": "identity"}`)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestBucketsAreAFolder(t *testing.T) {
	buckets := t.TempDir()
	put(t, filepath.Join(buckets, "kubeflow-examples-data", "mnist"), 1, `{"kind": "mnist"}`)
	options := fast()
	options.Buckets = buckets
	if err := New(options).Reload(SingleModel("mnist", "gs://kubeflow-examples-data/mnist")); err != nil {
		t.Fatal(err)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	m := New(fast())
	for text, want := range map[string]string{
		`config { name: "a" base_path: "/a" model_platform: "tensorflow" } config { name: "a" base_path: "/b" model_platform: "tensorflow" }`: "Illegal to list model a multiple times in config list",
		`config { name: "a" base_path: "a" model_platform: "tensorflow" }`:                                                                    "Expected model a to have an absolute path or URI; got base_path()=a",
		`config { name: "a" base_path: "/a" }`:                                                                                                "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, model name is a",
		`config { name: "a" base_path: "/a" model_platform: "pytorch" }`:                                                                      "Model a requests unsupported platform pytorch",
		`config { name: "a" base_path: "/a" model_platform: "tensorflow" version_labels { key: "stable" value: 1 } }`:                         "Request to assign label to version 1 of model a, which is not currently available for inference",
	} {
		if err := m.Reload(config(t, text)); status.Convert(err).Message() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestReloadAddsRemovesAndLabels(t *testing.T) {
	base := t.TempDir()
	put(t, base, 1, `{"kind": "identity"}`)
	entry := func(name, more string) string {
		return `config { name: "` + name + `" base_path: "` + base + `" model_platform: "tensorflow" ` + more + ` } `
	}
	m := New(fast())
	if err := m.Reload(config(t, entry("mnist", ""))); err != nil {
		t.Fatal(err)
	}
	if err := m.Reload(config(t, entry("mnist", `version_labels { key: "stable" value: 1 }`)+entry("other", ""))); err != nil {
		t.Fatal(err)
	}
	if m.States("other")[1].State != available {
		t.Error("Reload returned before the new model was available")
	}
	label := func(name string) error {
		servable, err := m.Acquire(&pb.ModelSpec{Name: "mnist", VersionChoice: &pb.ModelSpec_VersionLabel{VersionLabel: name}})
		if err == nil {
			servable.Release()
		}
		return err
	}
	if err := label("stable"); err != nil {
		t.Error(err)
	}
	if err := label("canary"); status.Convert(err).Message() != "Unrecognized servable version label: canary" {
		t.Error(err)
	}
	if err := m.Reload(config(t, entry("other", ""))); err != nil {
		t.Fatal(err)
	}
	eventually(t, "mnist is unloaded", m.is(1, end))
}

func TestLoadFaultsAreRetried(t *testing.T) {
	base := t.TempDir()
	put(t, base, 1, `{"kind": "identity"}`)
	write := func(faults string) {
		if err := os.WriteFile(filepath.Join(base, "1", "faults.json"), []byte(faults), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"load": {"error": "out of memory", "failures": 1}}`)
	if err := New(fast()).Reload(SingleModel("mnist", base)); err != nil {
		t.Error("one failure is retried:", err)
	}
	write(`{"load": {"error": "out of memory", "seconds": 0.01}}`)
	err := New(fast()).Reload(SingleModel("mnist", base))
	if want := "1 servable(s) did not become available: {{{name: mnist version: 1} due to error: UNKNOWN: out of memory}, }"; status.Convert(err).Message() != want {
		t.Error(err)
	}
}
