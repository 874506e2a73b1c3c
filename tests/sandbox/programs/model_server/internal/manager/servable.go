package manager

import (
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/faults"
	"model_server/internal/logging"
	"model_server/internal/model"
)

const harnessFile = "core/loader_harness.cc:"

// stage is what the manager has done with a servable; the published state follows it.
type stage int

const (
	stageNew stage = iota
	stageLoading
	stageReady
	stageUnloading
	stageError
)

// Servable is one version of a model, from the moment its folder was found.
type Servable struct {
	ID      ID
	Folder  string
	Faults  *faults.Source
	model   *model.Model
	stage   stage
	aspired bool
	inUse   sync.WaitGroup
}

// Model is what an acquired servable serves.
func (s *Servable) Model() *model.Model { return s.model }

// Release ends the use that Acquire began; a version is not unloaded before its last user has released it.
func (s *Servable) Release() { s.inUse.Done() }

// load tries until it succeeds or the retries are used up.
func (s *Servable) load(o LoadOptions) error {
	logging.Info(harnessFile+"68", "Approving load for servable version %s", s.ID)
	logging.Info(harnessFile+"76", "Loading servable version %s", s.ID)
	what := "Loading servable: " + s.ID.String()
	var err error
	for try := range o.MaxRetries + 1 {
		if try > 0 {
			time.Sleep(max(o.RetryInterval, 0))
			logging.Info("util/retrier.cc:39", "Retrying of %s retry: %d", what, try)
		}
		if err = s.tryLoad(try, o); err == nil {
			break
		}
		logging.Error("util/retrier.cc:43", "%s failed: %s", what, StatusString(err))
	}
	if err != nil {
		logging.Info("util/retrier.cc:54", "Retrying of %s exhausted max_num_retries: %d", what, o.MaxRetries)
		logging.Info(harnessFile+"202", "Encountered an error for servable version %s: %s", s.ID, StatusString(err))
		return err
	}
	logging.Info(harnessFile+"97", "Successfully loaded servable version %s", s.ID)
	return nil
}

func (s *Servable) tryLoad(try int, o LoadOptions) error {
	s.Faults.Refresh()
	fault := s.Faults.Now()
	if fault.Crash.On == "load" {
		crash(s.ID)
	}
	time.Sleep(seconds(fault.Load.Seconds))
	if fault.Load.Error != "" && (fault.Load.Failures == 0 || try < fault.Load.Failures) {
		return status.Error(codes.Unknown, fault.Load.Error)
	}
	folder := LocalPath(s.Folder, o.Buckets)
	loaded, err := model.Load(folder)
	if err != nil {
		return err
	}
	time.Sleep(seconds(loaded.LoadSeconds))
	if o.Warmup != nil {
		if err := o.Warmup(loaded, folder); err != nil {
			return err
		}
	}
	s.model = loaded
	return nil
}

// unload waits for the requests that still use the servable.
func (s *Servable) unload() {
	logging.Info(harnessFile+"165", "Quiescing servable version %s", s.ID)
	s.inUse.Wait()
	logging.Info(harnessFile+"172", "Done quiescing servable version %s", s.ID)
	logging.Info(harnessFile+"122", "Unloading just-loaded servable version %s", s.ID)
	s.model = nil
	logging.Info(harnessFile+"130", "Done unloading servable version %s", s.ID)
}

func seconds(value float64) time.Duration { return time.Duration(value * float64(time.Second)) }
