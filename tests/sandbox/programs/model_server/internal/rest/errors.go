package rest

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/model"
	"model_server/internal/pb"
)

const debugLimit = 256 // bytes of a value that an error message quotes

// debug is a value for an error message, cut off after debugLimit bytes.
func debug(v *value) string {
	w := &writer{singleLine: true}
	w.limited(v)
	return string(w.text)
}

func (w *writer) limited(v *value) bool {
	if len(w.text) >= debugLimit {
		return false
	}
	switch v.kind {
	case object, array:
		w.open(map[kind]byte{object: '{', array: '['}[v.kind])
		for i := range v.items {
			if v.kind == object {
				w.string(v.names[i])
			}
			if !w.limited(&v.items[i]) {
				return false
			}
		}
		w.close()
	case stringValue:
		w.string(v.text)
	case number:
		w.raw(v.text)
	default:
		w.raw(strings.ToLower(string(v.kind)))
	}
	return true
}

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

func formatError(v *value, message string) error {
	return invalid("JSON Value: %s %s", debug(v), message)
}

func typeError(v *value, dtype pb.DataType) error {
	return invalid("JSON Value: %s Type: %s is not of expected type: %s", debug(v), v.kind, model.TypeName(dtype))
}
