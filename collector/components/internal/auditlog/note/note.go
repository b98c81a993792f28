// Package note has the signed texts of the audit trail: checkpoints, endorsements, rotations and cosignatures
// (docs/audit-format.md, sections 4 and 5). Signed notes themselves are those of golang.org/x/mod/sumdb/note.
package note

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	sumdb "golang.org/x/mod/sumdb/note"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
)

// Types of signatures and their keys.
const (
	typeEd25519     = 0x01
	typeCosignature = 0x04
)

// ChainName is the name of a chain's key, and the origin of its checkpoints.
func ChainName(chain record.Hash) string { return "aegis-otel.audit/" + chain.String() }

// NodeName is the name of a node key.
func NodeName(key record.Hash) string {
	return fmt.Sprintf("aegis-otel.audit/node/%.16s", record.Hash(sha256.Sum256(key[:])).String())
}

// Text is the signed text of a checkpoint.
func Text(chain record.Hash, size int64, root record.Hash) []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n", ChainName(chain), size, base64.StdEncoding.EncodeToString(root[:]))
}

// ParseText reads the text of a checkpoint.
func ParseText(text string) (chain record.Hash, size int64, root record.Hash, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return chain, 0, root, errors.New("a checkpoint has three lines")
	}
	name, found := strings.CutPrefix(lines[0], "aegis-otel.audit/")
	chain, ok := record.ParseHash(name)
	size, failure := strconv.ParseInt(lines[1], 10, 64)
	decoded, wrong := base64.StdEncoding.Strict().DecodeString(lines[2])
	if !found || !ok || failure != nil || size < 1 || wrong != nil || len(decoded) != len(root) {
		return chain, 0, root, errors.New("no checkpoint of an audit trail")
	}
	copy(root[:], decoded)
	if string(Text(chain, size, root)) != text {
		return chain, 0, root, errors.New("a checkpoint in another form than that of the format")
	}
	return chain, size, root, nil
}

// SignedByChain reports whether the signature over a checkpoint's text is that of the chain's key.
func SignedByChain(key record.Hash, text []byte, signature [64]byte) bool {
	return ed25519.Verify(key[:], text, signature[:])
}

// Endorses reports whether the node key's signature says that this key belongs to the chain.
func Endorses(chain record.Hash, opened *record.Opened) bool {
	text := fmt.Appendf(nil, "aegis-otel.audit/endorsement/v1\n%s\n%s\n%s\n", chain, opened.Key, opened.Timestamp)
	return ed25519.Verify(opened.NodeKey[:], text, opened.Endorsement[:])
}

// Rotates reports whether both node keys have signed that one follows the other.
func Rotates(r *record.Rotated) bool {
	text := fmt.Appendf(nil, "aegis-otel.audit/rotation/v1\n%s\n%s\n%s\n",
		Vkey(NodeName(r.OldKey), r.OldKey), Vkey(NodeName(r.NewKey), r.NewKey), r.At)
	return ed25519.Verify(r.OldKey[:], text, r.OldSignature[:]) && ed25519.Verify(r.NewKey[:], text, r.NewSignature[:])
}

// Mac is the authentication code of a checkpoint's text without Ed25519.
func Mac(secret [32]byte, chain record.Hash, text []byte) record.Hash {
	key := hmac.New(sha256.New, secret[:])
	fmt.Fprintf(key, "aegis-otel-audit/1 chain key\n%s", chain)
	mac := hmac.New(sha256.New, key.Sum(nil))
	mac.Write(text)
	return record.Hash(mac.Sum(nil))
}

// SecretID is the auditKeyId of a secret.
func SecretID(secret [32]byte) record.Hash {
	return sha256.Sum256(append([]byte("aegis-otel-audit/1 hmac key\n"), secret[:]...))
}

