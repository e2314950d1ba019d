package pgtest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
)

// process is a running child.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how it ended; read it after done
}

// startProcess starts cmd and waits for its end in the background.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Linux sends the parent-death signal when the thread ends that made
		// the child, so that thread must live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// signal sends sig; a process that has ended already is no error.
func (p *process) signal(sig os.Signal) { _ = p.cmd.Process.Signal(sig) }

// end sends sig and waits for the end.
func (p *process) end(sig os.Signal) {
	p.signal(sig)
	<-p.done
}

// account is the user that a server runs as; nil is the user of the test.
type account struct {
	name     string
	uid, gid int
}

// unprivileged returns whom to run a server as if the test runs as root.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, fmt.Errorf("uid of %s: %w", name, err)
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return nil, fmt.Errorf("gid of %s: %w", name, err)
		}
		return &account{name: name, uid: uid, gid: gid}, nil
	}
	return nil, fmt.Errorf("running as root, and there is no user postgres or nobody to run a server as")
}

// credential is what the kernel wants to know of the account.
func (a *account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
}

// makeDir makes a new directory in parent that belongs to the account.
func (a *account) makeDir(parent string) (string, error) {
	dir, err := os.MkdirTemp(parent, "pgtest-")
	if err != nil || a == nil {
		return dir, err
	}
	if err := os.Chown(dir, a.uid, a.gid); err != nil {
		_ = os.Remove(dir)
		return "", err
	}
	return dir, nil
}

// command prepares a program that works in dir as the account and gets
// deathSignal if the test process dies, where the system can do that.
func (a *account) command(dir string, deathSignal syscall.Signal, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=" + dir, "TMPDIR=" + dir}
	cmd.SysProcAttr = sysProcAttr(a.credential(), deathSignal)
	return cmd
}

// freePort returns a port of 127.0.0.1 that nobody listens on right now. It
// prefers ports below those that systems give to outgoing connections.
func freePort() (int, error) {
	const low, high, tries = 20000, 32768, 100
	for range tries {
		if port, err := tryPort(low + rand.IntN(high-low)); err == nil {
			return port, nil
		}
	}
	return tryPort(0)
}

func tryPort(port int) (int, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return 0, err
	}
	port = l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
