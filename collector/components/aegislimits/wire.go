package aegislimits

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is a type of OTLP's messages, as far as logs have it.
type message uint8

const (
	none message = iota
	exportLogs
	resourceLogs
	resource
	entityRef
	scopeLogs
	scope
	logRecord
	keyValue
	anyValue
	arrayValue
	keyValueList
	messages
)

// fields tells which message a field of a message holds. Source: opentelemetry/proto/logs/v1/logs.proto and
// common/v1/common.proto.
var fields = [messages][8]message{
	exportLogs:   {1: resourceLogs},
	resourceLogs: {1: resource, 2: scopeLogs},
	resource:     {1: keyValue, 3: entityRef},
	scopeLogs:    {1: scope, 2: logRecord},
	scope:        {3: keyValue},
	logRecord:    {5: anyValue, 6: keyValue},
	keyValue:     {2: anyValue},
	anyValue:     {5: arrayValue, 6: keyValueList},
	arrayValue:   {1: anyValue},
	keyValueList: {1: keyValue},
}

// weights are the bytes that a decoded message takes on its way to the queues, beside those of its texts. They are
// measured: TestTheWeightsCoverWhatDecodingTakes.
var weights = [messages]int64{
	resourceLogs: 600, resource: 100, entityRef: 100, scopeLogs: 600, scope: 200, logRecord: 600,
	keyValue: 100, anyValue: 80, arrayValue: 60, keyValueList: 60,
}

const leafWeight = 16

// The messages around a value: request, resource, scope, record, attribute, value. A list is a value and an array
// inside of it; a map is a value, a list and a member inside of it.
const (
	levelsAround  = 6
	levelsOfValue = 3
)

// open is a message that the scan is inside of: its type, and where it ends.
type open struct {
	kind message
	end  int
}

// scanProtobuf measures a request before it is decoded: in one pass, without recursion and without an allocation that
// grows with the request.
func scanProtobuf(data []byte, limits Limits) (size, error) {
	found := size{bytes: int64(len(data))}
	stack := make([]open, 1, 64)
	stack[0] = open{exportLogs, len(data)}
	for at := 0; ; {
		for len(stack) > 0 && at == stack[len(stack)-1].end {
			stack = stack[:len(stack)-1]
		}
		if len(stack) == 0 {
			return found, nil
		}
		inside := stack[len(stack)-1]
		number, kind, n := protowire.ConsumeTag(data[at:inside.end])
		if n < 0 {
			return found, malformed(at)
		}
		at += n
		if kind != protowire.BytesType {
			if kind == protowire.StartGroupType || kind == protowire.EndGroupType {
				return found, malformed(at) // OTLP has no groups, and skipping them would need recursion
			}
			n = protowire.ConsumeFieldValue(number, kind, data[at:inside.end])
			if n < 0 {
				return found, malformed(at)
			}
			at += n
			continue
		}
		length, n := protowire.ConsumeVarint(data[at:inside.end])
		if n < 0 || length > uint64(inside.end-at-n) {
			return found, malformed(at)
		}
		at += n
		child := none
		if int(number) < len(fields[inside.kind]) {
			child = fields[inside.kind][number]
		}
		if child == none {
			found.decoded += leafWeight
			at += int(length)
			continue
		}
		if err := found.count(child, len(stack), limits); err != nil {
			return found, err
		}
		stack = append(stack, open{child, at + int(length)})
	}
}

func (s *size) count(kind message, depth int, limits Limits) error {
	s.decoded += weights[kind]
	switch kind {
	case logRecord:
		s.records++
	case keyValue, anyValue:
		s.values++
	}
	if depth > levelsAround+levelsOfValue*limits.MaxDepth {
		return tooDeep(limits)
	}
	return s.within(limits)
}

func malformed(at int) error {
	return fmt.Errorf("the request is not OTLP in protobuf: byte %d cannot be read", at)
}
