package aegisguard

import (
	"fmt"
	"maps"
	"math"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// kind is a form that the value of an environment variable must have.
type kind struct {
	is    string
	holds func(text string) bool
}

var (
	number   = kind{"a number, zero or more", isNumber}
	boolean  = kind{"true or false", func(text string) bool { return text == "true" || text == "false" }}
	duration = kind{"a duration such as 30s or 5m", regexp.MustCompile(`^(\d+(\.\d*)?(ns|us|µs|ms|s|m|h|d))+$|^0$`).MatchString}
	address  = kind{"host:port or the path of a Unix socket", isListenAddress}
	webURL   = kind{"a URL such as http://host:port", isWebURL}
)

func oneOf(choices ...string) kind {
	return kind{"one of " + strings.Join(choices, ", "), func(text string) bool {
		return slices.ContainsFunc(choices, func(choice string) bool { return strings.EqualFold(choice, text) })
	}}
}

func isNumber(text string) bool {
	if whole, err := strconv.ParseInt(text, 0, 64); err == nil {
		return whole >= 0
	}
	value, err := strconv.ParseFloat(text, 64)
	return err == nil && value >= 0 && !math.IsInf(value, 0)
}

func isListenAddress(text string) bool {
	if strings.HasPrefix(text, "/") || strings.HasPrefix(text, "unix:") {
		return true
	}
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func isWebURL(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != ""
}

// badValues returns an error for each variable of our configuration that is set to a value of the wrong kind. An empty
// value counts as not set: compose files pass variables on that way. The error does not show a URL, which can hold a
// password.
func badValues(lookup func(string) (string, bool)) []error {
	var refusals []error
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		wanted := variables[name]
		text, set := lookup(name)
		text = strings.TrimSpace(text)
		if !set || text == "" || wanted.holds(text) {
			continue
		}
		shown := fmt.Sprintf("%s=%.40q", name, text)
		if strings.Contains(text, "://") || strings.Contains(text, "@") {
			shown = name
		}
		refusals = append(refusals, fmt.Errorf("%s: expected %s", shown, wanted.is))
	}
	return refusals
}
