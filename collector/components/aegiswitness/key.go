package aegiswitness

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

// Names of the witness' own keys.
const (
	keyFile  = "witness.key"
	vkeyFile = "witness.vkey"
	keyStart = "aegis-otel-audit-key 1 ed25519 "
)

// loadKey reads the witness' private key, which it makes at the first start. Its errors show nothing of the key.
func loadKey(directory string) (ed25519.PrivateKey, error) {
	path := filepath.Join(directory, keyFile)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(directory, path)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s: others may read this key; chmod 600 it, or remove it to get a new one", path)
	}
	content, err := io.ReadAll(io.LimitReader(file, 200))
	if err != nil {
		return nil, err
	}
	text, found := strings.CutPrefix(string(content), keyStart)
	seed, ok := record.ParseHash(strings.TrimSuffix(text, "\n"))
	if !found || !ok {
		return nil, fmt.Errorf("%s: no key of a witness; remove it to get a new one", path)
	}
	return ed25519.NewKeyFromSeed(seed[:]), nil
}

func makeKey(directory, path string) (ed25519.PrivateKey, error) {
	var seed record.Hash
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path+newSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, disk.FileMode)
	if err != nil {
		return nil, err
	}
	_, err = file.WriteString(keyStart + seed.String() + "\n")
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(path+newSuffix, path); err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed[:]), disk.OS.SyncDirectory(directory)
}
