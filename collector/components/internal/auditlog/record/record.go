// Package record knows the records of the audit trail: their hash and the form of their members
// (docs/audit-format.md, sections 2, 3 and 5). It looks at one record alone.
package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/canonical"
)

// Version is the only version of the format that this program knows.
const Version = 1

// Hash is 32 bytes: a hash, a public key, or the name of a chain.
type Hash [sha256.Size]byte

// Zero stands for the hash before number 0, and of an empty chain.
var Zero Hash

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes a hash as its text.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads a hash text.
func (h *Hash) UnmarshalText(text []byte) error {
	hash, ok := ParseHash(string(text))
	if !ok {
		return errors.New("no hash text")
	}
	*h = hash
	return nil
}

// ParseHash reads a hash text: 64 characters of 0-9a-f.
func ParseHash(text string) (hash Hash, ok bool) {
	if len(text) != 2*len(hash) || strings.ContainsAny(text, "ABCDEF") {
		return hash, false
	}
	_, err := hex.Decode(hash[:], []byte(text))
	return hash, err == nil
}

// Errors of a record.
var (
	// ErrVersion is the error of a record of another version, or of an algorithm that is not known.
	ErrVersion = errors.New("unknown version")
	// ErrHash is the error of a record whose hash is not that of its content.
	ErrHash = errors.New("the hash is wrong")
)

// isOuter tells the members that the hash does not cover.
func isOuter(name string) bool {
	switch name {
	case "auditHash", "auditRoot", "auditProof", "auditSignature1", "auditSignature2", "auditMac":
		return true
	}
	return false
}

// Leaf is the hash of a record of the chain. It fails if a value is none of the format's domain.
func Leaf(chain Hash, record *canonical.Value) (Hash, error) {
	preimage := make([]byte, 0, 1024)
	preimage = append(preimage, "\x00aegis-otel-audit/1\n"...)
	preimage = hex.AppendEncode(preimage, chain[:])
	preimage = append(preimage, '\n')
	preimage, ok := canonical.Append(preimage, record, isOuter)
	if !ok {
		return Zero, errors.New("a value that no record can have")
	}
	return sha256.Sum256(preimage), nil
}

// Algorithm is how a chain is signed.
type Algorithm uint8

// The algorithms.
const (
	Ed25519 Algorithm = iota + 1
	HMAC
)

// Record is what one record says about its chain.
type Record struct {
	Chain     Hash
	Seq       int64
	Hash      Hash
	Previous  Hash
	Timestamp time.Time
	Event     any // nil, or one of *Opened, *Heads, *Checkpoint, *End, *Rotated
}

// Head states: the chain has at least this size, and its last record then has this hash.
type Head struct {
	Chain Hash
	Size  int64
	Hash  Hash
}

// Opened is the event of number 0.
type Opened struct {
	Algorithm   Algorithm
	Key         Hash // ed25519
	NodeKey     Hash // ed25519
	Endorsement [64]byte
	KeyID       Hash   // hmac-sha256
	Timestamp   string // as written; the endorsement covers it
	Heads       []Head
}

// Heads is the event that holds the heads for which `opened` has no room.
type Heads struct{ Heads []Head }

// Checkpoint is the event that states the size and the root of its chain; Closed if nothing follows.
type Checkpoint struct {
	Size      int64
	Root      Hash
	ProofSize int64
	Proof     []Hash
	Signature [64]byte
	Mac       Hash
	HasMac    bool
	Closed    bool
}

// End is the event `recovered` or `left`: another chain has this size and no more; after `left` perhaps some of Uncertain.
type End struct {
	Of        Hash
	Size      int64
	Hash      Hash
	Root      Hash
	Left      bool
	Uncertain []Hash
}

// Rotated is the event that says which node key follows which.
type Rotated struct {
	OldKey, NewKey             Hash
	At                         string
	OldSignature, NewSignature [64]byte
}

// Identity is what a record claims to be, as far as it can be read. It holds for records that are no good, too.
type Identity struct {
	Chain    Hash
	HasChain bool
	Seq      int64
	HasSeq   bool
	Hash     Hash
	HasHash  bool
	Previous Hash
	HasPrev  bool
}

// Claims reads a record's identity.
func Claims(value *canonical.Value) Identity {
	var id Identity
	id.Chain, id.HasChain = hashOf(value.Get("auditChain"))
	id.Hash, id.HasHash = hashOf(value.Get("auditHash"))
	id.Previous, id.HasPrev = hashOf(value.Get("auditPrevious"))
	if seq := value.Get("auditSeq"); seq != nil && seq.Kind == canonical.Integer && seq.Integer >= 0 {
		id.Seq, id.HasSeq = seq.Integer, true
	}
	return id
}

func hashOf(value *canonical.Value) (Hash, bool) {
	if value == nil || value.Kind != canonical.Text {
		return Zero, false
	}
	return ParseHash(value.Text)
}

// Parse checks one record as far as that goes without any other: version, hash, and form. The error is ErrVersion,
// ErrHash, or says which member breaks the form.
func Parse(value *canonical.Value, id Identity) (*Record, error) {
	version := value.Get("auditFormat")
	if version != nil && version.Kind == canonical.Integer && version.Integer != Version {
		return nil, ErrVersion
	}
	if !id.HasChain || !id.HasHash {
		return nil, fmt.Errorf("%w: auditChain or auditHash is no hash text", ErrHash)
	}
	hash, err := Leaf(id.Chain, value)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHash, err)
	}
	if hash != id.Hash {
		return nil, ErrHash
	}
	f := form{record: value}
	if f.integer("auditFormat", 1); f.err == nil && !id.HasSeq {
		f.fail("auditSeq")
	}
	if !id.HasPrev {
		f.fail("auditPrevious")
	}
	record := &Record{Chain: id.Chain, Seq: id.Seq, Hash: hash, Previous: id.Previous}
	record.Timestamp = f.usual()
	record.Event = f.event(record)
	if f.err != nil {
		return nil, f.err
	}
	return record, nil
}

// timeForm is the form of a timestamp.
const timeForm = "2006-01-02T15:04:05.000Z"

// ParseTime reads a time such as 2026-01-31T12:00:00.000Z.
func ParseTime(text string) (time.Time, error) {
	parsed, err := time.Parse(timeForm, text)
	if err != nil || len(text) != len(timeForm) || parsed.Format(timeForm) != text {
		return time.Time{}, fmt.Errorf("%.40q is no time such as %s", text, "2026-01-31T12:00:00.000Z")
	}
	return parsed, nil
}

// FormatTime writes a time as a record has it.
func FormatTime(t time.Time) string { return t.UTC().Format(timeForm) }
