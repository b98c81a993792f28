package aegisredact

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/ruleset"
)

// repeats are the secrets of one record which were found by their mark, so that they are masked where they stand a
// second time without it.
type repeats struct {
	secrets []repeated // the longest first
}

type repeated struct {
	text string
	kind int
}

// add takes a secret in, if it is one that no other text has by chance.
func (r *repeats) add(kind int, secret string) {
	if len(r.secrets) >= contract.Repeated {
		return
	}
	secret = strings.TrimSpace(secret)
	if n := utf8.RuneCountInString(secret); n < contract.OpaqueLeast || n > contract.RepeatedLength || !ruleset.Opaque(secret, 0, len(secret)) {
		return
	}
	for _, known := range r.secrets {
		if known.text == secret {
			return
		}
	}
	r.secrets = append(r.secrets, repeated{text: secret, kind: kind})
}

// hide masks these secrets in a text, wherever they stand by themselves.
func (e *engine) hide(r *repeats, text string) (string, bool) {
	if !slices.ContainsFunc(r.secrets, func(s repeated) bool { return strings.Contains(text, s.text) }) {
		return text, false
	}
	longestFirst := slices.Clone(r.secrets)
	slices.SortStableFunc(longestFirst, func(a, b repeated) int {
		if n := utf8.RuneCountInString(b.text) - utf8.RuneCountInString(a.text); n != 0 {
			return n
		}
		return strings.Compare(a.text, b.text)
	})
	var out strings.Builder
	done, changed := 0, false
	for position := 0; position < len(text); {
		found := slices.IndexFunc(longestFirst, func(s repeated) bool { return strings.HasPrefix(text[position:], s.text) })
		if found < 0 {
			position++
			continue
		}
		start, secret := position, longestFirst[found]
		position += len(secret.text)
		if !chars.IsAlnum(chars.At(text, start-1)) && !chars.IsAlnum(chars.At(text, position)) {
			out.WriteString(text[done:start])
			out.WriteString(e.mask(secret.kind, secret.text))
			done, changed = position, true
		}
	}
	if !changed {
		return text, false
	}
	out.WriteString(text[done:])
	return out.String(), true
}

// hideIn masks these secrets in all texts of a value.
func (e *engine) hideIn(r *repeats, value pcommon.Value) {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		if hidden, changed := e.hide(r, value.Str()); changed {
			value.SetStr(hidden)
		}
	case pcommon.ValueTypeBytes:
		if hidden, changed := e.hide(r, bytesText(value)); changed {
			value.SetStr(hidden)
		}
	case pcommon.ValueTypeMap:
		for _, member := range value.Map().All() {
			e.hideIn(r, member)
		}
	case pcommon.ValueTypeSlice:
		for _, item := range value.Slice().All() {
			e.hideIn(r, item)
		}
	}
}
