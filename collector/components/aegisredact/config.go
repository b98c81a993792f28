package aegisredact

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
)

// KeyRule masks the whole value of the keys which its names match.
type KeyRule struct {
	// Kind names what is masked; it appears in the mask.
	Kind string `mapstructure:"kind"`
	// Names are key names, as words in any notation.
	Names []string `mapstructure:"names"`
	// Text says how far an unquoted value reaches in plain text: "token" (default) or "line".
	Text string `mapstructure:"text"`
}

// ValueRule masks what a pattern matches, wherever it occurs.
type ValueRule struct {
	// Kind names what is masked; it appears in the mask.
	Kind string `mapstructure:"kind"`
	// Pattern is a regular expression in RE2 syntax.
	Pattern string `mapstructure:"pattern"`
	// Group is the number of the capture group which is masked, 0 for the whole match.
	Group int `mapstructure:"group"`
	// Check is a further test of the masked part: "none" (default), "luhn" or "ssn".
	Check string `mapstructure:"check"`
	// Literals are hints for other engines; this one reads them off the pattern.
	Literals []string `mapstructure:"literals"`
	// Needs are hints for other engines, as Literals.
	Needs []string `mapstructure:"needs"`
}

// RuleSet is what an operator's file may hold; the processor's own configuration holds it as well.
type RuleSet struct {
	// Disable switches kinds off.
	Disable []string `mapstructure:"disable"`
	// Enable switches kinds on again that Disable names.
	Enable []string `mapstructure:"enable"`
	// Keys are rules by key.
	Keys []KeyRule `mapstructure:"keys"`
	// AllowKeys are keys whose value is never masked because of its key.
	AllowKeys []string `mapstructure:"allow_keys"`
	// Values are rules by value, the most important first.
	Values []ValueRule `mapstructure:"values"`
	// ProseValues are words which stand after a secret key in prose ("token: expired").
	ProseValues []string `mapstructure:"prose_values"`
	// AuditKeys are the attributes of audit records which no key rule masks.
	AuditKeys []string `mapstructure:"audit_keys"`
}

// Config of the processor.
type Config struct {
	// Mask replaces a secret; {kind} stands for the kind of the rule.
	Mask string `mapstructure:"mask"`
	// HashKey, when set, adds a keyed hash of the secret to the mask, so that records can be joined.
	HashKey configopaque.String `mapstructure:"hash_key"`
	// RulesFile is a YAML file with a further RuleSet, added to the one here.
	RulesFile string `mapstructure:"rules_file"`
	// MaxDepth is how deep values may nest; what lies deeper is masked.
	MaxDepth int `mapstructure:"max_depth"`
	// MaxTextBytes is how long one text may be; a longer one is masked as a whole.
	MaxTextBytes int `mapstructure:"max_text_bytes"`

	RuleSet `mapstructure:",squash"`
}

// Validate compiles all rules, so that a wrong one stops the start.
func (c *Config) Validate() error {
	_, err := newEngine(c)
	return err
}

// withFile returns the rules of the configuration and of its rules file together.
func (c *Config) withFile() (RuleSet, error) {
	rules := c.RuleSet
	if c.RulesFile == "" {
		return rules, nil
	}
	extra, err := readRules(c.RulesFile)
	if err != nil {
		return RuleSet{}, fmt.Errorf("rules_file %q: %w", c.RulesFile, err)
	}
	rules.Disable = concat(rules.Disable, extra.Disable)
	rules.Enable = concat(rules.Enable, extra.Enable)
	rules.Keys = concat(extra.Keys, rules.Keys)
	rules.AllowKeys = concat(rules.AllowKeys, extra.AllowKeys)
	rules.Values = concat(rules.Values, extra.Values)
	rules.ProseValues = concat(rules.ProseValues, extra.ProseValues)
	rules.AuditKeys = concat(rules.AuditKeys, extra.AuditKeys)
	return rules, nil
}

func readRules(path string) (RuleSet, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return RuleSet{}, errors.Unwrap(err)
	}
	retrieved, err := confmap.NewRetrievedFromYAML(text)
	if err != nil {
		return RuleSet{}, err
	}
	conf, err := retrieved.AsConf()
	if err != nil {
		return RuleSet{}, err
	}
	var rules RuleSet
	if err := conf.Unmarshal(&rules); err != nil {
		return RuleSet{}, err
	}
	return rules, nil
}

func concat[T any](first, second []T) []T {
	return append(append(make([]T, 0, len(first)+len(second)), first...), second...)
}

// trimmedSet turns a list of names into a set; empty names, which an unset variable leaves, are skipped.
func trimmedSet(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		if name = strings.TrimSpace(name); name != "" {
			set[name] = true
		}
	}
	return set
}
