package aegiswitness

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
)

// sighting is what a batch brought of a chain: its opening, or a checkpoint.
type sighting struct {
	chain  record.Hash
	opened *record.Opened
	stamps []string // texts that the timestamp of `opened` can have had
	point  *record.Checkpoint
}

// maxProof is how many hashes a consistency proof can have at most: two for each level.
const maxProof = 128

// sightingsIn reads the events that matter off a batch. What has not their form is no event of a trail; verifiers find it.
func sightingsIn(logs plog.Logs) []sighting {
	var seen []sighting
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				event, found := log.Attributes().Get("auditEvent")
				if !found || event.Type() != pcommon.ValueTypeStr {
					continue
				}
				if s, ok := sightingOf(event.Str(), log); ok {
					seen = append(seen, s)
				}
			}
		}
	}
	return seen
}

func sightingOf(event string, log plog.LogRecord) (sighting, bool) {
	f := fields{log.Attributes(), true}
	s := sighting{chain: f.hash("auditChain")}
	switch event {
	case "opened":
		s.opened = &record.Opened{Algorithm: record.Ed25519}
		if f.text("auditAlgorithm") != "ed25519" { // with a shared secret nothing can be witnessed
			return s, false
		}
		s.opened.Key, s.opened.NodeKey = f.hash("auditKey"), f.hash("auditNodeKey")
		s.opened.Endorsement = f.signature("auditEndorsement1", "auditEndorsement2")
		// An event's auditTimestamp is its timestamp; the record's own time is the same in another form.
		s.stamps = []string{f.text("auditTimestamp"), record.FormatTime(log.Timestamp().AsTime())}
	case "checkpoint", "closed":
		s.point = &record.Checkpoint{
			Size: f.integer("auditSize"), Root: f.hash("auditRoot"), ProofSize: f.integer("auditProofSize"),
			Proof: f.hashes("auditProof"), Signature: f.signature("auditSignature1", "auditSignature2"), Closed: event == "closed",
		}
	default:
		return s, false
	}
	return s, f.sound
}

// fields reads attributes; sound becomes false with the first that is not there or has another form.
type fields struct {
	attributes pcommon.Map
	sound      bool
}

func (f *fields) get(name string, kind pcommon.ValueType) (pcommon.Value, bool) {
	value, found := f.attributes.Get(name)
	if !found || value.Type() != kind {
		f.sound = false
		return value, false
	}
	return value, true
}

func (f *fields) text(name string) string {
	value, ok := f.get(name, pcommon.ValueTypeStr)
	if !ok {
		return ""
	}
	return value.Str()
}

func (f *fields) hash(name string) record.Hash {
	hash, ok := record.ParseHash(f.text(name))
	f.sound = f.sound && ok
	return hash
}

func (f *fields) signature(first, second string) (signature [64]byte) {
	a, b := f.hash(first), f.hash(second)
	copy(signature[:32], a[:])
	copy(signature[32:], b[:])
	return signature
}

func (f *fields) integer(name string) int64 {
	value, ok := f.get(name, pcommon.ValueTypeInt)
	if !ok {
		return 0
	}
	if value.Int() < 0 || value.Int() > 1<<53-1 {
		f.sound = false
	}
	return value.Int()
}

func (f *fields) hashes(name string) []record.Hash {
	value, ok := f.get(name, pcommon.ValueTypeSlice)
	if !ok || value.Slice().Len() > maxProof {
		f.sound = false
		return nil
	}
	hashes := make([]record.Hash, 0, value.Slice().Len())
	for _, item := range value.Slice().All() {
		if item.Type() != pcommon.ValueTypeStr {
			f.sound = false
			return nil
		}
		hash, ok := record.ParseHash(item.Str())
		f.sound = f.sound && ok
		hashes = append(hashes, hash)
	}
	return hashes
}
