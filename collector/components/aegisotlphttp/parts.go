package aegisotlphttp

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/diskqueue"
)

// Field numbers of OTLP (opentelemetry/proto/collector/logs/v1/logs_service.proto and opentelemetry/proto/logs/v1/logs.proto).
const (
	fieldResourceLogs = 1 // of ExportLogsServiceRequest
	fieldScopeLogs    = 2 // of ResourceLogs
	fieldLogRecords   = 2 // of ScopeLogs

	lengthDelimited = 2 // the wire type of all fields of these three messages

	// wrapping is at most what a group of records needs around it: two tags and two lengths.
	wrapping = 2 * (1 + binary.MaxVarintLen32)
)

var errNoRequest = errors.New("no OTLP log request")

// limits of a part.
type limits struct{ bytes, records int }

var noLimits = limits{bytes: math.MaxInt, records: math.MaxInt}

// parts divides an encoded request into requests within limits, without decoding a record; only a single record may be
// larger. The records keep their order, their resource and their scope. The parts are written into buffer, one after the
// other; it is returned as far as it had to grow, to be used again once they are not needed any more.
func parts(request []byte, limit limits, buffer []byte) ([]diskqueue.Item, []byte, error) {
	var done []diskqueue.Item
	buffer = slices.Grow(buffer[:0], len(request)+len(request)/8+wrapping)
	start, count := 0, 0 // of the part at hand
	flush := func() {
		if count > 0 {
			done = append(done, diskqueue.Item{Data: buffer[start:len(buffer):len(buffer)], Records: count})
			start, count = len(buffer), 0
		}
	}
	head, resources, err := separate(request, fieldResourceLogs)
	if err != nil || len(head) > 0 {
		return nil, buffer, errNoRequest
	}
	for _, resource := range resources {
		resourceHead, scopes, err := separate(inside(resource), fieldScopeLogs)
		if err != nil {
			return nil, buffer, err
		}
		for _, scope := range scopes {
			scopeHead, records, err := separate(inside(scope), fieldLogRecords)
			if err != nil {
				return nil, buffer, err
			}
			for len(records) > 0 {
				size := len(buffer) - start + len(resourceHead) + len(scopeHead) + wrapping
				n := 0
				for n < len(records) && count+n < limit.records &&
					(size+len(records[n]) <= limit.bytes || count+n == 0) {
					size += len(records[n])
					n++
				}
				if n == 0 {
					flush()
					continue
				}
				buffer = appendGroup(buffer, resourceHead, scopeHead, records[:n])
				count += n
				records = records[n:]
			}
		}
	}
	flush()
	return done, buffer, nil
}

// halves divides a request into two of about the same number of records; nil where it has but one.
func halves(request []byte) []diskqueue.Item {
	whole, _, err := parts(request, noLimits, nil)
	if err != nil || len(whole) != 1 || whole[0].Records < 2 {
		return nil
	}
	both, _, err := parts(request, limits{bytes: math.MaxInt, records: (whole[0].Records + 1) / 2}, nil)
	if err != nil {
		return nil
	}
	return both
}

// separate returns the fields of a message that have a number, each with its tag and length, and all others.
func separate(message []byte, number uint64) (others []byte, fields [][]byte, err error) {
	for rest := message; len(rest) > 0; {
		tag, tagLength := binary.Uvarint(rest)
		if tagLength <= 0 || tag&7 != lengthDelimited {
			return nil, nil, errNoRequest
		}
		length, lengthLength := binary.Uvarint(rest[tagLength:])
		if lengthLength <= 0 || length > uint64(len(rest)-tagLength-lengthLength) {
			return nil, nil, errNoRequest
		}
		field := rest[:tagLength+lengthLength+int(length)]
		if tag>>3 == number {
			fields = append(fields, field)
		} else {
			others = append(others, field...)
		}
		rest = rest[len(field):]
	}
	return others, fields, nil
}

// inside returns a field without its tag and length, which separate has checked.
func inside(field []byte) []byte {
	_, tagLength := binary.Uvarint(field)
	_, lengthLength := binary.Uvarint(field[tagLength:])
	return field[tagLength+lengthLength:]
}

func appendGroup(to, resourceHead, scopeHead []byte, records [][]byte) []byte {
	scope := len(scopeHead)
	for _, record := range records {
		scope += len(record)
	}
	resource := len(resourceHead) + 1 + uvarintLength(scope) + scope
	to = binary.AppendUvarint(to, fieldResourceLogs<<3|lengthDelimited)
	to = binary.AppendUvarint(to, uint64(resource))
	to = append(to, resourceHead...)
	to = binary.AppendUvarint(to, fieldScopeLogs<<3|lengthDelimited)
	to = binary.AppendUvarint(to, uint64(scope))
	to = append(to, scopeHead...)
	for _, record := range records {
		to = append(to, record...)
	}
	return to
}

func uvarintLength(value int) int {
	n := 1
	for value >= 0x80 {
		value >>= 7
		n++
	}
	return n
}
