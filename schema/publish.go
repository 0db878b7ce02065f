package schema

import (
	"errors"
	"os"
)

// publish gives the complete file its name.
func (b *Builder) publish(path string) error {
	if err := chmod(path, b.meta.perm()); err != nil {
		return err
	}
	if err := os.Rename(path, b.path); err != nil {
		return err
	}
	return syncFolder(b.path)
}

// chmod gives a file the mode that it would have been created with: less what
// the process's mask takes, which only a new file tells.
func chmod(path string, perm os.FileMode) error {
	f, err := os.OpenFile(path+".mode", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return err
	}
	return os.Chmod(path, info.Mode().Perm())
}
