package prefilter

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
)

// Requirement is what a string must hold for a pattern to have any chance of matching it. It is read
// off the pattern, so that a rule needs no hints and cannot carry wrong ones.
type Requirement struct {
	Literals [][]string // lower case; of each set at least one must occur
	Run      int        // so many digits must occur with only run separators between them
}

// maxSets bounds the sets of literals of one pattern; the most telling ones are kept.
const maxSets = 3

// maxLiterals bounds the alternatives of one requirement; a pattern with more goes without.
const maxLiterals = 64

// isRunByte says whether c may stand between the digits of one number as people write it.
func isRunByte(r rune) bool {
	return strings.ContainsRune(contract.BetweenDigits+"\t\n\f\r", r)
}

// RequirementOf reads off a pattern what a string must hold.
func RequirementOf(pattern string) (Requirement, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return Requirement{}, err
	}
	parsed = parsed.Simplify()
	return Requirement{Literals: requiredSets(parsed), Run: runOf(parsed).best}, nil
}

// requiredSets returns the most telling sets of literals that each match has one of.
func requiredSets(re *syntax.Regexp) [][]string {
	for re.Op == syntax.OpCapture {
		re = re.Sub[0]
	}
	var sets [][]string
	add := func(candidate []string) {
		if usefulLiterals(candidate) != nil {
			sets = append(sets, candidate)
		}
	}
	if re.Op == syntax.OpConcat {
		eachOfConcat(re.Sub, add)
	} else {
		add(requiredLiterals(re))
	}
	slices.SortStableFunc(sets, func(a, b []string) int { return weight(b) - weight(a) })
	sets = slices.CompactFunc(sets, slices.Equal[[]string])
	return sets[:min(len(sets), maxSets)]
}

// weight says how telling a set of literals is: how rare, by the weakest of them.
func weight(literals []string) int {
	weakest := 1000
	for _, literal := range literals {
		sum := 0
		for i := range len(literal) {
			switch c := literal[i]; {
			case c == '@':
				sum += 20
			case chars.IsLetter(c) || c == '<' || c == '+' || c == '|' || c == '{' || c == '`':
				sum += 4
			case c == ' ' || c == '.' || c == '-' || chars.IsDigit(c):
				sum++
			default:
				sum += 2
			}
		}
		weakest = min(weakest, sum)
	}
	return 4*min(weakest, 24) - min(len(literals), 16)
}

func usefulLiterals(literals []string) []string {
	if len(literals) > maxLiterals {
		return nil
	}
	for _, literal := range literals {
		if literal == "" {
			return nil
		}
	}
	return literals
}

// requiredLiterals returns strings of which one occurs in each match, in lower case, or nil when none is
// known.
func requiredLiterals(re *syntax.Regexp) []string {
	if all := exactLiterals(re); usefulLiterals(all) != nil {
		return all
	}
	switch re.Op {
	case syntax.OpCapture, syntax.OpPlus:
		return requiredLiterals(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return requiredLiterals(re.Sub[0])
		}
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			part := usefulLiterals(requiredLiterals(sub))
			if part == nil {
				return nil
			}
			all = append(all, part...)
		}
		return all
	case syntax.OpConcat:
		return bestOfConcat(re.Sub)
	}
	return nil
}

// eachOfConcat joins neighbours of which all texts are known, and yields these and what the others require.
func eachOfConcat(subs []*syntax.Regexp, yield func([]string)) {
	row := []string{""}
	for _, sub := range subs {
		exact := exactLiterals(sub)
		joined := crossed(row, exact)
		if joined == nil {
			yield(row)
			yield(requiredLiterals(sub))
			row = []string{""}
			if exact != nil {
				row = exact
			}
			continue
		}
		row = joined
	}
	yield(row)
}

func bestOfConcat(subs []*syntax.Regexp) []string {
	var best []string
	eachOfConcat(subs, func(candidate []string) {
		if usefulLiterals(candidate) != nil && (best == nil || weight(candidate) > weight(best)) {
			best = candidate
		}
	})
	return best
}

