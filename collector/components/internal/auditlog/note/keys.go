package note

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	sumdb "golang.org/x/mod/sumdb/note"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
)

// Keys are those that a verifier trusts: what its own file says (section 4.4), and what signed rotations add.
type Keys struct {
	nodes     map[record.Hash][]period
	secrets   map[record.Hash][32]byte
	witnesses []sumdb.Verifier
}

// period is when a node key may endorse chains; a zero time is no limit.
type period struct{ from, until time.Time }

// ReadKeys reads a file of trusted keys. Its errors name the line, and no secret.
func ReadKeys(in io.Reader) (*Keys, error) {
	keys := &Keys{nodes: map[record.Hash][]period{}, secrets: map[record.Hash][32]byte{}}
	lines := bufio.NewScanner(in)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := keys.add(strings.Fields(line)); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return keys, lines.Err()
}

func (k *Keys) add(fields []string) error {
	if len(fields) == 0 {
		return errors.New("has spaces only")
	}
	if fields[0] == "aegis-otel-audit-key" {
		if len(fields) != 4 || fields[1] != "1" || fields[2] != "hmac-sha256" {
			return errors.New("expected aegis-otel-audit-key 1 hmac-sha256 <64 hexadecimal digits>; of a node key give the vkey")
		}
		secret, ok := record.ParseHash(fields[3])
		if !ok {
			return errors.New("expected 64 hexadecimal digits behind hmac-sha256")
		}
		k.secrets[SecretID(secret)] = secret
		return nil
	}
	name, kind, key, err := parseVkey(fields[0])
	if err != nil {
		return err
	}
	when, err := parsePeriod(fields[1:])
	if err != nil {
		return err
	}
	if kind == typeCosignature {
		if when != (period{}) {
			return errors.New("from and until are for node keys")
		}
		k.witnesses = append(k.witnesses, WitnessVerifier(name, key))
		return nil
	}
	if name != NodeName(key) {
		return fmt.Errorf("a node key with this key is called %s", NodeName(key))
	}
	k.nodes[key] = append(k.nodes[key], when)
	return nil
}

func parseVkey(text string) (name string, kind byte, key record.Hash, err error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 || !ValidName(parts[0]) {
		return "", 0, key, errors.New("expected <name>+<key id>+<base64 of the key>")
	}
	id, failure := hex.DecodeString(parts[1])
	coded, wrong := base64.StdEncoding.Strict().DecodeString(parts[2])
	if failure != nil || wrong != nil || len(id) != 4 || len(coded) != 1+len(key) {
		return "", 0, key, errors.New("expected <name>+<key id>+<base64 of the key>")
	}
	copy(key[:], coded[1:])
	kind = coded[0]
	if kind != typeEd25519 && kind != typeCosignature {
		return "", 0, key, fmt.Errorf("a key of type %#02x is none of a node or witness", kind)
	}
	if vkey(parts[0], kind, key) != text {
		return "", 0, key, errors.New("the key id is not that of name and key")
	}
	return parts[0], kind, key, nil
}

func parsePeriod(fields []string) (when period, err error) {
	for _, field := range fields {
		name, text, _ := strings.Cut(field, "=")
		limit := map[string]*time.Time{"from": &when.from, "until": &when.until}[name]
		if limit == nil || !limit.IsZero() {
			return when, errors.New("expected from=<time> and until=<time>, each once")
		}
		if *limit, err = record.ParseTime(text); err != nil {
			return when, err
		}
	}
	return when, nil
}

// Clone returns keys to which a rotation can add without changing these.
func (k *Keys) Clone() *Keys {
	return &Keys{nodes: maps.Clone(k.nodes), secrets: k.secrets, witnesses: k.witnesses}
}

// Empty reports whether there is no key by which a chain could be trusted.
func (k *Keys) Empty() bool { return len(k.nodes) == 0 && len(k.secrets) == 0 }

// Witnesses check the cosignatures of the trusted witnesses.
func (k *Keys) Witnesses() []sumdb.Verifier { return k.witnesses }

// Knows reports whether a node key is there, at whatever time.
func (k *Keys) Knows(key record.Hash) bool { return len(k.nodes[key]) > 0 }

// Trusts reports whether a node key may endorse a chain that was opened then.
func (k *Keys) Trusts(key record.Hash, opened time.Time) bool {
	for _, when := range k.nodes[key] {
		if !opened.Before(when.from) && (when.until.IsZero() || opened.Before(when.until)) {
			return true
		}
	}
	return false
}

// Secret returns the secret with an id.
func (k *Keys) Secret(id record.Hash) (secret [32]byte, ok bool) {
	secret, ok = k.secrets[id]
	return secret, ok
}

// Follow trusts the new key of a rotation, if the old one is trusted and its time was not over then. It reports
// whether the key is new. Both signatures must hold (Rotates).
func (k *Keys) Follow(r *record.Rotated) bool {
	at, err := record.ParseTime(r.At)
	if err != nil || k.Knows(r.NewKey) {
		return false
	}
	for _, when := range k.nodes[r.OldKey] {
		if when.until.IsZero() || !at.After(when.until) {
			k.nodes[r.NewKey] = []period{{}}
			return true
		}
	}
	return false
}
