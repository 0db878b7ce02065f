package capture

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"metron/schema"
)

// fileName is the form of the names that captures give to their files.
const fileName = `^capture-\d{8}T\d{6}\.\d{6}Z\.parquet$`

// makeRoom removes the oldest sealed files of captures from the folder until all
// of them and the journals have no more than maxDisk bytes. The newest one stays,
// and whatever is no capture's.
func (f *files) makeRoom() {
	if f.maxDisk == 0 {
		return
	}
	f.room.Lock()
	defer f.room.Unlock()
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return // the recorder tells
	}
	ours := regexp.MustCompile(fileName)
	var sealed []string // the oldest first, as they are named by their time
	total, sizes := int64(0), map[string]int64{}
	for _, e := range entries {
		info, err := e.Info()
		path := filepath.Join(f.dir, e.Name())
		switch {
		case err != nil || !info.Mode().IsRegular():
		case ours.MatchString(e.Name()):
			sealed = append(sealed, path)
			sizes[path] = info.Size()
			total += info.Size()
		case ours.MatchString(strings.TrimSuffix(e.Name(), ".arrows") + ".parquet"): // a journal
			total += info.Size()
		}
	}
	for len(sealed) > 1 && total > f.maxDisk {
		oldest := sealed[0]
		sealed = sealed[1:]
		if !isCapture(oldest) {
			total -= sizes[oldest]
			continue
		}
		err := os.Remove(oldest)
		if f.removed(oldest, err); err == nil {
			total -= sizes[oldest]
		}
	}
}

// isCapture reports whether a file is a complete one of a capture.
func isCapture(path string) bool {
	f, err := schema.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return f.Meta().Vantage == schema.VantageCapture
}
