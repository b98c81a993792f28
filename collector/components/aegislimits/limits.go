package aegislimits

import "fmt"

// Limits of one request.
type Limits struct {
	// MaxRecords is the number of log records in a request.
	MaxRecords int `mapstructure:"max_records"`
	// MaxValues is the number of attributes and values in a request, at any depth, in bodies too.
	MaxValues int `mapstructure:"max_values"`
	// MaxDepth is the number of maps and lists inside each other in an attribute or a body.
	MaxDepth int `mapstructure:"max_depth"`
}

// size is what a request would take.
type size struct {
	bytes   int64 // as it came, decompressed
	decoded int64 // estimated bytes of its messages in memory, beside its texts
	records int
	values  int
}

// memory is an estimate of the bytes that a request takes from here to the queues on disk.
func (s size) memory() int64 { return 2*s.bytes + s.decoded }

func (s size) within(limits Limits) error {
	switch {
	case s.records > limits.MaxRecords:
		return fmt.Errorf("the request has more than %d log records (max_records)", limits.MaxRecords)
	case s.values > limits.MaxValues:
		return fmt.Errorf("the request has more than %d attributes and values (max_values)", limits.MaxValues)
	}
	return nil
}

func tooDeep(limits Limits) error {
	return fmt.Errorf("the request has values more than %d levels deep (max_depth)", limits.MaxDepth)
}
