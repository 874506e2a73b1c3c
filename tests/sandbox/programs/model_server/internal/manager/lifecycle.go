package manager

import (
	"cmp"
	"maps"
	"slices"

	"model_server/internal/faults"
	"model_server/internal/logging"
	"model_server/internal/pb"
)

func (m *Manager) manage() {
	for range m.wake {
		for m.step() {
		}
	}
}

// step takes up what the last look at the file system found, then does at most one load or unload a model. It reports
// whether there may be more to do.
func (m *Manager) step() bool {
	m.mutex.Lock()
	for name, folders := range m.aspired {
		m.aspire(name, folders)
	}
	concurrent := m.starting
	var actions []func()
	for name := range m.servables {
		if action := m.nextAction(name); action != nil {
			actions = append(actions, action)
		}
	}
	m.mutex.Unlock()
	for _, action := range actions {
		if concurrent {
			go func() { action(); m.notify() }()
		} else {
			action()
		}
	}
	return len(actions) > 0
}

// aspire marks which versions are wanted, begins to manage new ones and forgets unwanted ones that are not loaded.
func (m *Manager) aspire(name string, folders map[int64]string) {
	managed := map[int64]bool{}
	kept := m.servables[name][:0]
	for _, servable := range m.servables[name] {
		_, servable.aspired = folders[servable.ID.Version]
		if !servable.aspired && (servable.stage == stageError || servable.stage == stageNew) {
			if servable.stage == stageNew {
				m.states.publish(servable.ID, pb.ModelVersionStatus_END, nil)
			}
			continue
		}
		managed[servable.ID.Version] = true
		kept = append(kept, servable)
	}
	for _, version := range slices.Sorted(maps.Keys(folders)) {
		if managed[version] {
			continue
		}
		id := ID{name, version}
		m.states.publish(id, pb.ModelVersionStatus_START, nil)
		folder := folders[version]
		kept = append(kept, &Servable{ID: id, Folder: folder, aspired: true,
			Faults: faults.NewSource(LocalPath(folder, m.options.Buckets))})
	}
	slices.SortFunc(kept, func(a, b *Servable) int { return cmp.Compare(a.ID.Version, b.ID.Version) })
	m.servables[name] = kept
}

// nextAction preserves availability: a version leaves only when a wanted one is ready or none is wanted; then the highest
// wanted version that is not loaded comes next.
func (m *Manager) nextAction(name string) func() {
	wanted, wantedReady := false, false
	for _, servable := range m.servables[name] {
		wanted = wanted || servable.aspired
		wantedReady = wantedReady || (servable.aspired && servable.stage == stageReady)
	}
	for _, servable := range m.servables[name] {
		if servable.stage == stageReady && !servable.aspired && (wantedReady || !wanted) {
			servable.stage = stageUnloading
			return func() { m.unload(servable) }
		}
	}
	for _, servable := range slices.Backward(m.servables[name]) {
		if servable.stage == stageNew && servable.aspired {
			servable.stage = stageLoading
			return func() { m.load(servable) }
		}
	}
	return nil
}

func (m *Manager) load(servable *Servable) {
	logging.Info("core/basic_manager.cc:786", "Successfully reserved resources to load servable %s", servable.ID)
	m.states.publish(servable.ID, pb.ModelVersionStatus_LOADING, nil)
	err := servable.load(m.options)
	recordLoad(servable.Folder, err)
	if err != nil {
		m.setStage(servable, stageError)
		m.states.publish(servable.ID, pb.ModelVersionStatus_END, err)
		return
	}
	m.setStage(servable, stageReady)
	m.states.publish(servable.ID, pb.ModelVersionStatus_AVAILABLE, nil)
}

func (m *Manager) unload(servable *Servable) {
	m.states.publish(servable.ID, pb.ModelVersionStatus_UNLOADING, nil)
	servable.unload()
	m.mutex.Lock()
	m.servables[servable.ID.Name] = slices.DeleteFunc(m.servables[servable.ID.Name],
		func(other *Servable) bool { return other == servable })
	m.mutex.Unlock()
	m.states.publish(servable.ID, pb.ModelVersionStatus_END, nil)
}

func (m *Manager) setStage(servable *Servable, stage stage) {
	m.mutex.Lock()
	servable.stage = stage
	m.mutex.Unlock()
}
