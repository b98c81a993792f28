package aegisredact

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
)

// KeyRule masks the values of the keys which its names match.
type KeyRule struct {
	// Kind names what is masked; it appears in the mask.
	Kind string `mapstructure:"kind"`
	// Names are key names, as words in any notation.
	Names []string `mapstructure:"names"`
	// Text says how far an unquoted value reaches in plain text: "token" (default), "words" (a name or an
	// address), "date", or "line".
	Text string `mapstructure:"text"`
	// Exact: the whole key must be the name, not just its last words.
	Exact bool `mapstructure:"exact"`
	// Glued: names of six letters or more also match the end of a word (PGPASSWORD). On by default.
	Glued *bool `mapstructure:"glued"`
	// Quoted: in plain text the key must be quoted, as in JSON.
	Quoted bool `mapstructure:"quoted"`
	// NotNumber: a number is no secret.
	NotNumber bool `mapstructure:"not_number"`
	// MinDigits: the value must have at least so many digits.
	MinDigits int `mapstructure:"min_digits"`
	// Opaque: in prose ("session: active") the value must look like a secret.
	Opaque bool `mapstructure:"opaque"`
	// Value is a pattern that the value must match; maps and lists are then gone through as under any other key.
	Value string `mapstructure:"value"`
}

// ValueRule masks what a pattern matches, wherever it occurs.
type ValueRule struct {
	// Kind names what is masked; it appears in the mask. It may be empty when Key is set.
	Kind string `mapstructure:"kind"`
	// Pattern is a regular expression in RE2 syntax.
	Pattern string `mapstructure:"pattern"`
	// Group is the number of the capture group which is masked, 0 for the whole match.
	Group int `mapstructure:"group"`
	// Key is the number of the capture group that must be a secret key; its rule gives the kind.
	Key int `mapstructure:"key"`
	// Check is a further test of the masked part, by name.
	Check string `mapstructure:"check"`
	// Literals are hints for other engines; this one reads them off the pattern.
	Literals []string `mapstructure:"literals"`
	// Digits is a hint for other engines, as Literals.
	Digits bool `mapstructure:"digits"`
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
	// Neutral are words at the end of a key that change nothing (passwordHash).
	Neutral []string `mapstructure:"neutral"`
	// ProseValues are values that are never secret ("token: expired").
	ProseValues []string `mapstructure:"prose_values"`
	// NotSecret is a pattern for values, as a whole, that are placeholders ("$1", "****").
	NotSecret string `mapstructure:"not_secret"`
	// AuditKeys are the attributes of audit records which no key rule masks.
	AuditKeys []string `mapstructure:"audit_keys"`
	// AuditWho are those of them where e-mail addresses and telephone numbers stay readable as well.
	AuditWho []string `mapstructure:"audit_who"`
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
	rules.Values = concat(extra.Values, rules.Values)
	rules.Neutral = concat(rules.Neutral, extra.Neutral)
	rules.ProseValues = concat(rules.ProseValues, extra.ProseValues)
	rules.AuditKeys = concat(rules.AuditKeys, extra.AuditKeys)
	rules.AuditWho = concat(rules.AuditWho, extra.AuditWho)
	switch {
	case rules.NotSecret == "":
		rules.NotSecret = extra.NotSecret
	case extra.NotSecret != "":
		rules.NotSecret += "|" + extra.NotSecret
	}
	return rules, nil
}

// checkKinds returns an error that names the kinds which no rule has.
func (r *RuleSet) checkKinds(kinds []string) error {
	known := map[string]bool{}
	for _, rule := range r.Keys {
		known[rule.Kind] = true
	}
	for _, rule := range r.Values {
		known[rule.Kind] = true
	}
	delete(known, "")
	for _, name := range kinds {
		if name = strings.TrimSpace(name); name != "" && !known[name] {
			return fmt.Errorf("no rule has the kind %q; known are %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	return nil
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
