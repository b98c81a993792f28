package aegisotlphttp

import (
	"errors"

	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
)

// Config of the exporter: upstream's otlp_http, and what happens to records that it cannot deliver.
type Config struct {
	otlphttpexporter.Config `mapstructure:",squash"`

	// DeadLetter keeps what the store refuses for good.
	DeadLetter DeadLetterConfig `mapstructure:"dead_letter"`
	// Reserve keeps room on the queue's disk.
	Reserve ReserveConfig `mapstructure:"reserve"`
}

// DeadLetterConfig says where refused batches go.
type DeadLetterConfig struct {
	// Directory holds one file of OTLP JSON lines for each exporter.
	Directory string `mapstructure:"directory"`
	// MaxMegabytes is the size at which the file is rotated.
	MaxMegabytes int64 `mapstructure:"max_megabytes"`
	// MaxFiles is how many rotated files are kept; 0 keeps all.
	MaxFiles int `mapstructure:"max_files"`
}

// ReserveConfig tells the sender to wait while the disk is nearly full: what is queued needs some room
// to be taken out again, and a queue that cannot write loses its place.
type ReserveConfig struct {
	// Directory is on the disk that is watched: the one of the queue. Empty: no check.
	Directory string `mapstructure:"directory"`
	// MinFreeMegabytes is how much must be free for a batch to be accepted.
	MinFreeMegabytes uint64 `mapstructure:"min_free_megabytes"`
}

// Validate checks the configuration.
func (c *Config) Validate() error {
	if c.DeadLetter.Directory == "" {
		return errors.New("dead_letter::directory must be given")
	}
	if c.DeadLetter.MaxMegabytes < 1 {
		return errors.New("dead_letter::max_megabytes must be at least 1")
	}
	if c.DeadLetter.MaxFiles < 0 {
		return errors.New("dead_letter::max_files must not be negative")
	}
	if c.RetryConfig.Enabled && c.RetryConfig.MaxElapsedTime != 0 {
		return errors.New("retry_on_failure::max_elapsed_time must be 0: giving up would lose records")
	}
	return c.Config.Validate()
}