// exactLiterals returns all texts that re matches, in lower case, or nil when there are too many. Letters
// beyond ASCII which fold to ASCII ones are left out: rules are about ASCII.
func exactLiterals(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpWordBoundary, syntax.OpNoWordBoundary,
		syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText:
		return []string{""}
	case syntax.OpLiteral:
		return []string{chars.LowerASCII(string(re.Rune))}
	case syntax.OpCharClass:
		return classLiterals(re)
	case syntax.OpCapture:
		return exactLiterals(re.Sub[0])
	case syntax.OpQuest:
		if sub := exactLiterals(re.Sub[0]); sub != nil {
			return append([]string{""}, sub...)
		}
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			part := exactLiterals(sub)
			if part == nil || len(all)+len(part) > maxLiterals {
				return nil
			}
			all = append(all, part...)
		}
		return all
	case syntax.OpConcat:
		all := []string{""}
		for _, sub := range re.Sub {
			if all = crossed(all, exactLiterals(sub)); all == nil {
				return nil
			}
		}
		return all
	}
	return nil
}

// crossed returns each of a followed by each of b, or nil when b is unknown or these are too many.
func crossed(a, b []string) []string {
	if b == nil || len(a)*len(b) > maxLiterals {
		return nil
	}
	all := make([]string, 0, len(a)*len(b))
	for _, first := range a {
		for _, second := range b {
			all = append(all, first+second)
		}
	}
	return all
}

// maxClass is the size of a character class that is taken apart.
const maxClass = 8

func classLiterals(re *syntax.Regexp) []string {
	var literals []string
	for i := 0; i+1 < len(re.Rune); i += 2 {
		for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
			if r >= unicode.MaxASCII {
				continue
			}
			literal := chars.LowerASCII(string(r))
			if slices.Contains(literals, literal) {
				continue
			}
			if len(literals) == maxClass {
				return nil
			}
			literals = append(literals, literal)
		}
	}
	return literals
}

// digitRun describes how many digits a pattern is sure to match in one unbroken run.
type digitRun struct {
	pure   bool // all it can match is digits and run separators
	digits int  // at least so many digits, when pure
	best   int  // at least so many digits in one run anywhere in it
}

func runOf(re *syntax.Regexp) digitRun {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText,
		syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return digitRun{pure: true}
	case syntax.OpLiteral:
		return runOfLiteral(re.Rune)
	case syntax.OpCharClass:
		return runOfClass(re.Rune)
	case syntax.OpCapture, syntax.OpPlus:
		return runOf(re.Sub[0])
	case syntax.OpStar, syntax.OpQuest:
		return digitRun{pure: runOf(re.Sub[0]).pure}
	case syntax.OpRepeat:
		sub := runOf(re.Sub[0])
		if re.Min == 0 {
			return digitRun{pure: sub.pure}
		}
		if !sub.pure {
			return sub
		}
		return digitRun{pure: true, digits: sub.digits * re.Min, best: sub.digits * re.Min}
	case syntax.OpAlternate:
		all := runOf(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			one := runOf(sub)
			all.pure = all.pure && one.pure
			all.digits = min(all.digits, one.digits)
			all.best = min(all.best, one.best)
		}
		return all
	case syntax.OpConcat:
		return runOfConcat(re.Sub)
	}
	return digitRun{}
}

func runOfConcat(subs []*syntax.Regexp) digitRun {
	all := digitRun{pure: true}
	current := 0
	for _, sub := range subs {
		one := runOf(sub)
		if !one.pure {
			all.pure = false
			all.best = max(all.best, one.best)
			current = 0
			continue
		}
		current += one.digits
		all.digits += one.digits
		all.best = max(all.best, current)
	}
	return all
}

func runOfLiteral(runes []rune) digitRun {
	run := digitRun{pure: true}
	for _, r := range runes {
		switch {
		case r >= '0' && r <= '9':
			run.digits++
		case !isRunByte(r):
			return digitRun{}
		}
	}
	run.best = run.digits
	return run
}

func runOfClass(ranges []rune) digitRun {
	onlyDigits := true
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r >= '0' && r <= '9' {
				continue
			}
			if !isRunByte(r) {
				return digitRun{}
			}
			onlyDigits = false
		}
	}
	if onlyDigits {
		return digitRun{pure: true, digits: 1, best: 1}
	}
	return digitRun{pure: true}
}
