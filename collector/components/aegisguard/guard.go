// Package aegisguard refuses a configuration that lets strangers write, that lets records out unredacted, or in which a
// variable has a value of the wrong kind. See README.md.
package aegisguard

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
)

type converter struct {
	logger *zap.Logger
}

// Convert changes nothing. It returns one error for each thing that it refuses.
func (c converter) Convert(_ context.Context, conf *confmap.Conf) error {
	settings := conf.ToStringMap()
	return errors.Join(slices.Concat(
		badValues(os.LookupEnv), c.openReceivers(settings), c.unredactedPipelines(settings),
	)...)
}

// named reads a list of ids from an environment variable: separated by commas, with or without spaces.
func named(variable string) map[string]bool {
	ids := map[string]bool{}
	for _, id := range strings.Split(os.Getenv(variable), ",") {
		ids[strings.TrimSpace(id)] = true
	}
	delete(ids, "")
	return ids
}
