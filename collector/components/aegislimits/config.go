package aegislimits

import (
	"errors"
	"time"
)

// Config of the extension.
type Config struct {
	Limits `mapstructure:",squash"`
	// MaxInFlightMiB is the memory that all requests in flight may take together, by an estimate.
	MaxInFlightMiB int `mapstructure:"max_in_flight_mib"`
	// MaxRequests is the number of gRPC requests in flight.
	MaxRequests int `mapstructure:"max_requests"`
	// Timeout is how long one gRPC request may take, from its first byte to its answer.
	Timeout time.Duration `mapstructure:"timeout"`
}

// Validate is called by the Collector.
func (c *Config) Validate() error {
	if c.MaxRecords < 1 || c.MaxValues < 1 || c.MaxDepth < 1 || c.MaxInFlightMiB < 1 || c.MaxRequests < 1 {
		return errors.New("each limit must be at least 1")
	}
	if c.Timeout <= 0 {
		return errors.New("timeout must be more than 0")
	}
	return nil
}
