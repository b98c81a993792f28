package aegisredact

import (
	"regexp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/ruleset"
)

// Some values have their key beside them: {"name": "Authorization", "value": "…"}, ["authorization", "…"],
// ["--password", "…"], FHIR's identifiers with a system, code or type.

// What a key looks like as a value: a name, a flag, or a reference such as http://hl7.org/fhir/sid/us-ssn.
var (
	keyName      = regexp.MustCompile(`\A[A-Za-z0-9_.\- ]{1,64}\z`)
	keyFlag      = regexp.MustCompile(`\A-{1,2}[A-Za-z][A-Za-z0-9_\-]{0,62}\z`)
	keyReference = regexp.MustCompile(`\A[A-Za-z0-9_.\-:/# ]{1,200}\z`)
)

func isValueField(key string) bool { return slices.Contains(contract.ValueFields, key) }

// isHumanName says whether a map is FHIR's HumanName.
func isHumanName(m pcommon.Map) bool {
	return slices.ContainsFunc(contract.HumanNameMembers, func(member string) bool {
		_, ok := m.Get(member)
		return ok
	})
}

// neighbourRule returns the rule for the value of a map that names its key in another member.
func (e *engine) neighbourRule(m pcommon.Map) *ruleset.Key {
	hasValue := false
	m.Range(func(key string, _ pcommon.Value) bool {
		hasValue = isValueField(key)
		return !hasValue
	})
	if !hasValue {
		return nil
	}
	for _, field := range contract.NameFields {
		named, ok := m.Get(field)
		if !ok {
			continue
		}
		for _, text := range textsOf(named, contract.NeighbourDepth, nil) {
			if kind := contract.FHIRCodes[text]; kind != "" && (field == "type" || field == "code") {
				return e.byKind[kind]
			}
			if keyReference.MatchString(text) {
				if rule := e.keys.Match(text); rule != nil && !rule.Exact {
					return rule
				}
			}
		}
	}
	return nil
}

func textsOf(value pcommon.Value, depth int, texts []string) []string {
	left := contract.NeighbourValues
	switch value.Type() {
	case pcommon.ValueTypeStr:
		return append(texts, value.Str())
	case pcommon.ValueTypeMap:
		if depth == 0 {
			return texts
		}
		value.Map().Range(func(_ string, member pcommon.Value) bool {
			texts = textsOf(member, depth-1, texts)
			left--
			return left > 0
		})
	case pcommon.ValueTypeSlice:
		if depth == 0 {
			return texts
		}
		for i := range min(left, value.Slice().Len()) {
			texts = textsOf(value.Slice().At(i), depth-1, texts)
		}
	}
	return texts
}

// pairRule returns the rule for the second of a pair such as ("authorization", "Bearer …").
func (w *walk) pairRule(s pcommon.Slice) *ruleset.Key {
	key := ""
	switch first := s.At(0); {
	case first.Type() == pcommon.ValueTypeStr:
		key = first.Str()
	case first.Type() == pcommon.ValueTypeBytes && !w.json:
		key = bytesText(first)
	}
	if !keyName.MatchString(key) {
		return nil
	}
	rule := w.keys.Match(key)
	if second := s.At(1); rule != nil && second.Type() == pcommon.ValueTypeStr && w.namesField(second.Str()) {
		return nil
	}
	return rule
}

// command masks in a list of a command's arguments what only the whole command shows: ["curl", "-u", "bob:…"].
func (w *walk) command(s pcommon.Slice, r reader) {
	length, isCommand := 0, false
	for _, item := range s.All() {
		if item.Type() != pcommon.ValueTypeStr {
			return
		}
		length += len(item.Str()) + 1
		isCommand = isCommand || strings.HasPrefix(item.Str(), "-")
	}
	if s.Len() < 2 || !isCommand || length > contract.Command {
		return
	}
	var line strings.Builder
	for i, item := range s.All() {
		if i > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(item.Str())
	}
	found, _ := w.scan(line.String())
	if !w.suspicious(found) {
		return
	}
	spans := w.find(line.String(), found, r)
	end := 0
	for _, item := range s.All() {
		text := item.Str()
		start := end
		end += len(text) + 1
		var inside []span
		for _, one := range spans {
			if one.start < end-1 && one.end > start {
				one.start, one.end = max(one.start-start, 0), min(one.end-start, len(text))
				inside = append(inside, one)
			}
		}
		if inside != nil {
			w.set(item, w.splice(text, inside, r))
		}
	}
}

// flagRule returns the rule for what follows a command line's --password.
func (e *engine) flagRule(item string) *ruleset.Key {
	if !strings.HasPrefix(item, "-") || !keyFlag.MatchString(item) {
		return nil
	}
	return e.keys.Match(strings.TrimLeft(item, "-"))
}
