package aegisredact

import (
	"regexp"
	"strings"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/ruleset"
)

var (
	insertInto       = regexp.MustCompile(`(?i)\binsert\s+into\s+[^\s(]+\s*\(([^()]*)\)\s*values\s*\(`)
	insertParameters = regexp.MustCompile(`\A\]?\s*\[parameters: \[?`) // as SQLAlchemy's errors have them
)

// findInserts appends the values of secret columns in INSERT INTO t (name, password) VALUES ('x', 'y').
func (e *engine) findInserts(text string, spans []span) []span {
	for _, insert := range insertInto.FindAllStringSubmatchIndex(text, -1) {
		var columns []*ruleset.Key
		secret := false
		for column := range strings.SplitSeq(text[insert[2]:insert[3]], ",") {
			rule := e.keys.Match(strings.Trim(column, " \t\r\n`\"'[]"))
			columns = append(columns, rule)
			secret = secret || rule != nil
		}
		if !secret {
			continue
		}
		position := insert[1] - 1
		for chars.At(text, position) == '(' {
			closed := closingBracket(text, position, len(text))
			inside := closed // A list that was cut off goes to the end of the text.
			if text[closed-1] == ')' {
				inside--
			}
			for i, value := range splitValues(text, position+1, max(position+1, inside)) {
				if i >= len(columns) {
					break
				}
				candidate := text[value[0]:max(value[0], value[1])]
				if columns[i] == nil || candidate == "" || e.isProse(candidate) || !columns[i].Fits(candidate) {
					continue
				}
				spans = append(spans, span{start: value[0], end: value[1], kind: columns[i].Kind})
			}
			position = closed
			for position < len(text) && strings.IndexByte(", \t\r\n", text[position]) >= 0 {
				position++
			}
			if parameters := insertParameters.FindStringIndex(text[position:]); parameters != nil {
				position += parameters[1]
			}
		}
	}
	return spans
}

// splitValues returns the places of comma-separated SQL values, inside their quotes.
func splitValues(text string, position, end int) [][2]int {
	var values [][2]int
	for position < end {
		for position < end && strings.IndexByte(" \t\r\n", text[position]) >= 0 {
			position++
		}
		if position >= end {
			break
		}
		opening := valuePrefix.FindStringSubmatchIndex(text[position:end])
		if opening == nil && (text[position] == 'N' || text[position] == 'E') {
			if opening = valuePrefix.FindStringSubmatchIndex(text[position+1 : end]); opening != nil {
				position++
			}
		}
		if opening != nil {
			start := position + opening[1]
			closed := min(end, closingQuote(text, start, opening[3]-opening[2], text[position+opening[4]]))
			values = append(values, [2]int{start, closed})
			position = end
			if comma := strings.IndexByte(text[closed:end], ','); comma >= 0 {
				position = closed + comma + 1
			}
			continue
		}
		start := position
		for position < end && text[position] != ',' {
			if chars.IsOpening(text[position]) {
				position = closingBracket(text, position, len(text))
			} else {
				position++
			}
		}
		values = append(values, [2]int{start, min(position, end)})
		position++
	}
	return values
}
