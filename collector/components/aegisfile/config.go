package aegisfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Config of the exporter.
type Config struct {
	// Path is the file that is being written.
	Path string `mapstructure:"path"`
	// MaxMegabytes is the size at which the file is rotated.
	MaxMegabytes int64 `mapstructure:"max_megabytes"`
	// MaxFiles is how many rotated files are kept; 0 keeps all.
	MaxFiles int `mapstructure:"max_files"`
	// MaxAge is how long a rotated file is kept after its last record; 0 keeps it.
	MaxAge Age `mapstructure:"max_age"`
	// Sidecars makes an index of correlation ids beside each rotated file.
	Sidecars bool `mapstructure:"sidecars"`
	// MinFreeMegabytes is the free space on the disk below which a warning is logged; 0 never does.
	MinFreeMegabytes int64 `mapstructure:"min_free_megabytes"`
	// Fsync makes each batch safe on disk before it is acknowledged.
	Fsync bool `mapstructure:"fsync"`
}

// Validate checks the configuration.
func (c *Config) Validate() error {
	if c.Path == "" {
		return errors.New("path must be given")
	}
	if c.MaxMegabytes < 1 {
		return errors.New("max_megabytes must be at least 1")
	}
	if c.MaxFiles < 0 {
		return errors.New("max_files must not be negative")
	}
	if c.MaxAge < 0 || c.MaxAge > 0 && time.Duration(c.MaxAge) < time.Hour {
		return errors.New("max_age must be 0 or at least 1h, such as 2196d or 36h")
	}
	if c.MinFreeMegabytes < 0 {
		return errors.New("min_free_megabytes must not be negative")
	}
	return nil
}

// Age is a span of time that may be given in days: "2196d" or "36h".
type Age time.Duration

// UnmarshalText reads a span.
func (a *Age) UnmarshalText(text []byte) error {
	word := string(text)
	if days, ok := strings.CutSuffix(word, "d"); ok {
		if count, err := strconv.ParseUint(days, 10, 16); err == nil {
			*a = Age(time.Duration(count) * 24 * time.Hour)
			return nil
		}
	}
	span, err := time.ParseDuration(word)
	if err != nil {
		return fmt.Errorf("%q is no span of time, such as 2196d or 36h", word)
	}
	*a = Age(span)
	return nil
}
