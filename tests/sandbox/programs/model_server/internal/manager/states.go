package manager

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/pb"
)

// ID names one version of a model.
type ID struct {
	Name    string
	Version int64
}

func (id ID) String() string { return fmt.Sprintf("{name: %s version: %d}", id.Name, id.Version) }

// State is how far a version has come, and what went wrong with it.
type State struct {
	State pb.ModelVersionStatus_State
	Err   error
}

// states remembers the last state of every version there has been, as GetModelStatus shows them.
type states struct {
	mutex   sync.Mutex
	changed *sync.Cond
	models  map[string]map[int64]State
}

func newStates() *states {
	s := &states{models: map[string]map[int64]State{}}
	s.changed = sync.NewCond(&s.mutex)
	return s
}

func (s *states) publish(id ID, state pb.ModelVersionStatus_State, err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.models[id.Name] == nil {
		s.models[id.Name] = map[int64]State{}
	}
	s.models[id.Name][id.Version] = State{state, err}
	s.changed.Broadcast()
}

func (s *states) of(name string) map[int64]State {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return maps.Clone(s.models[name])
}

// waitAvailable returns when each model has a version that is available, or one that ended, which is an error. A version
// that had ended before the call counts only if it changes again. noun is the word of the message for what is waited for.
func (s *states) waitAvailable(names []string, before map[ID]State, noun string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for {
		reached := map[ID]State{}
		for _, name := range names {
			if id, state, ok := s.firstDecided(name, before); ok {
				reached[id] = state
			}
		}
		if len(reached) == len(names) {
			return unavailable(reached, noun)
		}
		s.changed.Wait()
	}
}

func (s *states) firstDecided(name string, before map[ID]State) (ID, State, bool) {
	for _, version := range slices.Sorted(maps.Keys(s.models[name])) {
		id, state := ID{name, version}, s.models[name][version]
		if old, stale := before[id]; stale && old == state {
			continue
		}
		if state.State == pb.ModelVersionStatus_AVAILABLE || state.State == pb.ModelVersionStatus_END {
			return id, state, true
		}
	}
	return ID{}, State{}, false
}

func (s *states) snapshot() map[ID]State {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	all := map[ID]State{}
	for name, versions := range s.models {
		for version, state := range versions {
			all[ID{name, version}] = state
		}
	}
	return all
}

func unavailable(reached map[ID]State, noun string) error {
	var text strings.Builder
	count := 0
	for id, state := range reached {
		if state.State == pb.ModelVersionStatus_AVAILABLE {
			continue
		}
		count++
		cause := ""
		if state.Err != nil {
			cause = " due to error: " + StatusString(state.Err)
		}
		fmt.Fprintf(&text, "{%s%s}, ", id, cause)
	}
	if count == 0 {
		return nil
	}
	return status.Errorf(codes.Unknown, "%d %s did not become available: {%s}", count, noun, text.String())
}

// StatusString writes an error as TensorFlow does: NOT_FOUND: text.
func StatusString(err error) string {
	s := status.Convert(err)
	return pb.Code_name[int32(s.Code())] + ": " + s.Message()
}
