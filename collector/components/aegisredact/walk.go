package aegisredact

import (
	"math"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/jsontext"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/ruleset"
)

// walk goes through the values of one record, or of one JSON text. In a JSON text numbers are kept as they
// were written, as bytes, which JSON does not have.
type walk struct {
	*engine
	json    bool
	nodes   int
	changed bool
	parent  string // The key that the map or list at hand stands under, in the singular.
}

func (e *engine) newWalk(json bool) *walk { return &walk{engine: e, json: json} }

// redactJSON redacts a text that is one JSON object or array. ok is false when it is not.
func (e *engine) redactJSON(text string, depth int, r reader) (out string, changed, ok bool) {
	root, ok := jsontext.Parse(text)
	if !ok {
		return "", false, false
	}
	w := e.newWalk(true)
	w.any(root, depth+1, nil, r)
	if !w.changed {
		return "", false, true
	}
	return string(jsontext.Append(make([]byte, 0, len(text)), root)), true, true
}

func (w *walk) body(value pcommon.Value, r reader) {
	w.parent = ""
	w.any(value, 0, nil, r)
}

func (w *walk) attributes(m pcommon.Map, audit bool, r reader) {
	w.parent = ""
	w.members(m, 0, nil, audit, r)
}

// set replaces a value by a text.
func (w *walk) set(value pcommon.Value, text string) {
	value.SetStr(text)
	w.changed = true
}

// members goes through a map. inherited is the rule of a key further up which has no say over maps as a
// whole; audit is true for the attributes of an audit record.
func (w *walk) members(m pcommon.Map, depth int, inherited *ruleset.Key, audit bool, r reader) {
	if m.Len() == 0 {
		return
	}
	var neighbour *ruleset.Key
	if depth > 0 || m.Len() > 1 {
		neighbour = w.neighbourRule(m)
	}
	var renames map[string]string
	parent := w.parent
	m.Range(func(key string, value pcommon.Value) bool {
		verdict := w.key(key)
		rule, of, name := verdict.Rule, r, key
		if verdict.Renamed != "" {
			name = verdict.Renamed
		}
		if rule != nil && rule.Value != nil && parent != "" {
			if longer := w.keys.Match(parent + "." + name); longer != nil {
				rule = longer
			}
		}
		if audit && w.auditKeys[key] {
			rule = nil
			of.who = of.who || w.auditWho[key] && value.Type() == pcommon.ValueTypeStr
		}
		if rule == nil {
			switch {
			case neighbour != nil && isValueField(key):
				rule = neighbour
			case key == contract.HumanNameText && isHumanName(m):
				rule = w.byKind[contract.HumanNameKind]
			case inherited != nil:
				rule = inherited
			case parent != "":
				// {"patient": {"name": …}} is patient.name; {"patients": [{"name": …}]} is, too.
				rule = w.keys.Match(parent + "." + name)
			}
		}
		w.parent = strings.TrimSuffix(name, "s")
		w.under(rule, value, depth, of)
		if verdict.Renamed != "" {
			if renames == nil {
				renames = map[string]string{}
			}
			renames[key] = verdict.Renamed
		}
		return true
	})
	if len(renames) > 0 {
		w.changed = true
		renameKeys(m, renames)
	}
}

func (w *walk) items(s pcommon.Slice, depth int, inherited *ruleset.Key, r reader) {
	w.command(s, r)
	pair := s.Len() == 2
	var following *ruleset.Key
	if pair {
		following = w.pairRule(s)
	}
	parent := w.parent
	for i := range s.Len() {
		w.parent = parent
		item := s.At(i)
		rule := inherited
		if i > 0 && following != nil {
			rule = following
		}
		flag := (*ruleset.Key)(nil)
		isText := item.Type() == pcommon.ValueTypeStr
		if isText {
			flag = w.flagRule(item.Str())
		}
		w.under(rule, item, depth, r)
		if isText && (!pair || i == 0 && following == nil) {
			following = flag
		}
	}
}

