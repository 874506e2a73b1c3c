package rest

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/model"
	"model_server/internal/pb"
)

// writer lays JSON out as the real server does: four spaces an indent, and while singleLine is set the items of an array
// follow each other on one line.
type writer struct {
	text       []byte
	levels     []level
	singleLine bool
}

type level struct {
	array bool
	count int // values so far; in an object names count too
}

func (w *writer) indent() {
	w.text = append(w.text, '\n')
	for range w.levels {
		w.text = append(w.text, "    "...)
	}
}

// prefix writes what stands before a value or a name.
func (w *writer) prefix() {
	if len(w.levels) == 0 {
		return
	}
	top := &w.levels[len(w.levels)-1]
	switch {
	case top.array:
		if top.count > 0 {
			w.text = append(w.text, ',')
			if w.singleLine {
				w.text = append(w.text, ' ')
			}
		}
		if !w.singleLine {
			w.indent()
		}
	case top.count%2 == 1:
		w.text = append(w.text, ": "...)
	default:
		if top.count > 0 {
			w.text = append(w.text, ',')
		}
		w.indent()
	}
	top.count++
}

func (w *writer) open(bracket byte) {
	w.prefix()
	w.text = append(w.text, bracket)
	w.levels = append(w.levels, level{array: bracket == '['})
}

func (w *writer) close() {
	top := w.levels[len(w.levels)-1]
	w.levels = w.levels[:len(w.levels)-1]
	if top.count > 0 && !(top.array && w.singleLine) {
		w.indent()
	}
	if top.array {
		w.text = append(w.text, ']')
	} else {
		w.text = append(w.text, '}')
	}
}

func (w *writer) raw(text string) {
	w.prefix()
	w.text = append(w.text, text...)
}

const hexDigits = "0123456789ABCDEF"

func (w *writer) string(text string) {
	w.prefix()
	w.text = append(w.text, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			w.text = append(w.text, '\\', c)
		case c >= 0x20:
			w.text = append(w.text, c)
		case strings.IndexByte("\b\f\n\r\t", c) >= 0:
			w.text = append(w.text, '\\', "btn?fr"[c-'\b'])
		default:
			w.text = append(w.text, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	w.text = append(w.text, '"')
}

// decimal writes a number with a fraction or an exponent: 2.0, 9e+06, 0.333333343.
func (w *writer) decimal(number float64, bits int) {
	switch {
	case math.IsNaN(number):
		w.raw("NaN")
	case math.IsInf(number, 1):
		w.raw("Infinity")
	case math.IsInf(number, -1):
		w.raw("-Infinity")
	default:
		text := strconv.FormatFloat(number, 'g', 6, bits)
		if back, _ := strconv.ParseFloat(text, bits); back != number {
			text = strconv.FormatFloat(number, 'g', map[int]int{32: 9, 64: 17}[bits], bits)
		}
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		w.raw(text)
	}
}

func (w *writer) element(t *pb.TensorProto, asBytes bool, at int) error {
	switch t.Dtype {
	case pb.DataType_DT_FLOAT:
		w.decimal(float64(t.FloatVal[at]), 32)
	case pb.DataType_DT_DOUBLE:
		w.decimal(t.DoubleVal[at], 64)
	case pb.DataType_DT_INT32, pb.DataType_DT_INT16, pb.DataType_DT_INT8, pb.DataType_DT_UINT8:
		w.raw(strconv.FormatInt(int64(t.IntVal[at]), 10))
	case pb.DataType_DT_INT64:
		w.raw(strconv.FormatInt(t.Int64Val[at], 10))
	case pb.DataType_DT_UINT32:
		w.raw(strconv.FormatUint(uint64(t.Uint32Val[at]), 10))
	case pb.DataType_DT_UINT64:
		w.raw(strconv.FormatUint(t.Uint64Val[at], 10))
	case pb.DataType_DT_BOOL:
		w.raw(strconv.FormatBool(t.BoolVal[at]))
	case pb.DataType_DT_STRING:
		if !asBytes {
			w.string(string(t.StringVal[at]))
			break
		}
		w.open('{')
		w.string("b64")
		w.string(base64.StdEncoding.EncodeToString(t.StringVal[at]))
		w.close()
	default:
		return status.Errorf(codes.InvalidArgument, "Failed to write JSON value for tensor type: %s", model.TypeName(t.Dtype))
	}
	return nil
}

// tensor writes the values from *at on, from a dimension inwards.
func (w *writer) tensor(t *pb.TensorProto, asBytes bool, dimension int, at *int) error {
	dims := t.GetTensorShape().GetDim()
	if dimension >= len(dims) {
		*at++
		return w.element(t, asBytes, *at-1)
	}
	w.open('[')
	for range dims[dimension].Size {
		if err := w.tensor(t, asBytes, dimension+1, at); err != nil {
			return err
		}
	}
	w.close()
	return nil
}

// asBytes says whether REST writes a tensor's strings in base64.
func asBytes(name string, t *pb.TensorProto) bool {
	return t.Dtype == pb.DataType_DT_STRING && strings.HasSuffix(name, "_bytes")
}
