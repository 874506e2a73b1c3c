package inference

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the checksum of TFRecord files.
func maskedCRC(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// records reads a TFRecord file: each record is its length, the length's checksum, the data and the data's checksum.
type records struct {
	from   *bufio.Reader
	offset int64
}

// next returns io.EOF after the last record.
func (r *records) next() ([]byte, error) {
	var header [12]byte
	if _, err := io.ReadFull(r.from, header[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, status.Errorf(codes.DataLoss, "truncated record at %d", r.offset)
	}
	length := binary.LittleEndian.Uint64(header[:8])
	if maskedCRC(header[:8]) != binary.LittleEndian.Uint32(header[8:]) {
		return nil, status.Errorf(codes.DataLoss, "corrupted record at %d", r.offset)
	}
	data, err := io.ReadAll(io.LimitReader(r.from, int64(length)+4))
	if err != nil || uint64(len(data)) != length+4 {
		return nil, status.Errorf(codes.DataLoss, "truncated record at %d", r.offset)
	}
	if maskedCRC(data[:length]) != binary.LittleEndian.Uint32(data[length:]) {
		return nil, status.Errorf(codes.DataLoss, "corrupted record at %d", r.offset)
	}
	r.offset += int64(length) + 16
	return data[:length], nil
}
