package pgtest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// orphanVariable makes the test binary the process that dies without cleaning up.
const orphanVariable = "PGTEST_ORPHAN"

// TestNothingOutlivesTheProcess ends a test process in ways that run no cleanup.
func TestNothingOutlivesTheProcess(t *testing.T) {
	if how := os.Getenv(orphanVariable); how != "" {
		orphan(t, how)
		return
	}
	for _, how := range []string{"Exit", "Kill"} {
		t.Run(how, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestNothingOutlivesTheProcess$")
			cmd.Env = append(os.Environ(), orphanVariable+"="+how)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			var dirs, hosts []string
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if dir, ok := strings.CutPrefix(lines.Text(), "dir "); ok {
					dirs = append(dirs, dir)
				}
				if host, ok := strings.CutPrefix(lines.Text(), "host "); ok {
					hosts = append(hosts, host)
				}
			}
			require.Error(t, cmd.Wait())
			require.Len(t, dirs, 1)
			require.Len(t, hosts, 2)
			require.Eventually(t, func() bool { return gone(dirs[0], hosts) }, 20*time.Second, 20*time.Millisecond)
		})
	}
}

// orphan starts a server and a pooler, says where they are, and dies.
func orphan(t *testing.T, how string) {
	server, err := Start(context.Background())
	require.NoError(t, err)
	fmt.Println("dir", server.dir)
	for _, address := range []string{server.URL("postgres"), StartPooler(t, server.URL("postgres"))} {
		parsed, err := url.Parse(address)
		require.NoError(t, err)
		fmt.Println("host", parsed.Host)
	}
	if how == "Kill" {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	os.Exit(1)
}

// gone reports whether dir does not exist and nobody listens at hosts.
func gone(dir string, hosts []string) bool {
	if _, err := os.Stat(dir); err == nil {
		return false
	}
	for _, host := range hosts {
		if conn, err := net.Dial("tcp", host); err == nil {
			_ = conn.Close()
			return false
		}
	}
	return true
}
