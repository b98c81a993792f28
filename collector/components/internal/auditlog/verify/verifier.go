package verify

import (
	"errors"
	"strings"
	"time"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/canonical"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
)

// Verifier takes records, in any order, then the rest of what is known of the input, and then reports.
type Verifier struct {
	keys     *note.Keys
	chains   map[record.Hash]*chain
	findings findings
	evidence []statement
	warnings []string

	bads []bad

	duplicates, unsealed, sealed int64
	secretOnly, folder           bool
	acceptAfter                  time.Time // unproven records of chains that go on until after then are accepted
	acceptYoung                  bool
	silentSince                  time.Time // a chain without an end must have said something since then
}

// Options are what a user can choose.
type Options struct {
	Keys *note.Keys
	// AsOf is the time of the verification; the zero time is now.
	AsOf time.Time
	// AcceptYounger accepts the unproven records of a chain whose last record is younger than this; 0 accepts none.
	AcceptYounger time.Duration
	// Silence is how long a chain without an end may say nothing; 0 is DefaultSilence.
	Silence time.Duration
	// Folder says that the input is the folder of a trail: nothing there can be masked, and chains may be empty.
	Folder bool
}

// DefaultSilence is longer than any process says nothing: an idle one makes a checkpoint each minute.
const DefaultSilence = 150 * time.Second

// New returns a verifier of one input.
func New(options Options) *Verifier {
	if options.AsOf.IsZero() {
		options.AsOf = time.Now()
	}
	if options.Silence == 0 {
		options.Silence = DefaultSilence
	}
	v := &Verifier{
		keys: options.Keys.Clone(), chains: map[record.Hash]*chain{}, folder: options.Folder,
		acceptYoung: options.AcceptYounger > 0, acceptAfter: options.AsOf.Add(-options.AcceptYounger), silentSince: options.AsOf.Add(-options.Silence),
	}
	if v.keys.Empty() {
		v.findings.global(NotVerified, Place{}, "no trusted key of a node was given")
	}
	return v
}

func (v *Verifier) chain(id record.Hash) *chain {
	known := v.chains[id]
	if known == nil {
		known = &chain{id: id}
		v.chains[id] = known
	}
	return known
}

// Line takes one line of an export.
func (v *Verifier) Line(line []byte, place Place) {
	value, err := canonical.Read(line)
	switch {
	case errors.Is(err, canonical.ErrTooLarge):
		v.findings.global(NotVerified, place, "a line has %v", err)
	case err != nil:
		v.findings.global(Tampered, place, "a line of the export is %v", err)
	case value.Kind != canonical.Map:
		v.findings.global(Tampered, place, "a line of the export is no JSON object")
	case value.Get("auditHash") != nil:
		v.Record(&value, place)
	case isAudit(&value):
		v.unsealed++
		v.findings.global(Unsealed, place, "an audit record has no seal")
	}
}

// isAudit tells an audit record of whatever sender.
func isAudit(value *canonical.Value) bool {
	message := value.Get("message")
	return value.Get("complianceLevel") != nil || value.Get("auditAction") != nil ||
		message != nil && strings.HasPrefix(message.Text, "AUDIT:")
}

// Record takes one record with a seal from an input without an order.
func (v *Verifier) Record(value *canonical.Value, place Place) {
	v.sealed++
	id := record.Claims(value)
	parsed, err := record.Parse(value, id)
	if err == nil {
		v.chain(parsed.Chain).add(parsed, place)
		return
	}
	v.bad(id, place, v.stateOf(value, err), err.Error())
}

// RecordAt takes one record from a chain's file, in which it stands where number seq belongs. It returns the number
// that the record has, or an error if it is no good or of another chain, which is reported at seq.
func (v *Verifier) RecordAt(chain record.Hash, seq int64, value *canonical.Value, place Place) (int64, error) {
	v.sealed++
	id := record.Claims(value)
	parsed, err := record.Parse(value, id)
	if err == nil && parsed.Chain != chain {
		err = errors.New("a record of another chain")
	}
	if err != nil {
		v.findings.chain(v.stateOf(value, err), chain, seq, place, "%v", err)
		v.chain(chain).standIn(seq, id, place)
		return 0, err
	}
	v.chain(chain).add(parsed, place)
	return parsed.Seq, nil
}

func (v *Verifier) stateOf(value *canonical.Value, err error) State {
	switch {
	case errors.Is(err, record.ErrVersion):
		return NotVerified
	case errors.Is(err, record.ErrHash) && !v.folder && value.Contains(isMask):
		return Masked
	}
	return Tampered
}

// isMask tells a text in which redaction has masked something.
func isMask(text string) bool { return strings.Contains(text, "[REDACTED") }

// bad is a record that is no good, so what it says of its place may be wrong as well.
type bad struct {
	id     record.Identity
	place  Place
	state  State
	reason string
}

// maxBads is how many bad records keep their place in a chain, so that what follows is not named too.
const maxBads = 100_000

func (v *Verifier) bad(id record.Identity, place Place, state State, reason string) {
	if len(v.bads) < maxBads {
		v.bads = append(v.bads, bad{id, place, state, reason})
		return
	}
	v.findings.global(state, place, "%s; more than %d records are bad", reason, maxBads)
}

// placeBads finds out where bad records belong: behind the record whose hash they have in auditPrevious, else before
// the one that has theirs, else where they say.
func (v *Verifier) placeBads() {
	if len(v.bads) == 0 {
		return
	}
	type number struct {
		chain record.Hash
		seq   int64
	}
	behind, before := map[record.Hash]number{}, map[record.Hash]number{}
	for id, c := range v.chains {
		for i := range c.entries {
			e := &c.entries[i]
			behind[e.hash] = number{id, e.seq + 1}
			if e.seq > 0 {
				before[e.previous] = number{id, e.seq - 1}
			}
		}
	}
	for _, b := range v.bads {
		at, known := behind[b.id.Previous]
		if known = known && b.id.HasPrev; !known && b.id.HasHash {
			at, known = before[b.id.Hash]
		}
		if !known && b.id.HasChain && b.id.HasSeq {
			at, known = number{b.id.Chain, b.id.Seq}, true
		}
		if !known {
			v.findings.global(b.state, b.place, "a record that belongs to no chain: %s", b.reason)
			continue
		}
		v.findings.chain(b.state, at.chain, at.seq, b.place, "%s", b.reason)
		v.chain(at.chain).standIn(at.seq, b.id, b.place)
	}
	v.bads = nil
}

// Fail takes a finding on a chain that only who reads the input can have: the form of a file.
func (v *Verifier) Fail(state State, chain record.Hash, seq int64, place Place, reason string) {
	v.findings.chain(state, chain, seq, place, "%s", reason)
}

// FailAll takes a finding on the whole input.
func (v *Verifier) FailAll(state State, place Place, reason string) {
	v.findings.global(state, place, "%s", reason)
}

// Warn takes something that does not change the state.
func (v *Verifier) Warn(text string) {
	if len(v.warnings) < 100 {
		v.warnings = append(v.warnings, text)
	}
}
