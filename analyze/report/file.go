package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"metron/internal/term"
)

// CheckPath says what is wrong with the name of a page. It opens nothing.
func CheckPath(path string) error {
	if !strings.HasSuffix(path, ".html") {
		return term.WithHint(fmt.Errorf("%q is no name of a page, which ends in .html", path), "--report report.html")
	}
	return nil
}

// File is a page that appears under its name when it is complete.
type File struct {
	path string
	file *os.File // nil: written, or given up
}

// Create begins a page, so that a name that cannot be written is found before the work.
func Create(path string) (*File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".report-*.html")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return &File{path, f}, nil
}

// Write makes the page and gives it its name.
func (f *File) Write(d *Document) error {
	if err := Write(f.file, d); err != nil {
		return err
	}
	if err := f.file.Chmod(0o644); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := f.file.Close(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := os.Rename(f.file.Name(), f.path); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	f.file = nil
	return nil
}

// Abandon removes what was not written to its end.
func (f *File) Abandon() {
	if f.file != nil {
		f.file.Close()
		os.Remove(f.file.Name())
		f.file = nil
	}
}

// WriteFile makes the page as a file.
func WriteFile(path string, d *Document) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Abandon()
	return f.Write(d)
}
