package aegisroute

import (
	"errors"
	"fmt"
	"strings"
)

// Config of the connector.
type Config struct {
	// Sampling thins out records which are neither audit records nor errors nor warnings.
	Sampling SamplingConfig `mapstructure:"sampling"`
	// Residency keeps records out of stores.
	Residency []ResidencyRule `mapstructure:"residency"`
	// Shapes gives stores a shape which their name does not imply.
	Shapes map[string]Shape `mapstructure:"shapes"`
}

// SamplingConfig says which records are thinned out, and how much.
type SamplingConfig struct {
	// Rate is the share of records that is kept, from 0 to 1.
	Rate float64 `mapstructure:"rate"`
	// Loggers are the logger names that are sampled, with those below them ("urllib3" covers
	// "urllib3.connectionpool"); "*" is all.
	Loggers []string `mapstructure:"loggers"`
}

// ResidencyRule keeps records out of stores by an attribute of theirs.
type ResidencyRule struct {
	// Attribute is an attribute of the record or of its resource, or one of the record's own fields
	// service, environment, level and logger.
	Attribute string `mapstructure:"attribute"`
	// Values are the values which the rule is for; a trailing "*" stands for any rest.
	Values []string `mapstructure:"values"`
	// Stores are those the record is kept out of.
	Stores []string `mapstructure:"stores"`
}

// Shape is how a store gets its records.
type Shape string

// The shapes.
const (
	ShapeLoki       Shape = "loki"       // one JSON line, labels as resource attributes
	ShapeLine       Shape = "line"       // one JSON line
	ShapeProperties Shape = "properties" // the message as body, all fields as attributes
	ShapeIndexed    Shape = "indexed"    // the message as body, all fields as attributes, and nothing else
	ShapeNone       Shape = "none"       // as it came
)

// shapeOfStore are the shapes that names of stores imply.
var shapeOfStore = map[string]Shape{
	"loki":         ShapeLoki,
	"file":         ShapeLine,
	"seq":          ShapeProperties,
	"victorialogs": ShapeIndexed,
}

// Validate checks the configuration.
func (c *Config) Validate() error {
	if !(c.Sampling.Rate >= 0 && c.Sampling.Rate <= 1) {
		return fmt.Errorf("sampling::rate %v: must be from 0 to 1", c.Sampling.Rate)
	}
	for i, rule := range c.Residency {
		if rule.Attribute == "" || len(rule.Values) == 0 || len(rule.Stores) == 0 {
			return fmt.Errorf("residency rule %d: attribute, values and stores must all be given", i+1)
		}
	}
	for store, shape := range c.Shapes {
		switch shape {
		case ShapeLoki, ShapeLine, ShapeProperties, ShapeIndexed, ShapeNone:
		default:
			return fmt.Errorf("shapes::%s %q: must be loki, line, properties, indexed or none", store, shape)
		}
	}
	return nil
}

// class is a sort of records that has a queue of its own.
type class uint8

const (
	classAudit class = iota
	classError
	classRest
	classNonAudit // of a pipeline only: it takes error and rest
	classAll      // of a pipeline only: it takes every record
)

var classNames = [...]string{classAudit: "audit", classError: "error", classRest: "rest", classNonAudit: "nonaudit", classAll: "all"}

// storeAndClass reads the name of a pipeline: "loki-audit" takes the audit records for the store loki,
// "loki-nonaudit" all others, "loki" all records for it.
func storeAndClass(name string) (string, class, error) {
	if name == "" {
		return "", 0, errors.New("a pipeline that aegis_route feeds needs a name: logs/<store> or logs/<store>-<class>")
	}
	for c, suffix := range classNames[:classAll] {
		if store, found := strings.CutSuffix(name, "-"+suffix); found && store != "" {
			return store, class(c), nil
		}
	}
	return name, classAll, nil
}
