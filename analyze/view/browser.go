package view

import (
	"fmt"
	"os/exec"
	"runtime"
)

// openBrowser has the desktop show a URL.
func openBrowser(url string) error {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	c := exec.Command(name, args...)
	if err := c.Start(); err != nil {
		return fmt.Errorf("view: --open: %w", err)
	}
	go c.Wait() // nobody cares how it ends
	return nil
}
