// The tokens of services: made and revoked beside a running server, which
// follows within a second.

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// post makes a call in JSON and returns its status and body.
func (p *process) post(path, body string, headers map[string]string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+"/satcap.v1."+path, strings.NewReader(body))
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	res, err := (&http.Client{Timeout: soon}).Do(req)
	require.NoError(p.t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	return res.StatusCode, string(answer)
}

// listAs lists keys, as an owner may; releaseAs releases a spend that is not
// there, as the core API may: 404 for who is let in.
func (p *process) listAs(token string) int {
	status, _ := p.post("ApiKeyService/ListApiKeys", `{}`, map[string]string{"Authorization": "Bearer " + token})
	return status
}

func (p *process) releaseAs(token string) int {
	status, _ := p.post("SpendService/ReleaseSpend", `{"apiKeyId":"00000000-0000-4000-8000-000000000000","spendId":"s"}`,
		map[string]string{"Authorization": "Bearer " + token})
	return status
}

// becomes requires that a call is answered so within a second of since.
func becomes(t *testing.T, since time.Time, want int, call func() int) {
	t.Helper()
	for {
		got := call()
		if got == want {
			return
		}
		require.Less(t, time.Since(since), time.Second, "still %d", got)
		time.Sleep(tick)
	}
}

type tokenList struct {
	Tokens []struct {
		ID, Name, Prefix string
		Roles            []string
		Revoked          bool
	}
}

func listTokens(t *testing.T, db string) (list tokenList) {
	t.Helper()
	out := run(t, t.TempDir(), nil, "tokens", "list", "--db", db, "-o", "json")
	require.Zero(t, out.code, out)
	require.NoError(t, json.Unmarshal([]byte(out.stdout), &list))
	return list
}

func createToken(t *testing.T, db, name, roles string) string {
	t.Helper()
	out := run(t, t.TempDir(), nil, "tokens", "create", name, "--role", roles, "--db", db)
	require.Zero(t, out.code, out)
	require.Regexp(t, `^satcapsvc_[0-9A-Za-z]{49}\n$`, out.stdout)
	require.Equal(t, "Keep the token now: it cannot be shown again.\n", out.stderr)
	return strings.TrimSpace(out.stdout)
}

func TestTokens(t *testing.T) {
	onEngines(t, func(t *testing.T, db string) {
		p := serve(t, db)
		for range 3 {
			require.Equal(t, http.StatusOK, p.listAs(token), "in development mode")
		}
		require.Empty(t, listTokens(t, db).Tokens)

		core := createToken(t, db, "core-api", "spend,usage")
		since := time.Now()
		becomes(t, since, http.StatusNotFound, func() int { return p.releaseAs(core) })
		becomes(t, since, http.StatusUnauthorized, func() int { return p.listAs(token) })
		require.Equal(t, http.StatusUnauthorized, p.releaseAs(token), "the development token is gone")
		require.Equal(t, http.StatusForbidden, p.listAs(core), "a service owns no keys")
		gateway := createToken(t, db, "gateway", "verify")
		require.Equal(t, http.StatusForbidden, p.releaseAs(gateway))
		status, body := p.post("AuthService/VerifyApiKey", `{"secret":"x"}`, map[string]string{"Authorization": "Bearer " + gateway})
		require.Equal(t, http.StatusUnauthorized, status)
		require.Contains(t, body, "SECRET_REFUSED", "the gateway is let in, that secret is not")

		list := listTokens(t, db).Tokens
		require.Len(t, list, 2)
		require.Equal(t, "core-api", list[0].Name)
		require.Equal(t, []string{"spend", "usage"}, list[0].Roles)
		require.True(t, strings.HasPrefix(core, list[0].Prefix))
		require.Less(t, len(list[0].Prefix), 20)
		require.Equal(t, []string{"verify"}, list[1].Roles)
		table := run(t, t.TempDir(), nil, "tokens", "list", "--db", db).stdout
		require.Contains(t, table, "spend,usage")
		require.NotContains(t, table, core[len(list[0].Prefix):])

		require.Zero(t, run(t, t.TempDir(), nil, "tokens", "revoke", list[0].ID, "--db", db).code)
		becomes(t, time.Now(), http.StatusUnauthorized, func() int { return p.releaseAs(core) })
		require.Equal(t, http.StatusUnauthorized, p.listAs(token), "there is still a token")
		require.Equal(t, http.StatusForbidden, p.releaseAs(gateway), "the other one works")
		require.True(t, listTokens(t, db).Tokens[0].Revoked)
		require.False(t, listTokens(t, db).Tokens[1].Revoked)
		out := run(t, t.TempDir(), nil, "tokens", "revoke", list[0].ID, "--db", db)
		require.Equal(t, 1, out.code, "not twice")
		require.Contains(t, out.stderr, "revoked already")
		require.Zero(t, p.terminate())
	})
}

