package rest

import (
	"maps"
	"slices"

	"model_server/internal/pb"
)

// rowsOf writes outputs in the row format.
func rowsOf(outputs map[string]*pb.TensorProto) ([]byte, error) {
	names, batch := slices.Sorted(maps.Keys(outputs)), int64(-1)
	offsets := make([]int, len(names))
	for _, name := range names {
		dims := outputs[name].GetTensorShape().GetDim()
		if len(dims) == 0 {
			return nil, invalid("Tensor name: %s has no shape information ", name)
		}
		if batch >= 0 && batch != dims[0].Size {
			return nil, invalid("Tensor name: %s has inconsistent batch size: %d expecting: %d", name, dims[0].Size, batch)
		}
		batch = dims[0].Size
	}
	w := &writer{}
	w.open('{')
	w.string("predictions")
	w.open('[')
	for range batch {
		if len(names) > 1 {
			w.open('{')
		}
		w.singleLine = true
		for i, name := range names {
			if len(names) > 1 {
				w.string(name)
			}
			if err := w.tensor(outputs[name], asBytes(name, outputs[name]), 1, &offsets[i]); err != nil {
				return nil, err
			}
		}
		w.singleLine = false
		if len(names) > 1 {
			w.close()
		}
	}
	w.close()
	w.close()
	return w.text, nil
}

// columnsOf writes outputs in the columnar format.
func columnsOf(outputs map[string]*pb.TensorProto) ([]byte, error) {
	names := slices.Sorted(maps.Keys(outputs))
	w := &writer{}
	w.open('{')
	w.string("outputs")
	if len(names) > 1 {
		w.open('{')
	}
	for _, name := range names {
		if len(names) > 1 {
			w.string(name)
		}
		if err := w.tensor(outputs[name], asBytes(name, outputs[name]), 0, new(int)); err != nil {
			return nil, err
		}
	}
	if len(names) > 1 {
		w.close()
	}
	w.close()
	return w.text, nil
}