// under redacts a value whose key, or one beside or above it, has the rule.
func (w *walk) under(rule *ruleset.Key, value pcommon.Value, depth int, r reader) {
	if rule == nil {
		w.any(value, depth+1, nil, r)
		return
	}
	text, container := "", false
	switch value.Type() {
	case pcommon.ValueTypeEmpty, pcommon.ValueTypeBool:
		return
	case pcommon.ValueTypeMap:
		if value.Map().Len() == 0 {
			return
		}
		container = true
	case pcommon.ValueTypeSlice:
		if value.Slice().Len() == 0 {
			return
		}
		container = true
	case pcommon.ValueTypeStr:
		if text = value.Str(); text == "" || w.isMask(text) {
			return
		}
		if w.isProse(text) {
			w.any(value, depth+1, nil, r)
			return
		}
	case pcommon.ValueTypeBytes:
		text = bytesText(value)
	default:
		if rule.NotNumber {
			return
		}
		text = numberText(value)
	}
	switch {
	case container && rule.Value != nil:
		w.any(value, depth+1, nil, r)
	case container && rule.Conditional():
		w.any(value, depth+1, rule, r)
	case container:
		w.set(value, w.mask(rule.Kind, ""))
	case text == "" || rule.NotNumber && chars.AllDigits(strings.NewReplacer(".", "", ",", "", "_", "").Replace(strings.TrimSpace(text))):
		return
	case !rule.Fits(text):
		w.any(value, depth+1, nil, r)
	default:
		w.set(value, w.mask(rule.Kind, text))
		if r.found != nil && !w.holdsMask(text) {
			r.found.add(rule.Kind, text)
		}
	}
}

func (w *walk) any(value pcommon.Value, depth int, inherited *ruleset.Key, r reader) {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		if redacted, changed := w.redactText(value.Str(), depth, r); changed {
			w.set(value, redacted)
		}
	case pcommon.ValueTypeInt, pcommon.ValueTypeDouble:
		w.number(value, depth, r)
	case pcommon.ValueTypeBytes:
		w.bytes(value, depth, r)
	case pcommon.ValueTypeMap:
		if w.enter(value, value.Map().Len(), depth) {
			w.members(value.Map(), depth, inherited, false, r)
		}
	case pcommon.ValueTypeSlice:
		if w.enter(value, value.Slice().Len(), depth) {
			w.items(value.Slice(), depth, inherited, r)
		}
	}
}

// enter says whether a container is to be gone through; one that lies too deep is masked instead.
func (w *walk) enter(value pcommon.Value, members, depth int) bool {
	if w.nodes += members; w.nodes > contract.MaxNodes {
		panic("too many values")
	}
	if depth > w.maxDepth {
		w.set(value, w.mask(w.depthKind, ""))
		return false
	}
	return true
}

func (w *walk) number(value pcommon.Value, depth int, r reader) {
	// Neither short numbers nor those with a fraction are looked at, so their text need not be made.
	if value.Type() == pcommon.ValueTypeInt {
		if value.Int() < contract.SmallestNumber {
			return
		}
	} else if number := value.Double(); number < contract.SmallestNumber || number != math.Trunc(number) {
		return
	}
	if redacted, changed := w.redactNumber(numberText(value), depth, r); changed {
		w.set(value, redacted)
	}
}

func (w *walk) bytes(value pcommon.Value, depth int, r reader) {
	text := bytesText(value)
	if w.json {
		if redacted, changed := w.redactNumber(text, depth, r); changed {
			w.set(value, redacted)
		}
		return
	}
	if redacted, changed := w.redactText(text, depth, r); changed {
		w.set(value, redacted)
	}
}

func bytesText(value pcommon.Value) string {
	return strings.ToValidUTF8(string(value.Bytes().AsRaw()), "\uFFFD")
}

// numberText returns the decimal text of a number that might be an identifier, else its shortest form.
func numberText(value pcommon.Value) string {
	if value.Type() == pcommon.ValueTypeInt {
		return strconv.FormatInt(value.Int(), 10)
	}
	number := value.Double()
	if number == math.Trunc(number) && math.Abs(number) < contract.LargestNumber {
		return strconv.FormatFloat(number, 'f', 0, 64)
	}
	return strconv.FormatFloat(number, 'g', -1, 64)
}

// renameKeys writes a map again in its order; keys that hold a secret get the names that they are to have.
func renameKeys(m pcommon.Map, renames map[string]string) {
	written := pcommon.NewMap()
	written.EnsureCapacity(m.Len())
	for key, value := range m.All() {
		name, renamed := renames[key]
		if !renamed {
			name = key
		}
		_, taken := written.Get(name)
		if renamed && !taken {
			_, taken = m.Get(name)
		}
		for n, free := 2, name; taken; n++ {
			name = free + "#" + strconv.Itoa(n)
			_, taken = written.Get(name)
		}
		value.CopyTo(written.PutEmpty(name))
	}
	written.MoveTo(m)
}
