package manager

import (
	"path/filepath"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"model_server/internal/logging"
	"model_server/internal/pb"
)

const (
	coreFile = "model_servers/server_core.cc:"
	platform = "tensorflow"
)

// SingleModel is the configuration of --model_name and --model_base_path.
func SingleModel(name, basePath string) *pb.ModelServerConfig {
	return &pb.ModelServerConfig{Config: &pb.ModelServerConfig_ModelConfigList{ModelConfigList: &pb.ModelConfigList{
		Config: []*pb.ModelConfig{{Name: name, BasePath: basePath, ModelPlatform: platform}}}}}
}

// Reload takes over a configuration and waits until each model that is new in it has a version that is available or failed.
func (m *Manager) Reload(config *pb.ModelServerConfig) error {
	m.reload.Lock()
	defer m.reload.Unlock()
	first := m.config.Config == nil
	if config.Config == nil {
		logging.Info(coreFile+"448", "Taking no action for empty config.")
		return nil
	}
	if config.GetModelConfigList() == nil {
		return status.Error(codes.InvalidArgument, "Invalid ServerModelConfig")
	}
	if err := validate(config.GetModelConfigList()); err != nil {
		return err
	}
	labels, err := m.checkLabels(config)
	if err != nil {
		return err
	}
	logging.Info(coreFile+"474", "Adding/updating models.")
	for _, model := range config.GetModelConfigList().Config {
		logging.Info(coreFile+"603", " (Re-)adding model: %s", model.Name)
	}
	before := m.states.snapshot()
	added := m.replaceConfig(config, labels)
	noun := "model(s)"
	if first {
		noun = "servable(s)"
	}
	if err := m.states.waitAvailable(added, before, noun); err != nil {
		return err
	}
	m.mutex.Lock()
	m.starting = false
	m.mutex.Unlock()
	logging.Info(coreFile+"497", "Finished adding/updating models")
	return nil
}

// replaceConfig returns the names of the models that the old configuration lacks.
func (m *Manager) replaceConfig(config *pb.ModelServerConfig, labels map[string]map[string]int64) (added []string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	removed := map[string]bool{}
	for _, model := range m.config.GetModelConfigList().GetConfig() {
		removed[model.Name] = true
	}
	for _, model := range config.GetModelConfigList().GetConfig() {
		if !removed[model.Name] {
			added = append(added, model.Name)
		}
		delete(removed, model.Name)
	}
	for name := range removed {
		m.aspired[name] = map[int64]string{}
	}
	if m.config.Config == nil {
		close(m.configured)
	}
	m.config, m.labels = proto.Clone(config).(*pb.ModelServerConfig), labels
	m.notify()
	return added
}

func validate(list *pb.ModelConfigList) error {
	names := map[string]bool{}
	for _, model := range list.Config {
		if names[model.Name] {
			return status.Errorf(codes.InvalidArgument, "Illegal to list model %s multiple times in config list", model.Name)
		}
		names[model.Name] = true
	}
	for _, model := range list.Config {
		if !filepath.IsAbs(model.BasePath) && !strings.Contains(model.BasePath, "://") {
			return status.Errorf(codes.InvalidArgument, "Expected model %s to have an absolute path or URI; got base_path()=%s", model.Name, model.BasePath)
		}
	}
	for _, model := range list.Config {
		if err := validatePlatform(model); err != nil {
			return err
		}
	}
	return nil
}

func validatePlatform(model *pb.ModelConfig) error {
	switch {
	case model.ModelType == pb.ModelType_TENSORFLOW && model.ModelPlatform == "", model.ModelPlatform == platform && model.ModelType == 0:
		return nil
	case model.ModelType != 0 && model.ModelPlatform != "":
		return status.Errorf(codes.InvalidArgument, "Illegal setting both ModelServerConfig::model_type (deprecated) "+
			"and ModelServerConfig::model_platform, model name is %s", model.Name)
	case model.ModelType != 0:
		return status.Errorf(codes.InvalidArgument, "ModelServerConfig::model_type choice %d not supported.", model.ModelType)
	case model.ModelPlatform == "":
		return status.Errorf(codes.InvalidArgument, "Illegal setting neither ModelServerConfig::model_type (deprecated) "+
			"nor ModelServerConfig::model_platform, model name is %s", model.Name)
	}
	return status.Errorf(codes.InvalidArgument, "Model %s requests unsupported platform %s", model.Name, model.ModelPlatform)
}

// checkLabels refuses a label for a version that is not available, unless --allow_version_labels_for_unavailable_models is
// set and the label does not yet name another version.
func (m *Manager) checkLabels(config *pb.ModelServerConfig) (map[string]map[string]int64, error) {
	labels := map[string]map[string]int64{}
	for _, model := range config.GetModelConfigList().GetConfig() {
		states := m.states.of(model.Name)
		for label, version := range model.VersionLabels {
			m.mutex.RLock()
			old, known := m.labels[model.Name][label]
			m.mutex.RUnlock()
			allowed := m.options.AllowLabelsForUnavailable && (!known || old == version)
			if !allowed && states[version].State != pb.ModelVersionStatus_AVAILABLE {
				return nil, status.Errorf(codes.FailedPrecondition, "Request to assign label to version %d of model %s, "+
					"which is not currently available for inference", version, model.Name)
			}
			if labels[model.Name] == nil {
				labels[model.Name] = map[string]int64{}
			}
			labels[model.Name][label] = version
		}
	}
	return labels, nil
}
