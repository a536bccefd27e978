package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// watchMemory returns the peak of what one process had resident, without its children: what
// wait tells (getrusage) is the most of any of them. The kernel keeps the peak itself, so only
// what is reached in the last moment before the end can be missed. 0 where there is no /proc.
func watchMemory(pid int, ended <-chan struct{}) int64 {
	var most int64
	for {
		select {
		case <-ended:
			return most
		case <-time.After(5 * time.Millisecond):
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		_, peak, _ := strings.Cut(string(status), "VmHWM:")
		var kib int64
		if n, _ := fmt.Sscan(peak, &kib); n == 1 {
			most = max(most, kib*1024)
		}
	}
}

// memory is the most that graft itself has resident, without the compilers that it starts.
func (b *bench) memory() error {
	const goal = 300 << 20
	say := func(what string, n int64) {
		fmt.Printf("peak memory of %s: %s; goal 300 MiB: %s\n", what, mb(n), met(n < goal))
	}
	fresh := "GRAFT_STORE=" + filepath.Join(b.tmp, "memory-store")
	t, err := b.run([]string{fresh}, b.graft, "lock", "--update", project, "--target", "rpi4", "--target", "linux/amd64")
	if err != nil {
		return err
	}
	say("graft lock --update with an empty store, 2 targets", t.memory)
	t, err = b.run([]string{fresh}, b.graft, "build", project, "--target", "rpi4", "--target", "linux/amd64", "--format", "tar.gz,deb,oci")
	if err != nil {
		return err
	}
	say("graft build after it, 2 targets, 3 formats", t.memory)
	return nil
}
