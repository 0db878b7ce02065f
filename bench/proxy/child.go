package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// child is a process of the measurement.
type child struct {
	*exec.Cmd
	pids []int
}

// start runs a command on the given cores; "" is all.
func start(cores string, stderr *os.File, args ...string) (*child, error) {
	if cores != "" {
		args = append([]string{"taskset", "-c", cores}, args...)
	}
	c := exec.Command(args[0], args[1:]...)
	c.Stderr = stderr
	if err := c.Start(); err != nil {
		return nil, err
	}
	return &child{Cmd: c}, nil
}

// fullPipe is a pipe that takes no more.
func fullPipe() (unread, full *os.File, err error) {
	if unread, full, err = os.Pipe(); err != nil {
		return nil, nil, err
	}
	if err = full.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err == nil {
		_, err = full.Write(make([]byte, 16<<20)) // pipes hold 64 KiB to 1 MiB
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		unread.Close()
		full.Close()
		return nil, nil, fmt.Errorf("fill a pipe: %w", err)
	}
	return unread, full, nil
}

// ready waits until something listens, and notes the processes.
func (c *child) ready(addr string) error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			c.pids = children(c.Process.Pid)
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("nothing listens at %s", addr)
		}
	}
}

func (c *child) stop() {
	_ = c.Process.Signal(os.Interrupt)
	_ = c.Wait()
}

// measure runs a load in a process of its own.
func measure(cores string, t target, streams int, warm, length time.Duration, more ...string) (r result, err error) {
	err = ask(cores, t, &r, append([]string{"load", "-streams", strconv.Itoa(streams), "-warm", warm.String(), "-for", length.String()}, more...)...)
	return r, err
}

// ask runs one of our own commands on a target, and takes its result.
func ask(cores string, t target, result any, args ...string) error {
	list := make([]string, len(t.pids))
	for i, pid := range t.pids {
		list[i] = strconv.Itoa(pid)
	}
	args = append([]string{os.Args[0]}, append(args, "-target", t.addr, "-pids", strings.Join(list, ","))...)
	if cores != "" {
		args = append([]string{"taskset", "-c", cores}, args...)
	}
	c := exec.Command(args[0], args[1:]...)
	c.Stderr = os.Stderr
	var out bytes.Buffer
	c.Stdout = &out
	if err := c.Run(); err != nil {
		return fmt.Errorf("load on %s: %w", t.addr, err)
	}
	return json.Unmarshal(out.Bytes(), result)
}

// free gives an address that nothing listens at.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// nginx writes a configuration, and gives the command that runs it.
func nginx(dir, listen, upstream string, workers int) []string {
	config := fmt.Sprintf(`daemon off; pid %[1]s/nginx.pid; error_log stderr crit; worker_processes %[4]d;
events { worker_connections 20000; }
http {
	access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	upstream server { server %[3]s; keepalive 512; }
	server { listen %[2]s; location / {
		proxy_pass http://server; proxy_http_version 1.1; proxy_set_header Connection "";
		proxy_buffering off; proxy_read_timeout 1h; } }
}
`, dir, listen, upstream, workers)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		panic(err)
	}
	return []string{"nginx", "-c", path, "-p", dir}
}