func keyID(name string, kind byte, key []byte) uint32 {
	sum := sha256.Sum256(append(append([]byte(name), '\n', kind), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// Vkey is the public form of a node key or of a chain's key.
func Vkey(name string, key record.Hash) string { return vkey(name, typeEd25519, key) }

// WitnessVkey is the public form of a witness' key.
func WitnessVkey(name string, key record.Hash) string { return vkey(name, typeCosignature, key) }

func vkey(name string, kind byte, key record.Hash) string {
	coded := base64.StdEncoding.EncodeToString(append([]byte{kind}, key[:]...))
	return fmt.Sprintf("%s+%08x+%s", name, keyID(name, kind, key[:]), coded)
}

// ChainVerifier checks the signature line of a chain's key in a signed note.
func ChainVerifier(chain, key record.Hash) (sumdb.Verifier, error) {
	return sumdb.NewVerifier(Vkey(ChainName(chain), key))
}

// witnessVerifier checks cosignatures.
type witnessVerifier struct {
	name string
	key  record.Hash
}

// WitnessVerifier checks the cosignature lines of a witness in a signed note.
func WitnessVerifier(name string, key record.Hash) sumdb.Verifier { return witnessVerifier{name, key} }

func (w witnessVerifier) Name() string    { return w.name }
func (w witnessVerifier) KeyHash() uint32 { return keyID(w.name, typeCosignature, w.key[:]) }

func (w witnessVerifier) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(signature)
	return ed25519.Verify(w.key[:], cosigned(seconds, text), signature[8:])
}

func cosigned(seconds uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", seconds), text...)
}

// Witness cosigns checkpoints.
type Witness struct {
	name string
	key  ed25519.PrivateKey
	now  func() int64
}

// NewWitness makes a witness of its name, its private key and a clock in seconds since 1970.
func NewWitness(name string, key ed25519.PrivateKey, now func() int64) (*Witness, error) {
	if !ValidName(name) {
		return nil, fmt.Errorf("%.60q cannot be a witness' name: it must not be empty, nor have spaces or a +", name)
	}
	return &Witness{name, key, now}, nil
}

// ValidName reports whether a key can have this name.
func ValidName(name string) bool {
	return name != "" && len(name) <= 255 && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r == '+' || r > '~'
	})
}

// Key is the public key.
func (w *Witness) Key() record.Hash { return record.Hash(w.key.Public().(ed25519.PublicKey)) }

// Vkey is the public form of the witness' key.
func (w *Witness) Vkey() string { return WitnessVkey(w.name, w.Key()) }

// Verifier checks this witness' own cosignatures.
func (w *Witness) Verifier() sumdb.Verifier { return WitnessVerifier(w.name, w.Key()) }

// Name, KeyHash and Sign make it a signer of notes.
func (w *Witness) Name() string { return w.name }

// KeyHash is the key id.
func (w *Witness) KeyHash() uint32 { return w.Verifier().KeyHash() }

// Sign cosigns a checkpoint's text.
func (w *Witness) Sign(text []byte) ([]byte, error) {
	seconds := uint64(w.now())
	return append(binary.BigEndian.AppendUint64(nil, seconds), ed25519.Sign(w.key, cosigned(seconds, text))...), nil
}

// Cosign returns the signed note of a checkpoint, with the chain's signature and the witness' own.
func (w *Witness) Cosign(chain, key record.Hash, text []byte, signature [64]byte) ([]byte, error) {
	return sumdb.Sign(&sumdb.Note{Text: string(text), Sigs: nil}, chainSignature{chain, key, signature}, w)
}

// chainSignature hands a signature that is already made to sumdb.Sign.
type chainSignature struct {
	chain, key record.Hash
	signature  [64]byte
}

func (c chainSignature) Name() string                { return ChainName(c.chain) }
func (c chainSignature) KeyHash() uint32             { return keyID(c.Name(), typeEd25519, c.key[:]) }
func (c chainSignature) Sign([]byte) ([]byte, error) { return c.signature[:], nil }

// MaxNote is the largest signed note that is read, in bytes.
const MaxNote = 16 << 10

// Split cuts a file of evidence into its signed notes: lines of text, an empty line, lines that begin with a dash.
func Split(data []byte) ([][]byte, error) {
	var notes [][]byte
	for len(data) > 0 {
		text := bytes.Index(data, []byte("\n\n"))
		if text < 0 || text > MaxNote {
			return notes, fmt.Errorf("note %d of the evidence has no empty line behind its text", len(notes)+1)
		}
		end := text + 2
		for bytes.HasPrefix(data[end:], []byte("— ")) {
			length := bytes.IndexByte(data[end:], '\n') + 1
			if length == 0 {
				return notes, fmt.Errorf("note %d of the evidence is cut off", len(notes)+1)
			}
			end += length
		}
		if end == text+2 || end > MaxNote {
			return notes, fmt.Errorf("note %d of the evidence has no signature, or is too long", len(notes)+1)
		}
		notes = append(notes, data[:end])
		data = data[end:]
	}
	return notes, nil
}
