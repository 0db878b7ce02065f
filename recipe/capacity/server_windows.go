package capacity

import (
	"os/exec"
	"strconv"
	"syscall"
)

func shell(command string) *exec.Cmd { return exec.Command("cmd", "/C", command) }

// ownGroup keeps Ctrl-C at the terminal from a command.
func ownGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// endGroup ends a command and what it started; Windows has no way to ask.
func endGroup(c *exec.Cmd, atOnce bool) {
	if atOnce {
		_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(c.Process.Pid)).Run() // none is left: it is done
	}
}

func groupLives(*exec.Cmd) bool { return false }
