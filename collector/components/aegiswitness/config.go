package aegiswitness

import (
	"errors"
	"fmt"
	"time"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
)

// Config of the processor.
type Config struct {
	// Directory is for the witness' key, what it remembers, and its evidence.
	Directory string `mapstructure:"directory"`
	// Name is that of the witness' key.
	Name string `mapstructure:"name"`
	// TrustedKeys is a file with the node keys whose chains are witnessed (docs/audit-format.md, section 4.4).
	TrustedKeys string `mapstructure:"trusted_keys"`
	// HoldTime is how long a checkpoint waits for the one before it.
	HoldTime time.Duration `mapstructure:"hold_time"`
	// Patience is how long a batch waits at most until what it brought is safe on disk.
	Patience time.Duration `mapstructure:"patience"`
}

// Validate checks the configuration.
func (c *Config) Validate() error {
	switch {
	case c.Directory == "":
		return errors.New("directory: name a folder for the witness' key and what it remembers")
	case !note.ValidName(c.Name):
		return fmt.Errorf("name %.60q: must not be empty, and have neither spaces nor a +", c.Name)
	case c.TrustedKeys == "":
		return errors.New("trusted_keys: name the file with the node keys whose chains are witnessed (AEGIS_WITNESS_TRUSTED_KEYS)")
	case c.HoldTime < 0 || c.Patience < 0:
		return errors.New("hold_time and patience must not be negative")
	}
	return nil
}