// TestPublicNeedsCallers: others may reach the server only when there is a token.
func TestPublicNeedsCallers(t *testing.T) {
	onEngines(t, func(t *testing.T, db string) {
		refused := func() {
			t.Helper()
			out := run(t, t.TempDir(), nil, "serve", "--listen", "0.0.0.0:0", "--db", db)
			require.Equal(t, 2, out.code, out)
			require.Contains(t, out.stderr, "--listen")
			require.Contains(t, out.stderr, "satcap tokens create")
			require.NotContains(t, out.stderr, "token for this run")
		}
		refused()
		require.Zero(t, run(t, t.TempDir(), nil, "migrate", "--db", db).code)
		refused()
		core := createToken(t, db, "core-api", "spend")
		p := launch(t, t.TempDir(), []string{"SATCAP_DEV_TOKEN=" + token}, "--db", db, "--listen", "0.0.0.0:0").awaitReady()
		require.NotContains(t, p.stderr.String(), "development mode")
		require.NotContains(t, p.stderr.String(), "token for this run")
		require.Equal(t, http.StatusNotFound, p.releaseAs(core))
		require.Equal(t, http.StatusUnauthorized, p.listAs(token))
		// Without a token it serves on, and nobody has come back meanwhile.
		require.Zero(t, run(t, t.TempDir(), nil, "tokens", "revoke", listTokens(t, db).Tokens[0].ID, "--db", db).code)
		becomes(t, time.Now(), http.StatusUnauthorized, func() int { return p.releaseAs(core) })
		require.Equal(t, http.StatusUnauthorized, p.listAs(token))
		require.Zero(t, p.terminate())
		refused()
	})
}

// TestTokensRefuse: mistakes are named, and make nothing.
func TestTokensRefuse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"create", "core", "--role", "spend"}, {"list"}, {"revoke", "00000000-0000-4000-8000-000000000000"},
	} {
		for _, db := range []string{"satcap.db", "no/such/dir.db"} {
			out := run(t, dir, nil, append(append([]string{"tokens"}, args...), "--db", "sqlite:"+db)...)
			require.Equal(t, 1, out.code, out)
			require.Contains(t, out.stderr, "--db: there is no database to")
			require.Contains(t, out.stderr, "satcap migrate")
			require.Empty(t, out.stdout)
			made, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, made)
		}
	}
	onEngine := engines["Postgres"](t)
	out := run(t, dir, nil, "tokens", "create", "core", "--role", "spend", "--db", onEngine)
	require.Equal(t, 1, out.code, out)
	require.Contains(t, out.stderr, "run satcap migrate")
	require.Empty(t, out.stdout, "no token was shown that is not stored")

	db := engines["SQLite"](t)
	require.Zero(t, run(t, dir, nil, "migrate", "--db", db).code)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"create", "core"}, 2, "at least one role is needed: spend, usage or verify"},
		{[]string{"create", "core", "--role", "admin"}, 2, `unknown role "admin": it must be spend, usage or verify`},
		{[]string{"create", "", "--role", "spend"}, 2, "1 to 128 characters"},
		{[]string{"create", strings.Repeat("x", 129), "--role", "spend"}, 2, "1 to 128 characters"},
		{[]string{"create", "a\x1b[2Jb", "--role", "spend"}, 2, "printable"},
		{[]string{"create", "a\xffb", "--role", "spend"}, 2, "printable"},
		{[]string{"create", "--role", "spend"}, 2, "missing argument NAME"},
		{[]string{"revoke", "x"}, 2, `"x" is not the id of a token`},
		{[]string{"revoke", "00000000-0000-4000-8000-000000000000"}, 1, "no such token"},
	} {
		out := run(t, dir, nil, append(append([]string{"tokens"}, c.args...), "--db", db)...)
		require.Equal(t, c.code, out.code, out)
		require.Contains(t, out.stderr, c.want)
		require.Empty(t, out.stdout)
	}
	require.Empty(t, listTokens(t, db).Tokens)
}
