package rest

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"model_server/internal/pb"
)

// The paths of the API. Letter case does not matter in them, and a query counts as part of what stands last.
var (
	anyPath       = regexp.MustCompile(`^(?i:/v1/.*)$`)
	inferencePath = regexp.MustCompile(`^(?i:/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?:(classify|regress|predict))$`)
	statusPath    = regexp.MustCompile(`^(?i:/v1/models(?:/([^/:]+))?(?:/versions/(\d+)|/labels/([^/:]+))?(?:/(metadata))?)$`)
)

// route is what a path asks for.
type route struct {
	spec *pb.ModelSpec
	verb string // classify, regress or predict as written, or metadata, or nothing
}

// parseRoute returns nil for a path that the method does not know.
func parseRoute(method, path string) (*route, error) {
	var match []string
	switch method {
	case "POST":
		match = inferencePath.FindStringSubmatch(path)
	case "GET":
		match = statusPath.FindStringSubmatch(path)
	}
	// A verb in another letter case matches the path, but is not one that the real server knows.
	if match == nil || (method == "POST" && match[4] != strings.ToLower(match[4])) {
		return nil, nil
	}
	name, err := url.PathUnescape(match[1])
	if err != nil {
		name = match[1]
	}
	r := &route{spec: &pb.ModelSpec{Name: name}, verb: match[4]}
	if match[2] != "" {
		version, err := strconv.ParseInt(match[2], 10, 64)
		if err != nil {
			return nil, invalid("Failed to convert version: %s to numeric.", match[2])
		}
		r.spec.VersionChoice = &pb.ModelSpec_Version{Version: wrapperspb.Int64(version)}
	}
	if match[3] != "" {
		label, err := url.PathUnescape(match[3])
		if err != nil {
			label = match[3]
		}
		r.spec.VersionChoice = &pb.ModelSpec_VersionLabel{VersionLabel: label}
	}
	return r, nil
}
