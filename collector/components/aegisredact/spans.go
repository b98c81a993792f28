package aegisredact

import (
	"slices"
	"strings"
)

// span is a part of a text that must not be seen, and the kind of its mask.
type span struct {
	start, end int
	kind       int
	priority   int // the lowest wins where spans meet
}

// keyFormPriority puts a value named by its key before all value rules, whose priority is their place.
const keyFormPriority = -1

// dropMasked removes spans that lie wholly in a mask which is there already.
func dropMasked(spans []span, masks [][]int) []span {
	if len(masks) == 0 {
		return spans
	}
	return slices.DeleteFunc(spans, func(s span) bool {
		return slices.ContainsFunc(masks, func(mask []int) bool {
			return mask[0] <= s.start && s.end <= mask[1]
		})
	})
}

// unite sorts spans and joins those that overlap, so that no rest of a longer one is left standing.
func unite(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return a.priority - b.priority
	})
	united := spans[:0]
	for _, next := range spans {
		if n := len(united); n > 0 && next.start < united[n-1].end {
			last := &united[n-1]
			last.end = max(last.end, next.end)
			if next.priority < last.priority {
				last.kind, last.priority = next.kind, next.priority
			}
			continue
		}
		united = append(united, next)
	}
	return united
}

// splice replaces each span of text by what mask returns for it.
func splice(text string, spans []span, mask func(kind int, secret string) string) string {
	var out strings.Builder
	out.Grow(len(text) + 16*len(spans))
	from := 0
	for _, s := range spans {
		out.WriteString(text[from:s.start])
		out.WriteString(mask(s.kind, text[s.start:s.end]))
		from = s.end
	}
	out.WriteString(text[from:])
	return out.String()
}
