package faults

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"model_server/internal/logging"
)

// FileName is the name of the file in a version's folder that switches its faults on.
const FileName = "faults.json"

var none = &Faults{}

// Source holds the faults of one version: those of the file in its folder, or those that Set put over them.
type Source struct {
	path     string
	current  atomic.Pointer[Faults]
	mutex    sync.Mutex
	override *Faults
	changed  time.Time
	size     int64
}

// NewSource reads the file in folder, which need not exist.
func NewSource(folder string) *Source {
	s := &Source{path: filepath.Join(folder, FileName)}
	s.current.Store(none)
	s.Refresh()
	return s
}

// Now are the faults that are on.
func (s *Source) Now() *Faults { return s.current.Load() }

// Set puts faults over those of the file; nil gives way to the file again.
func (s *Source) Set(f *Faults) {
	s.mutex.Lock()
	s.override, s.changed = f, time.Time{}
	if f != nil {
		s.current.Store(f)
	}
	s.mutex.Unlock()
	s.Refresh()
}

// Refresh reads the file again if it has changed. A file with an error in it is reported, and what was on stays on.
func (s *Source) Refresh() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.override != nil {
		return
	}
	stat, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		s.current.Store(none)
		s.changed = time.Time{}
		return
	}
	if err != nil || (stat.ModTime().Equal(s.changed) && stat.Size() == s.size) {
		return
	}
	s.changed, s.size = stat.ModTime(), stat.Size()
	text, err := os.ReadFile(s.path)
	if err != nil {
		return
	}
	parsed, err := Parse(text)
	if err != nil {
		logging.Error("double/faults", "%s: %v", s.path, err)
		return
	}
	logging.Info("double/faults", "%s: %s", s.path, text)
	s.current.Store(parsed)
}
