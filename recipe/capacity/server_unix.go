//go:build unix

package capacity

import (
	"os/exec"
	"syscall"
)

func shell(command string) *exec.Cmd { return exec.Command("sh", "-c", command) }

// ownGroup keeps a command out of our group, so that Ctrl-C at the terminal ends only us,
// who then end it in order.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup asks all of a command's processes to end, or ends them.
func endGroup(c *exec.Cmd, atOnce bool) {
	signal := syscall.SIGTERM
	if atOnce {
		signal = syscall.SIGKILL
	}
	_ = syscall.Kill(-c.Process.Pid, signal) // none is left: it is done
}

func groupLives(c *exec.Cmd) bool { return syscall.Kill(-c.Process.Pid, 0) == nil }
