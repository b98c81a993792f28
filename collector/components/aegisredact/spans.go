package aegisredact

import (
	"cmp"
	"slices"
	"strings"
)

// masked stands for each byte of a mask while rules run, so that none can match inside of one.
const masked = '\x01'

// span is a part of a text that must not be seen.
type span struct {
	start, end int
	kind       int
	priority   int    // the lowest names the kind where spans meet
	wrap       string // stands before and after the mask
}

// hideMasks overwrites the masks in a text.
func (e *engine) hideMasks(text string) string {
	places := e.masks.FindAllStringIndex(text, -1)
	if places == nil {
		return text
	}
	hidden := []byte(text)
	for _, place := range places {
		for i := place[0]; i < place[1]; i++ {
			hidden[i] = masked
		}
	}
	return string(hidden)
}

// holdsMask says whether a mask stands in a text.
func (e *engine) holdsMask(text string) bool {
	prefix, _, _ := strings.Cut(e.template, "{kind}")
	return strings.Contains(text, prefix) || strings.Contains(text, "[REDACT")
}

// wholeMasks extends spans over masks that they touch, and drops those that are nothing but a mask.
func wholeMasks(text string, spans []span) []span {
	if strings.IndexByte(text, masked) < 0 {
		return spans
	}
	kept := spans[:0]
	for _, s := range spans {
		for s.start > 0 && text[s.start] == masked && text[s.start-1] == masked {
			s.start--
		}
		for s.end < len(text) && text[s.end] == masked && text[s.end-1] == masked {
			s.end++
		}
		if strings.Trim(text[s.start:s.end], string(masked)+" ") != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

// merge sorts spans and unites those that overlap, so that no rest of a longer one is left standing.
func merge(spans []span) []span {
	slices.SortStableFunc(spans, func(a, b span) int {
		return cmp.Or(a.start-b.start, b.end-a.end, a.priority-b.priority)
	})
	merged := spans[:0]
	for _, next := range spans {
		if n := len(merged); n > 0 && next.start < merged[n-1].end {
			last := &merged[n-1]
			last.end = max(last.end, next.end)
			if next.priority < last.priority {
				last.kind, last.priority, last.wrap = next.kind, next.priority, next.wrap
			}
			continue
		}
		merged = append(merged, next)
	}
	return merged
}

// splice puts masks in the place of spans.
func (e *engine) splice(text string, spans []span, r reader) string {
	var out strings.Builder
	out.Grow(len(text) + 16*len(spans))
	from := 0
	for _, s := range spans {
		out.WriteString(text[from:s.start])
		out.WriteString(s.wrap)
		secret := text[s.start:s.end]
		out.WriteString(e.mask(s.kind, secret))
		if r.found != nil && !e.holdsMask(secret) {
			r.found.add(s.kind, secret)
		}
		out.WriteString(s.wrap)
		from = s.end
	}
	out.WriteString(text[from:])
	return out.String()
}
