// Package trailtest makes audit trails for tests, straight from docs/audit-format.md. It shares no code with the
// packages under test, so that a mistake in these is not repeated here. The texts and names of its records are ASCII.
package trailtest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Zero is the hash text of nothing.
var Zero = strings.Repeat("0", 64)

// Record is one record, with all its members.
type Record map[string]any

// Seed makes a private key of a word.
func Seed(word string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(word))
	return ed25519.NewKeyFromSeed(seed[:])
}

// Public is the public key as hash text.
func Public(key ed25519.PrivateKey) string {
	return hex.EncodeToString(key.Public().(ed25519.PublicKey))
}

// Vkey is the public form of a key of type 1 or 4.
func Vkey(name string, kind byte, key ed25519.PrivateKey) string {
	public := append([]byte{kind}, key.Public().(ed25519.PublicKey)...)
	id := sha256.Sum256([]byte(name + "\n" + string(public)))
	return fmt.Sprintf("%s+%x+%s", name, id[:4], base64.StdEncoding.EncodeToString(public))
}

// NodeVkey is the line by which a verifier trusts a node key.
func NodeVkey(key ed25519.PrivateKey) string {
	sum := sha256.Sum256(key.Public().(ed25519.PublicKey))
	return Vkey("aegis-otel.audit/node/"+hex.EncodeToString(sum[:])[:16], 1, key)
}

// Canonical are the canonical bytes of a record.
func Canonical(record Record) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(record); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

var outer = []string{"auditHash", "auditRoot", "auditProof", "auditSignature1", "auditSignature2", "auditMac"}

// HashOf is the hash that a record of the chain should have.
func HashOf(chain string, record Record) string {
	inner := maps.Clone(record)
	for _, name := range outer {
		delete(inner, name)
	}
	sum := sha256.Sum256([]byte("\x00aegis-otel-audit/1\n" + chain + "\n" + string(Canonical(inner))))
	return hex.EncodeToString(sum[:])
}

func node(left, right []byte) []byte {
	sum := sha256.Sum256(slices.Concat([]byte{1}, left, right))
	return sum[:]
}

// split is the largest power of two below n.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// Root is MTH of RFC 6962, section 2.1, over leaf hashes.
func Root(leaves [][]byte) []byte {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := split(len(leaves))
	return node(Root(leaves[:k]), Root(leaves[k:]))
}

// Proof is PROOF(m, D[n]) of RFC 6962, section 2.1.2.
func Proof(m int, leaves [][]byte) [][]byte { return subproof(m, leaves, true) }

func subproof(m int, leaves [][]byte, complete bool) [][]byte {
	n := len(leaves)
	if m == n {
		if complete {
			return nil
		}
		return [][]byte{Root(leaves)}
	}
	k := split(n)
	if m <= k {
		return append(subproof(m, leaves[:k], complete), Root(leaves[k:]))
	}
	return append(subproof(m-k, leaves[k:], false), Root(leaves[:k]))
}

// Chain is a chain that is being written. Its records are for tests to read and to change.
type Chain struct {
	ID      string
	Key     ed25519.PrivateKey
	Node    ed25519.PrivateKey
	Secret  []byte // for HMAC; then Key and Node are not used
	Records []Record
	Suffix  string // of its file; empty for the one that fits
	Stamp   time.Time
	Last    int // size at the last checkpoint
}

// NewChain opens a chain whose id and key are made of a word. Heads are those of other chains, as they are now.
func NewChain(word string, nodeKey ed25519.PrivateKey, heads ...*Chain) *Chain {
	id := sha256.Sum256([]byte("chain " + word))
	return newChain(hex.EncodeToString(id[:]), Seed("key "+word), nodeKey, heads...)
}

// Reopened is a chain with the same id and another key.
func (c *Chain) Reopened(word string) *Chain { return newChain(c.ID, Seed(word), c.Node) }

