package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// process is a graft that runs beside the test, in a process group of its own as a shell
// gives it one.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr text
	gone           chan struct{}
}

// text is what a process says; it may be read meanwhile.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *text) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *text) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// start starts graft. When the test ends it is killed together with all that it started.
func (w world) start(t *testing.T, args ...string) *process {
	t.Helper()
	// What a dead graft leaves behind becomes a child of this process, and is seen.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(graft, args...), gone: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = w.dir, w.environ()
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.gone)
	}()
	t.Cleanup(func() {
		for _, pid := range descendants(os.Getpid()) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		<-p.gone
		if t.Failed() {
			t.Logf("graft %q said:\n%s%s", args, p.stdout.String(), p.stderr.String())
		}
	})
	return p
}

// says waits until graft has written something to stderr.
func (p *process) says(t *testing.T, want string) {
	t.Helper()
	for range 6000 {
		if strings.Contains(p.stderr.String(), want) {
			return
		}
		select {
		case <-p.gone:
			t.Fatalf("graft ended and never said %q", want)
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Fatalf("graft does not say %q", want)
}

// interrupt does what Ctrl-C does on a terminal: the whole foreground group gets the signal.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

// status waits for the end and returns the exit status.
func (p *process) status(t *testing.T) int {
	t.Helper()
	select {
	case <-p.gone:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(10 * time.Minute):
		t.Fatal("graft does not end")
		return 0
	}
}

// leftNothing wants no process that graft started to be alive. Killed ones may take a moment.
func leftNothing(t *testing.T) {
	t.Helper()
	var left []int
	for range 50 {
		if left = descendants(os.Getpid()); len(left) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	for _, pid := range left {
		line, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		t.Errorf("process %d is left: %.200q", pid, line)
	}
}

// descendants are the living processes below one, and those that became its children when
// their own parents died. Dead ones are reaped unless graft itself is among them.
func descendants(root int) []int {
	parents := map[int]int{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		// "pid (name) state ppid …"; a name may have parentheses.
		b, _ := os.ReadFile("/proc/" + e.Name() + "/stat")
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(f) > 1 && f[0] != "Z" && f[0] != "X" {
			parents[pid], _ = strconv.Atoi(f[1])
		}
	}
	var out []int
	for pid := range parents {
		for at := parents[pid]; at > 1; at = parents[at] {
			if at == root {
				out = append(out, pid)
				break
			}
		}
	}
	return out
}

// answers waits until a server answers at an address and returns its base URL.
func (p *process) answers(t *testing.T, addr string) string {
	t.Helper()
	url := "http://" + addr
	for range 3000 {
		select {
		case <-p.gone:
			t.Fatal("graft ended before the server answered")
		case <-time.After(50 * time.Millisecond):
		}
		if isUp(url) {
			return url
		}
	}
	t.Fatal("the server does not answer")
	return ""
}
