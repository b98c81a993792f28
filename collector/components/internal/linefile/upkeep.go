package linefile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// upkeepEvery is how often files are looked at without a rotation, as they get too old.
const upkeepEvery = time.Hour

// upkeep removes rotated files that are too old and makes sidecars, in the background, until it is stopped.
type upkeep struct {
	due    chan struct{}
	cancel context.CancelFunc
	ended  chan struct{}
}

func (f *File) startUpkeep() {
	ctx, cancel := context.WithCancel(context.Background())
	f.upkeep = &upkeep{due: make(chan struct{}, 1), cancel: cancel, ended: make(chan struct{})}
	f.upkeep.due <- struct{}{}
	go func() {
		defer close(f.upkeep.ended)
		ticker := time.NewTicker(upkeepEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-f.upkeep.due:
			case <-ticker.C:
			}
			if err := f.doUpkeep(ctx); err != nil && ctx.Err() == nil && f.options.OnError != nil {
				f.options.OnError(err)
			}
		}
	}()
}

// soon lets the upkeep run; it never waits.
func (u *upkeep) soon() {
	if u == nil {
		return
	}
	select {
	case u.due <- struct{}{}:
	default:
	}
}

func (u *upkeep) stop() {
	if u != nil {
		u.cancel()
		<-u.ended
	}
}

func (f *File) doUpkeep(ctx context.Context) error {
	rotated, err := f.rotated()
	if err != nil {
		return err
	}
	kept, err := f.removeOld(rotated, time.Now())
	if f.options.Index == "" {
		return err
	}
	err = errors.Join(err, f.removeOrphans())
	// The newest first: these are asked for most.
	for _, path := range slices.Backward(kept) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if hasSidecar(path) {
			continue
		}
		// A file may be removed meanwhile, and one of very many records goes without.
		made := writeSidecar(ctx, path, f.options.Index)
		if made != nil && !errors.Is(made, os.ErrNotExist) && !errors.Is(made, errTooMany) {
			err = errors.Join(err, made)
		}
	}
	return err
}

// removeOld removes the files that were full too long ago, and returns the others.
func (f *File) removeOld(rotated []string, now time.Time) ([]string, error) {
	if f.options.MaxAge <= 0 {
		return rotated, nil
	}
	var problems error
	return slices.DeleteFunc(rotated, func(path string) bool {
		full, ok := f.stampOf(path)
		if !ok || now.Sub(full) <= f.options.MaxAge {
			return false
		}
		problems = errors.Join(problems, f.removeWithSidecar(path))
		return true
	}), problems
}

// removeOrphans removes sidecars whose file is gone, and what a crash has left of one.
func (f *File) removeOrphans() error {
	stem, suffix := f.nameParts()
	folder := filepath.Dir(f.options.Path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		of, isTemp := strings.CutSuffix(path, suffix+SidecarSuffix+sidecarTemp)
		of, isSidecar := strings.CutSuffix(of, suffix+SidecarSuffix)
		if !strings.HasPrefix(of, stem+"-") || !(isTemp || isSidecar) {
			continue
		}
		if _, missing := os.Stat(of + suffix); isTemp || errors.Is(missing, os.ErrNotExist) {
			err = errors.Join(err, f.removeIfThere(path))
		}
	}
	return err
}

func (f *File) removeWithSidecar(path string) error {
	return errors.Join(f.removeIfThere(path+SidecarSuffix), f.removeIfThere(path))
}

func (f *File) removeIfThere(path string) error {
	if err := f.system.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
