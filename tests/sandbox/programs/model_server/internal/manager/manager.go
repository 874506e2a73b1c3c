// Package manager finds, loads, unloads and hands out the versions of models, by the rules of TensorFlow Serving's
// file system source, aspired versions manager and availability preserving policy.
package manager

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/faults"
	"model_server/internal/logging"
	"model_server/internal/metrics"
	"model_server/internal/model"
	"model_server/internal/pb"
)

// LoadOptions say how versions are found and loaded.
type LoadOptions struct {
	PollInterval              time.Duration // 0 looks once, negative never
	MaxRetries                int
	RetryInterval             time.Duration
	AllowLabelsForUnavailable bool
	Buckets                   string // local folder in place of gs:// and s3://
	// Warmup gets each model that was read, with its local folder, before it becomes available; nil does nothing.
	Warmup func(m *model.Model, folder string) error
}

// Manager serves the models of one configuration.
type Manager struct {
	options LoadOptions
	states  *states

	reload     sync.Mutex    // one change of the configuration at a time
	configured chan struct{} // closed with the first configuration
	wake       chan struct{} // there may be something to load or unload

	mutex     sync.RWMutex // of what follows
	config    *pb.ModelServerConfig
	labels    map[string]map[string]int64
	servables map[string][]*Servable // by name, ascending versions
	aspired   map[string]map[int64]string
	starting  bool // the first models load at the same time, later ones one after the other
}

// New makes a manager without models; Reload gives it some.
func New(options LoadOptions) *Manager {
	m := &Manager{options: options, states: newStates(), config: &pb.ModelServerConfig{},
		configured: make(chan struct{}), wake: make(chan struct{}, 1),
		servables: map[string][]*Servable{}, aspired: map[string]map[int64]string{}, starting: true}
	go m.pollFileSystem()
	go m.manage()
	go m.watchFaults()
	return m
}

// Acquire returns the servable that a request's model spec asks for; the caller must Release it.
func (m *Manager) Acquire(spec *pb.ModelSpec) (*Servable, error) {
	if spec.GetName() == "" {
		return nil, status.Error(codes.InvalidArgument, "ModelSpec has no name specified.")
	}
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	version, specific := spec.GetVersion().GetValue(), spec.GetVersion() != nil
	if label := spec.GetVersionLabel(); label != "" {
		found, known := m.labels[spec.Name][label]
		if !known {
			return nil, status.Errorf(codes.InvalidArgument, "Unrecognized servable version label: %s", label)
		}
		version, specific = found, true
	}
	for _, servable := range slices.Backward(m.servables[spec.Name]) {
		if servable.stage == stageReady && (!specific || servable.ID.Version == version) {
			servable.inUse.Add(1)
			return servable, nil
		}
	}
	request := fmt.Sprintf("Latest(%s)", spec.Name)
	if specific {
		request = fmt.Sprintf("Specific(%s, %d)", spec.Name, version)
	}
	return nil, status.Errorf(codes.NotFound, "Servable not found for request: %s", request)
}

// States are the states of all versions that the model has had since the server started.
func (m *Manager) States(name string) map[int64]State { return m.states.of(name) }

// FaultsOf is the source of a version's faults, nil where there is no such version.
func (m *Manager) FaultsOf(id ID) *faults.Source {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	for _, servable := range m.servables[id.Name] {
		if servable.ID == id {
			return servable.Faults
		}
	}
	return nil
}

func (m *Manager) pollFileSystem() {
	<-m.configured
	for m.options.PollInterval >= 0 {
		if err := m.pollOnce(); err != nil {
			logging.Error(sourceFile+"471", "FileSystemStoragePathSource encountered a filesystem access error: %s", status.Convert(err).Message())
		}
		if m.options.PollInterval == 0 {
			return
		}
		time.Sleep(m.options.PollInterval)
	}
}

// pollOnce looks at all models before it changes anything: one base path that cannot be read stops the others too, as in
// the real server.
func (m *Manager) pollOnce() error {
	m.mutex.RLock()
	config := m.config
	m.mutex.RUnlock()
	found := map[string]map[int64]string{}
	for _, entry := range config.GetModelConfigList().GetConfig() {
		folders, err := findVersions(entry, m.options.Buckets)
		if err != nil {
			return err
		}
		found[entry.Name] = folders
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.config == config {
		for name, folders := range found {
			m.aspired[name] = folders
		}
		m.notify()
	}
	return nil
}

func (m *Manager) notify() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *Manager) watchFaults() {
	for {
		time.Sleep(500 * time.Millisecond)
		m.mutex.RLock()
		var all []*Servable
		for _, versions := range m.servables {
			all = append(all, versions...)
		}
		m.mutex.RUnlock()
		for _, servable := range all {
			servable.Faults.Refresh()
			if servable.Faults.Now().Crash.On == "now" {
				crash(servable.ID)
			}
		}
	}
}

// Crash ends the process as an abort would.
func (s *Servable) Crash() { crash(s.ID) }

func crash(id ID) {
	logging.Error("double/faults", "crash of %s was asked for", id)
	os.Exit(134)
}

func recordLoad(folder string, err error) {
	result := "success"
	if err != nil {
		result = "fail"
	}
	metrics.LoadAttempts.Add(1, folder, result)
}
