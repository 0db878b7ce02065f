package schema

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// endRun completes the run, and merges where a level has enough of them.
func (b *Builder) endRun() error {
	if err := b.write(len(b.window)); err != nil || b.run == nil {
		return err
	}
	path, err := b.run.path(), b.run.close(b.meta)
	b.run = nil
	if err != nil {
		return err
	}
	for level := 0; ; level++ {
		if level == len(b.levels) {
			b.levels = append(b.levels, nil)
		}
		b.levels[level] = append(b.levels[level], path)
		if len(b.levels[level]) < mergeRuns {
			return nil
		}
		if path, err = b.merge(b.levels[level]); err != nil {
			return err
		}
		b.levels[level] = nil
	}
}

// merge makes one run of several, the oldest first, and removes them.
func (b *Builder) merge(paths []string) (string, error) {
	// Opened by name and in order: an archive made of patterns would sort them.
	a := &Archive{}
	defer a.Close()
	for _, path := range paths {
		f, err := Open(path)
		if err != nil {
			return "", err
		}
		a.Files = append(a.Files, f)
	}
	out, err := b.newRun()
	if err != nil {
		return "", err
	}
	var group []*Record
	bytes := 0
	for row, err := range a.Records(context.Background(), Selection{}) {
		if err != nil {
			return "", errors.Join(err, out.file.Close())
		}
		group = append(group, row.Record)
		if bytes += row.bytes(); len(group) == groupRows || bytes >= groupBytes {
			if err := out.writeGroups(group); err != nil {
				return "", errors.Join(err, out.file.Close())
			}
			group, bytes = group[:0], 0
		}
	}
	if err := errors.Join(out.writeGroups(group), out.close(b.meta), a.Close()); err != nil {
		return "", err
	}
	a.Files = nil
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			return "", err
		}
	}
	return out.path(), nil
}

// sweep removes runs.
func (b *Builder) sweep() error {
	entries, err := os.ReadDir(filepath.Dir(b.path))
	for _, e := range entries {
		if path := filepath.Join(filepath.Dir(b.path), e.Name()); strings.HasPrefix(path, b.temp("run-")) {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}
