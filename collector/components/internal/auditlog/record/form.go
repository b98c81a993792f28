package record

import (
	"bytes"
	"fmt"
	"time"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/canonical"
)

// maxHeads is how many heads one record may have.
const maxHeads = 128

// form reads members and remembers the first that is not as section 3 has it.
type form struct {
	record *canonical.Value
	err    error
}

func (f *form) fail(name string) {
	if f.err == nil {
		f.err = fmt.Errorf("the member %.60q is missing or has the wrong form", name)
	}
}

func (f *form) get(name string, kind canonical.Kind) *canonical.Value {
	value := f.record.Get(name)
	if value == nil || value.Kind != kind {
		f.fail(name)
		return &canonical.Value{Kind: kind}
	}
	return value
}

func (f *form) text(name string) string { return f.get(name, canonical.Text).Text }

func (f *form) filled(name string) {
	if f.text(name) == "" {
		f.fail(name)
	}
}

func (f *form) is(name, wanted string) {
	if f.text(name) != wanted {
		f.fail(name)
	}
}

func (f *form) oneOf(name string, choices ...string) {
	text := f.text(name)
	for _, choice := range choices {
		if text == choice {
			return
		}
	}
	f.fail(name)
}

func (f *form) integer(name string, least int64) int64 {
	value := f.get(name, canonical.Integer)
	if value.Integer < least {
		f.fail(name)
	}
	return value.Integer
}

func (f *form) hash(name string) Hash {
	hash, ok := ParseHash(f.text(name))
	if !ok {
		f.fail(name)
	}
	return hash
}

func (f *form) hashes(name string) []Hash {
	items := f.get(name, canonical.List).List
	hashes := make([]Hash, 0, len(items))
	for i := range items {
		hash, ok := hashOf(&items[i])
		if !ok {
			f.fail(name)
			return nil
		}
		hashes = append(hashes, hash)
	}
	return hashes
}

func (f *form) signature(first, second string) (signature [64]byte) {
	a, b := f.hash(first), f.hash(second)
	copy(signature[:32], a[:])
	copy(signature[32:], b[:])
	return signature
}

func (f *form) time(name string) time.Time {
	parsed, err := ParseTime(f.text(name))
	if err != nil {
		f.fail(name)
	}
	return parsed
}

func (f *form) hexadecimal(name string, length int) {
	if f.record.Get(name) == nil {
		return
	}
	text := f.text(name)
	if len(text) != length {
		f.fail(name)
	}
	for i := range len(text) {
		if c := text[i]; !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			f.fail(name)
		}
	}
}

// usual checks the members that each record has, and returns the timestamp.
func (f *form) usual() time.Time {
	stamp := f.time("timestamp")
	f.oneOf("level", "debug", "info", "warn", "error")
	for _, name := range [...]string{"message", "complianceLevel", "auditTimestamp"} {
		f.text(name)
	}
	for _, name := range [...]string{"service", "environment", "logger"} {
		f.filled(name)
	}
	f.hexadecimal("traceId", 32)
	f.hexadecimal("spanId", 16)
	return stamp
}

// everyRecords are the members that each record has, and of the optional ones those that begin with audit.
var everyRecords = set("timestamp", "level", "message", "service", "environment", "logger", "complianceLevel",
	"auditTimestamp", "auditFormat", "auditChain", "auditSeq", "auditPrevious", "auditHash", "auditAction")

var heads = []string{"auditHeadChains", "auditHeadSizes", "auditHeadHashes"}

func set(names ...string) map[string]bool {
	members := map[string]bool{}
	for _, name := range names {
		members[name] = true
	}
	return members
}

// only fails if the record has a member beside the usual ones and these.
func (f *form) only(names ...string) {
	allowed := set(names...)
	for i := range f.record.Members {
		if name := f.record.Members[i].Name; !everyRecords[name] && name != "auditEvent" && !allowed[name] {
			f.fail(name)
		}
	}
}

// event reads what an event states. A record without auditEvent has no other member that belongs to the format.
func (f *form) event(record *Record) any {
	if f.record.Get("auditEvent") == nil {
		for i := range f.record.Members {
			name := f.record.Members[i].Name
			if name == "" || reserved(name) && !everyRecords[name] {
				f.fail(name)
			}
		}
		if record.Seq == 0 {
			f.fail("auditEvent")
		}
		if f.record.Get("auditAction") != nil {
			f.text("auditAction")
		}
		return nil
	}
	kind := f.text("auditEvent")
	if f.err != nil {
		return nil
	}
	action := map[string]string{
		"opened": "CHAIN OPENED", "heads": "CHAIN HEADS", "checkpoint": "CHECKPOINT", "closed": "CHAIN CLOSED",
		"recovered": "CHAIN RECOVERED", "left": "CHAIN LEFT", "rotated": "KEY ROTATED",
	}[kind]
	if action == "" || (kind == "opened") != (record.Seq == 0) {
		f.fail("auditEvent")
	}
	f.is("auditAction", action)
	f.is("message", "AUDIT: "+action)
	f.is("logger", "aegis_otel.audit")
	switch kind {
	case "opened":
		return f.opened()
	case "heads":
		f.only(heads...)
		return &Heads{f.heads()}
	case "checkpoint", "closed":
		return f.checkpoint(record.Seq, kind == "closed")
	case "recovered", "left":
		return f.end(kind == "left")
	case "rotated":
		return f.rotated()
	}
	return nil
}