func newChain(id string, key, nodeKey ed25519.PrivateKey, heads ...*Chain) *Chain {
	c := &Chain{ID: id, Key: key, Node: nodeKey, Stamp: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
	opened := Record{"auditAlgorithm": "ed25519", "auditKey": Public(c.Key), "auditNodeKey": Public(nodeKey), "auditRules": id}
	text := fmt.Sprintf("aegis-otel.audit/endorsement/v1\n%s\n%s\n%s\n", c.ID, Public(c.Key), c.time())
	opened["auditEndorsement1"], opened["auditEndorsement2"] = halves(ed25519.Sign(nodeKey, []byte(text)))
	maps.Copy(opened, Heads(heads...))
	c.Event("opened", "CHAIN OPENED", opened)
	return c
}

// NewSecretChain opens a chain with HMAC.
func NewSecretChain(word string, secret []byte) *Chain {
	id := sha256.Sum256([]byte("chain " + word))
	c := &Chain{ID: hex.EncodeToString(id[:]), Secret: secret, Stamp: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
	keyID := sha256.Sum256(append([]byte("aegis-otel-audit/1 hmac key\n"), secret...))
	opened := Record{"auditAlgorithm": "hmac-sha256", "auditKeyId": hex.EncodeToString(keyID[:])}
	maps.Copy(opened, Heads())
	c.Event("opened", "CHAIN OPENED", opened)
	return c
}

// Heads are the three lists.
func Heads(chains ...*Chain) Record {
	sorted := slices.SortedFunc(slices.Values(chains), func(a, b *Chain) int { return strings.Compare(a.ID, b.ID) })
	ids, sizes, hashes := []string{}, []int{}, []string{}
	for _, c := range sorted {
		ids, sizes, hashes = append(ids, c.ID), append(sizes, len(c.Records)), append(hashes, c.lastHash())
	}
	return Record{"auditHeadChains": ids, "auditHeadSizes": sizes, "auditHeadHashes": hashes}
}

func halves(signature []byte) (string, string) {
	return hex.EncodeToString(signature[:32]), hex.EncodeToString(signature[32:])
}

func (c *Chain) time() string { return c.Stamp.Format("2006-01-02T15:04:05.000Z") }

func (c *Chain) lastHash() string {
	if len(c.Records) == 0 {
		return Zero
	}
	return c.Records[len(c.Records)-1]["auditHash"].(string)
}

// Seal appends a record with these members beside the usual ones.
func (c *Chain) Seal(members Record) Record {
	record := Record{
		"timestamp": c.time(), "level": "info", "message": "AUDIT: READ", "service": "orders", "environment": "test",
		"logger": "app.audit", "complianceLevel": "HIPAA", "auditTimestamp": c.time(), "auditFormat": 1,
		"auditChain": c.ID, "auditSeq": len(c.Records), "auditPrevious": c.lastHash(),
	}
	maps.Copy(record, members)
	record["auditHash"] = HashOf(c.ID, record)
	c.Records = append(c.Records, record)
	c.Stamp = c.Stamp.Add(10 * time.Millisecond)
	return record
}

// Add appends n records of the app.
func (c *Chain) Add(n int) *Chain {
	for range n {
		c.Seal(Record{
			"auditAction": "READ", "operation": "chart", "actor": map[string]any{"id": fmt.Sprintf("u-%d", len(c.Records))},
			"patient": "P-9", "outcome": "success", "rows": len(c.Records), "tags": []any{"a", nil, true, -1},
		})
	}
	return c
}

// Event appends a record of the trail's own.
func (c *Chain) Event(event, action string, members Record) Record {
	all := Record{"auditEvent": event, "auditAction": action, "message": "AUDIT: " + action, "logger": "aegis_otel.audit"}
	maps.Copy(all, members)
	return c.Seal(all)
}

// Leaves are the hashes of the first records.
func (c *Chain) Leaves(size int) [][]byte {
	leaves := make([][]byte, size)
	for i := range leaves {
		leaves[i], _ = hex.DecodeString(c.Records[i]["auditHash"].(string))
	}
	return leaves
}

// Checkpoint appends a checkpoint.
func (c *Chain) Checkpoint() *Chain { return c.checkpoint("checkpoint", "CHECKPOINT") }

// Close appends the checkpoint that closes the chain.
func (c *Chain) Close() *Chain { return c.checkpoint("closed", "CHAIN CLOSED") }

func (c *Chain) checkpoint(event, action string) *Chain {
	size := len(c.Records) + 1
	record := c.Event(event, action, Record{"auditSize": size, "auditProofSize": c.Last})
	c.SignCheckpoint(record, c.Last)
	c.Last = size
	return c
}

// SignCheckpoint writes the outer members of a checkpoint over the records as they are now.
func (c *Chain) SignCheckpoint(record Record, before int) {
	size := record["auditSize"].(int)
	leaves := c.Leaves(size)
	root := Root(leaves)
	record["auditRoot"] = hex.EncodeToString(root)
	proof := []string{}
	if before > 0 {
		for _, hash := range Proof(before, leaves) {
			proof = append(proof, hex.EncodeToString(hash))
		}
	}
	record["auditProof"] = proof
	text := Text(c.ID, size, root)
	if c.Secret != nil {
		key := hmac.New(sha256.New, c.Secret)
		fmt.Fprintf(key, "aegis-otel-audit/1 chain key\n%s", c.ID)
		mac := hmac.New(sha256.New, key.Sum(nil))
		mac.Write([]byte(text))
		record["auditMac"] = hex.EncodeToString(mac.Sum(nil))
		return
	}
	record["auditSignature1"], record["auditSignature2"] = halves(ed25519.Sign(c.Key, []byte(text)))
}

// Text is the signed text of a checkpoint.
func Text(chain string, size int, root []byte) string {
	return fmt.Sprintf("aegis-otel.audit/%s\n%d\n%s\n", chain, size, base64.StdEncoding.EncodeToString(root))
}

// End appends a `recovered` or `left` record about another chain as it is now. Uncertain is for `left`.
func (c *Chain) End(event string, of *Chain, size int, uncertain ...string) Record {
	members := Record{"auditOfChain": of.ID, "auditOfSize": size, "auditOfHash": Zero, "auditOfRoot": Zero, "outcome": "success"}
	if size > 0 {
		members["auditOfHash"] = of.Records[size-1]["auditHash"]
		members["auditOfRoot"] = hex.EncodeToString(Root(of.Leaves(size)))
	}
	if event == "recovered" {
		members["auditCutBytes"] = 0
		return c.Event(event, "CHAIN RECOVERED", members)
	}
	members["auditReason"], members["auditUncertain"], members["outcome"] = "EIO", append([]string{}, uncertain...), "failure"
	return c.Event(event, "CHAIN LEFT", members)
}

// Rotate appends the record of a change of node keys.
func (c *Chain) Rotate(from, to ed25519.PrivateKey) Record {
	text := fmt.Sprintf("aegis-otel.audit/rotation/v1\n%s\n%s\n%s\n", NodeVkey(from), NodeVkey(to), c.time())
	members := Record{"auditOldKey": Public(from), "auditNodeKey": Public(to), "auditRotatedAt": c.time()}
	members["auditOldSignature1"], members["auditOldSignature2"] = halves(ed25519.Sign(from, []byte(text)))
	members["auditNewSignature1"], members["auditNewSignature2"] = halves(ed25519.Sign(to, []byte(text)))
	return c.Event("rotated", "KEY ROTATED", members)
}

// Evidence is the signed note of a witness about the chain at a size.
func (c *Chain) Evidence(size int, name string, witness ed25519.PrivateKey) []byte {
	text := Text(c.ID, size, Root(c.Leaves(size)))
	origin := "aegis-otel.audit/" + c.ID
	seconds := uint64(1_770_000_000)
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, text)
	cosignature := append(binary.BigEndian.AppendUint64(nil, seconds), ed25519.Sign(witness, []byte(signed))...)
	return []byte(text + "\n" + line(origin, 1, c.Key, ed25519.Sign(c.Key, []byte(text))) + line(name, 4, witness, cosignature))
}

func line(name string, kind byte, key ed25519.PrivateKey, signature []byte) string {
	id := sha256.Sum256(append([]byte(name+"\n"+string(kind)), key.Public().(ed25519.PublicKey)...))
	return fmt.Sprintf("— %s %s\n", name, base64.StdEncoding.EncodeToString(append(id[:4], signature...)))
}

// Batch is one batch of a file.
func Batch(number int, records ...Record) []byte {
	lines := make([][]byte, len(records))
	for i, record := range records {
		lines[i] = Canonical(record)
	}
	return RawBatch(number, lines...)
}

// RawBatch is a batch of any lines.
func RawBatch(number int, lines ...[]byte) []byte {
	content := append(bytes.Join(lines, []byte("\n")), '\n')
	head := fmt.Sprintf("# %d %d %d ", number, len(lines), len(content))
	sum := crc32.ChecksumIEEE(append([]byte(head), content...))
	return append(fmt.Appendf(nil, "%s%08x\n", head, sum), content...)
}

// File is the content of the chain's file, with batches of three records. A gap begins a new one.
func (c *Chain) File() []byte {
	content := fmt.Appendf(nil, "aegis-otel-audit 1 %s\n", c.ID)
	for from := 0; from < len(c.Records); {
		number := c.Records[from]["auditSeq"].(int)
		to := from + 1
		for to < len(c.Records) && to < from+3 && c.Records[to]["auditSeq"].(int) <= number+to-from {
			to++
		}
		content = append(content, Batch(number, c.Records[from:to]...)...)
		from = to
	}
	return content
}

// suffix is that of the chain's file: a process writes to it until it is closed.
func (c *Chain) suffix() string {
	if c.Suffix != "" {
		return c.Suffix
	}
	if len(c.Records) > 0 && c.Records[len(c.Records)-1]["auditEvent"] != "closed" {
		return ".live"
	}
	return ".audit"
}

// Folder writes a trail's folder.
func Folder(t testing.TB, chains ...*Chain) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "lock"), nil, 0o600))
	for _, c := range chains {
		Put(t, folder, c.ID+c.suffix(), c.File())
	}
	return folder
}

// Put writes a file of a trail.
func Put(t testing.TB, folder, name string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
}

// Export are the lines of all chains, those of later records first and with white space that does not matter.
func Export(chains ...*Chain) []byte {
	var out bytes.Buffer
	for _, c := range chains {
		for _, record := range slices.Backward(c.Records) {
			indented, err := json.MarshalIndent(record, "", " ")
			if err != nil {
				panic(err)
			}
			out.Write(bytes.ReplaceAll(indented, []byte("\n"), []byte(" ")))
			out.WriteByte('\n')
		}
	}
	return out.Bytes()
}
