package aegisfile

import "errors"

// Config of the exporter.
type Config struct {
	// Path is the file that is being written.
	Path string `mapstructure:"path"`
	// MaxMegabytes is the size at which the file is rotated.
	MaxMegabytes int64 `mapstructure:"max_megabytes"`
	// MaxFiles is how many rotated files are kept; 0 keeps all.
	MaxFiles int `mapstructure:"max_files"`
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
	return nil
}