// reserved tells the names that belong to the format: audit and a capital letter.
func reserved(name string) bool {
	return len(name) > 5 && name[:5] == "audit" && name[5] >= 'A' && name[5] <= 'Z'
}

func (f *form) opened() *Opened {
	opened := &Opened{Timestamp: f.text("timestamp")}
	names := append([]string{"auditAlgorithm"}, heads...)
	if f.record.Get("auditRules") != nil {
		f.hash("auditRules")
		names = append(names, "auditRules")
	}
	switch algorithm := f.text("auditAlgorithm"); algorithm {
	case "ed25519":
		opened.Algorithm = Ed25519
		opened.Key, opened.NodeKey = f.hash("auditKey"), f.hash("auditNodeKey")
		opened.Endorsement = f.signature("auditEndorsement1", "auditEndorsement2")
		names = append(names, "auditKey", "auditNodeKey", "auditEndorsement1", "auditEndorsement2")
	case "hmac-sha256":
		opened.Algorithm = HMAC
		opened.KeyID = f.hash("auditKeyId")
		names = append(names, "auditKeyId")
	default:
		if f.err == nil {
			f.err = fmt.Errorf("%w of auditAlgorithm", ErrVersion)
		}
		return opened
	}
	f.only(names...)
	opened.Heads = f.heads()
	return opened
}

func (f *form) heads() []Head {
	chains, hashes := f.hashes(heads[0]), f.hashes(heads[2])
	sizes := f.get(heads[1], canonical.List).List
	if len(chains) > maxHeads || len(chains) != len(sizes) || len(chains) != len(hashes) {
		f.fail(heads[0])
		return nil
	}
	found := make([]Head, len(chains))
	for i := range chains {
		size := sizes[i]
		if size.Kind != canonical.Integer || size.Integer < 0 || (size.Integer == 0 && hashes[i] != Zero) {
			f.fail(heads[1])
		}
		if i > 0 && bytes.Compare(chains[i-1][:], chains[i][:]) >= 0 {
			f.fail(heads[0])
		}
		found[i] = Head{chains[i], size.Integer, hashes[i]}
	}
	return found
}

func (f *form) checkpoint(seq int64, closed bool) *Checkpoint {
	point := &Checkpoint{Closed: closed}
	if point.Size = f.integer("auditSize", 1); point.Size != seq+1 {
		f.fail("auditSize")
	}
	point.Root = f.hash("auditRoot")
	point.ProofSize = f.integer("auditProofSize", 0)
	point.Proof = f.hashes("auditProof")
	names := []string{"auditSize", "auditRoot", "auditProofSize", "auditProof"}
	if point.HasMac = f.record.Get("auditMac") != nil; point.HasMac {
		point.Mac = f.hash("auditMac")
		names = append(names, "auditMac")
	} else {
		point.Signature = f.signature("auditSignature1", "auditSignature2")
		names = append(names, "auditSignature1", "auditSignature2")
	}
	f.only(names...)
	return point
}

func (f *form) end(left bool) *End {
	end := &End{Of: f.hash("auditOfChain"), Hash: f.hash("auditOfHash"), Root: f.hash("auditOfRoot"), Left: left}
	end.Size = f.integer("auditOfSize", 0)
	if end.Size == 0 && (end.Hash != Zero || end.Root != Zero) {
		f.fail("auditOfSize")
	}
	names := []string{"auditOfChain", "auditOfSize", "auditOfHash", "auditOfRoot", "outcome"}
	if left {
		f.filled("auditReason")
		end.Uncertain = f.hashes("auditUncertain")
		f.is("outcome", "failure")
		f.only(append(names, "auditReason", "auditUncertain")...)
		return end
	}
	f.integer("auditCutBytes", 0)
	f.oneOf("outcome", "success", "failure")
	f.only(append(names, "auditCutBytes")...)
	return end
}

func (f *form) rotated() *Rotated {
	rotated := &Rotated{OldKey: f.hash("auditOldKey"), NewKey: f.hash("auditNodeKey"), At: f.text("auditRotatedAt")}
	f.time("auditRotatedAt")
	rotated.OldSignature = f.signature("auditOldSignature1", "auditOldSignature2")
	rotated.NewSignature = f.signature("auditNewSignature1", "auditNewSignature2")
	f.only("auditOldKey", "auditNodeKey", "auditRotatedAt",
		"auditOldSignature1", "auditOldSignature2", "auditNewSignature1", "auditNewSignature2")
	return rotated
}
