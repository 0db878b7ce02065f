//go:build !linux

package alarm

import "time"

func sharpen() {}

func sleep(d time.Duration) { time.Sleep(d) }
