package aegisredact

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/prefilter"
)

// numberTexts are texts full of digits and of what stands between them.
func numberTexts(seed uint64, count int) []string {
	random := rand.New(rand.NewPCG(seed, 1))
	const alphabet = "00112345678999 -.-. ()+/_\n\tx1:aé\xff"
	words := []string{"ssn ", "call ", "MRN: ", "ſſn ", "born on ", "security code "}
	texts := make([]string, count)
	for i := range texts {
		var text strings.Builder
		text.WriteString(words[random.IntN(len(words))][:random.IntN(5)])
		for range random.IntN(40) {
			text.WriteByte(alphabet[random.IntN(len(alphabet))])
		}
		texts[i] = text.String()
	}
	return texts
}

func TestTheAutomatonLeavesOutNoPatternThatMatches(t *testing.T) {
	e := builtInEngine(t)
	asking := map[int]int{}
	for i := range e.rules {
		asking[e.rules[i].asks]++
	}
	require.Greater(t, asking[asksNumbers], 8)
	require.Greater(t, asking[asksWords], 4)
	hits := 0
	for _, text := range append(numberTexts(1, 20_000),
		"4111 1111 1111 1111", "219-09-9999", "555-867-5309", "+49 30 1234567", "1 2 3 4 5 6 7 8 9 0 1 2 3", "é219-09-9999") {
		for i := range e.rules {
			rule := &e.rules[i]
			if automaton := e.automata[rule.asks]; automaton != nil && rule.pattern.MatchString(text) {
				hits++
				found := automaton.Match(text)
				require.True(t, found.Has(rule.number), "%q matches %s", text, rule.pattern)
			}
		}
	}
	require.Greater(t, hits, 500)
}

func TestTheAutomatonForgetsWhenItKnowsTooMuch(t *testing.T) {
	numbers := builtInEngine(t).automata[asksNumbers]
	before := numbers.Restarts()
	for seed := uint64(2); numbers.Restarts() == before && seed < 200; seed++ {
		for _, text := range numberTexts(seed, 2000) {
			numbers.Match(text)
		}
	}
	require.LessOrEqual(t, numbers.States(), prefilter.MaxStates)
	rule := numbers.Match("4111111111111111")
	require.NotEqual(t, prefilter.Marks{}, rule)
}

func TestTheAutomatonIsSharedByRequests(t *testing.T) {
	numbers := builtInEngine(t).automata[asksNumbers]
	done := make(chan prefilter.Marks)
	for n := range 4 {
		go func() {
			var found prefilter.Marks
			for _, text := range numberTexts(uint64(n), 2000) {
				found.Add(numbers.Match(text))
			}
			done <- found
		}()
	}
	for range 4 {
		require.NotEqual(t, prefilter.Marks{}, <-done)
	}
}

func TestCharactersBeyondASCIIAreNoWayPastTheAutomaton(t *testing.T) {
	for pattern, texts := range map[string][]string{
		`[0-9].[0-9]`:       {"1é2", "1\xff2", "1\x802", "1\U0001f4a52"},
		`[0-9][^a]{2}[0-9]`: {"1éa\x809", "1\x80\x802", "1éé2", "1\xc32"},
		`(?i)sk[0-9]`:       {"SK1", "ſK1"},
		`[0-9]+`:            {"é1", "\x801"},
	} {
		var a prefilter.Automaton
		require.NoError(t, a.Add(pattern, 70))
		a.Build()
		matcher := regexp.MustCompile(pattern)
		for _, text := range texts {
			if matcher.MatchString(text) {
				require.True(t, a.Match(text) == prefilter.Mark(70), "%q matches %s", text, pattern)
			}
		}
		require.Equal(t, prefilter.Marks{}, a.Match("--"))
	}
}

func TestRecordsFullOfIdsDoNotFillTheStates(t *testing.T) {
	e := builtInEngine(t)
	random := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		account, order := random.IntN(1e9), random.IntN(1e11)
		for _, text := range []string{
			fmt.Sprint(order),
			fmt.Sprintf("%04d-%06d-%d", random.IntN(1e4), random.IntN(1e6), random.IntN(1e8)),
			fmt.Sprintf("/api/v1/accounts/%d/orders/%d/lines/%d?since=%d", account, order, random.IntN(1e4), 1750897341578+account),
			fmt.Sprintf("Moved order %d of 2026-11-%02d 10:41:07.%03d", order, 1+random.IntN(27), random.IntN(1000)),
		} {
			e.redactText(text, 0, reader{})
		}
	}
	for _, a := range e.automata {
		if a != nil {
			require.Zero(t, a.Restarts(), "states were thrown away: each text has to make them anew then")
			require.Less(t, a.States(), prefilter.MaxStates*3/4)
		}
	}
}
