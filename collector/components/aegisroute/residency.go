package aegisroute

import "strings"

func (r *ResidencyRule) matches(f *fields) bool {
	value, ok := f.value(r.Attribute)
	if !ok {
		return false
	}
	for _, wanted := range r.Values {
		if prefix, open := strings.CutSuffix(wanted, "*"); open && strings.HasPrefix(value, prefix) {
			return true
		}
		if value == wanted {
			return true
		}
	}
	return false
}

// residencyOf returns the rules that name the store.
func residencyOf(rules []ResidencyRule, store string) []*ResidencyRule {
	var own []*ResidencyRule
	for i := range rules {
		for _, name := range rules[i].Stores {
			if name == store {
				own = append(own, &rules[i])
				break
			}
		}
	}
	return own
}
