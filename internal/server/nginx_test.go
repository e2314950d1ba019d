// A real gateway: nginx asks /auth/check before it lets a request through.

package server_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

// nginxConfig is the gateway of docs/access.md on free ports: %[1]s is its own
// directory, %[2]s its address, %[3]s satcap, %[4]s the server behind it.
const nginxConfig = `
daemon off;
master_process off;
error_log stderr info;
pid %[1]s/nginx.pid;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server {
		listen %[2]s;
		location = /_check {
			internal;
			proxy_pass http://%[3]s/auth/check;
			proxy_method GET;
			proxy_pass_request_body off;
			proxy_set_header Content-Length "";
			proxy_set_header X-Forwarded-For $remote_addr;
		}
		location / {
			auth_request /_check;
			auth_request_set $subject $upstream_http_x_auth_subject;
			auth_request_set $scope $upstream_http_x_auth_scope;
			auth_request_set $key $upstream_http_x_auth_api_key_id;
			proxy_set_header X-Auth-Subject $subject;
			proxy_set_header X-Auth-Scope $scope;
			proxy_set_header X-Auth-Api-Key-Id $key;
			proxy_set_header X-API-KEY "";
			proxy_pass http://%[4]s;
		}
	}
}
`

// startNginx runs nginx until the test ends and returns its address.
func startNginx(t *testing.T, satcap, behind string) string {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // Debian's; not in every PATH
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatal("nginx is missing: scripts/test.sh says how to get it")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	dir := t.TempDir()
	file := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, nginxConfig, dir, address, satcap, behind), 0o600))
	cmd := exec.Command(program, "-p", dir, "-c", file, "-e", "stderr")
	said := &buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	for began := time.Now(); refused(address); time.Sleep(tick) {
		require.Less(t, time.Since(began), soon, "nginx does not listen:\n%s", said)
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("nginx ended: %v\n%s", err, said)
		default:
		}
	}
	return address
}

func TestNginx(t *testing.T) {
	cfg := settings(t)
	cfg.TrustedProxies = []string{"127.0.0.1"}
	r := start(t, cfg)
	var passed atomic.Int64
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		passed.Add(1)
		var body bytes.Buffer
		_, _ = body.ReadFrom(req.Body)
		fmt.Fprintf(w, "%s %s %s sub=%v scope=%v key=%v secret=%v", req.Method, req.URL.Path, &body,
			req.Header["X-Auth-Subject"], req.Header["X-Auth-Scope"], req.Header["X-Auth-Api-Key-Id"], req.Header["X-Api-Key"])
	}))
	t.Cleanup(echo.Close)
	address := startNginx(t, r.Addr(), strings.TrimPrefix(echo.URL, "http://"))
	client := httpClient(t, false)
	// ask sends a payment with spoofed identity headers through the gateway.
	ask := func(secret string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/pay", strings.NewReader("5 sats"))
		require.NoError(t, err)
		if secret != "" {
			req.Header.Set("X-API-KEY", secret)
		}
		req.Header.Set("X-Auth-Subject", "mallory")
		req.Header.Set("X-Auth-Scope", "write")
		req.Header.Set("X-Auth-Api-Key-Id", "any")
		res, err := client.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		return res.StatusCode, readAll(t, res)
	}
	c := r.clients(true, token)
	id, secret := c.newSecret(t, func(q *satcapv1.CreateApiKeyRequest) {
		q.Scopes = []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_READ, satcapv1.ApiKey_SCOPE_RECEIVE}
	})
	for range 3 {
		status, body := ask(secret)
		require.Equal(t, http.StatusOK, status, body)
		require.Equal(t, "POST /pay 5 sats sub=[dev] scope=[read receive] key=["+id+"] secret=[]", body)
	}
	let := passed.Load()
	for _, wrong := range []string{"", "x", unknownSecret(t)} {
		status, body := ask(wrong)
		require.Equal(t, http.StatusUnauthorized, status, body)
	}
	require.Equal(t, let, passed.Load(), "nothing got through")

	_, err := c.keys.RevokeApiKey(t.Context(), &satcapv1.RevokeApiKeyRequest{ApiKeyId: id})
	require.NoError(t, err)
	since := time.Now()
	for {
		status, _ := ask(secret)
		if status == http.StatusUnauthorized {
			break
		}
		require.Equal(t, http.StatusOK, status)
		require.Less(t, time.Since(since), within, "a revoked key is still let through")
		time.Sleep(tick)
	}
	let = passed.Load()
	for range 5 {
		status, _ := ask(secret)
		require.Equal(t, http.StatusUnauthorized, status)
	}
	require.Equal(t, let, passed.Load())
}
