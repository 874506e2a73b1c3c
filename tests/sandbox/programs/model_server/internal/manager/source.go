package manager

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/logging"
	"model_server/internal/pb"
)

const sourceFile = "sources/storage_path/file_system_storage_path_source.cc:"

// LocalPath is where a base path's files are. Buckets do not exist here: gs://b/p and s3://b/p are the folder b/p of buckets.
func LocalPath(basePath, buckets string) string {
	for _, scheme := range []string{"gs://", "s3://"} {
		if rest, found := strings.CutPrefix(basePath, scheme); found && buckets != "" {
			return filepath.Join(buckets, rest)
		}
	}
	return strings.TrimPrefix(basePath, "file://")
}

// findVersions looks up which versions of a model should be served: version -> its folder as a path or URI.
func findVersions(config *pb.ModelConfig, buckets string) (map[int64]string, error) {
	base := LocalPath(config.BasePath, buckets)
	entries, err := os.ReadDir(base)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "Could not find base path %s for servable %s with error NOT_FOUND: %s not found",
			config.BasePath, config.Name, config.BasePath)
	}
	present := map[int64]string{}
	for _, entry := range entries {
		number, err := strconv.ParseInt(entry.Name(), 10, 64)
		if err != nil {
			continue
		}
		if other, twice := present[number]; twice {
			logging.Warning(sourceFile+"136", "Duplicate version directories detected. Version %d will be loaded from %s, %s will be ignored.",
				number, entry.Name(), other)
		}
		present[number] = entry.Name()
	}
	chosen := chooseVersions(config, present)
	if len(chosen) == 0 {
		logging.Warning(sourceFile+"353", "No versions of servable %s found under base path %s. "+
			"Did you forget to name your leaf directory as a number (eg. '/1/')?", config.Name, config.BasePath)
	}
	folders := map[int64]string{}
	for _, version := range chosen {
		folders[version] = strings.TrimSuffix(config.BasePath, "/") + "/" + present[version]
	}
	return folders, nil
}

func chooseVersions(config *pb.ModelConfig, present map[int64]string) []int64 {
	ascending := slices.Sorted(maps.Keys(present))
	policy := config.GetModelVersionPolicy()
	switch {
	case policy.GetAll() != nil:
		return ascending
	case policy.GetSpecific() != nil:
		return chooseSpecific(config.Name, policy.GetSpecific().Versions, present)
	}
	latest := max(int(policy.GetLatest().GetNumVersions()), 1)
	return ascending[max(len(ascending)-latest, 0):]
}

func chooseSpecific(name string, wanted []int64, present map[int64]string) (chosen []int64) {
	if len(wanted) == 0 {
		logging.Warning(sourceFile+"210", "No specific versions requested for servable %s.", name)
	}
	for _, version := range wanted {
		if _, found := present[version]; found {
			chosen = append(chosen, version)
			continue
		}
		logging.Warning(sourceFile+"272", "Version %d of servable %s, which was requested to be served as a 'specific' version "+
			"in the servable's version policy, was not found in the file system", version, name)
	}
	return chosen
}
