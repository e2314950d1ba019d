// 1,000 secrets: what was shown once is found nowhere afterwards.

package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// gram is how much of a secret counts as having found it.
const gram = 16

// hunt is every piece of gram characters of what must not be found, and whose
// it is.
type hunt map[[gram]byte]string

func (h hunt) add(name, secret string) {
	for i := 0; i+gram <= len(secret); i++ {
		h[[gram]byte([]byte(secret[i:i+gram]))] = name
	}
}

// addSecret adds the random part of a secret: its prefix is shown to owners.
func (h hunt) addSecret(name, secret string) {
	h.add(name, secret[strings.Index(secret, "_")+1:])
}

// search returns whose secrets are in the text.
func (h hunt) search(text []byte) map[string]bool {
	found := map[string]bool{}
	for i := 0; i+gram <= len(text); i++ {
		if name, ok := h[[gram]byte(text[i:i+gram])]; ok {
			found[name] = true
		}
	}
	return found
}

// searchFiles searches every file below dir, and returns how many bytes too.
func (h hunt) searchFiles(t *testing.T, dir string) (found map[string]bool, size int) {
	t.Helper()
	found = map[string]bool{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // Postgres takes files away
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		size += len(text)
		for name := range h.search(text) {
			found[name] = true
		}
		return err
	}))
	return found, size
}

// identityProvider writes a key set and signs the token of an owner.
func identityProvider(t *testing.T) (keySet, token string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	document, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "x": base64.RawURLEncoding.EncodeToString(public),
	}}})
	require.NoError(t, err)
	keySet = filepath.Join(t.TempDir(), "jwks.json")
	require.NoError(t, os.WriteFile(keySet, document, 0o600))
	unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": "issuer", "aud": "satcap", "sub": "alice", "scope": "read write", "exp": time.Now().Add(time.Hour).Unix(),
	})
	unsigned.Header["kid"] = "one"
	token, err = unsigned.SignedString(private)
	require.NoError(t, err)
	return keySet, token
}

// dataDir is the directory with the files of a database.
func dataDir(t *testing.T, db string) (dir string) {
	t.Helper()
	if path, ok := strings.CutPrefix(db, "sqlite:"); ok {
		return filepath.Dir(path)
	}
	conn, err := sql.Open("pgx", db)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), "CHECKPOINT") // writes what is only in memory
	require.NoError(t, err)
	require.NoError(t, conn.QueryRowContext(t.Context(), "SHOW data_directory").Scan(&dir))
	return filepath.Dir(dir) // the server's own log is beside it
}

func TestNoSecretIsKept(t *testing.T) {
	const secrets, tokens, workers = 1000, 3, 8
	onEngines(t, func(t *testing.T, db string) {
		h := hunt{}
		require.Zero(t, run(t, t.TempDir(), nil, "migrate", "--db", db).code)
		var services []string
		for i := range tokens {
			services = append(services, createToken(t, db, fmt.Sprintf("service-%d", i), "spend,usage,verify"))
			h.addSecret(services[i], services[i])
		}
		keySet, owner := identityProvider(t)
		h.add("jwt", owner[strings.LastIndex(owner, ".")+1:])
		h.add("dev token", "hunter2-development-token")
		p := launch(t, t.TempDir(), []string{"SATCAP_DEV_TOKEN=hunter2-development-token"}, "--db", db, "--log-level", "debug",
			"--jwt-jwks", keySet, "--jwt-issuer", "issuer", "--jwt-audience", "satcap").awaitReady()

		var mu sync.Mutex
		var all sync.WaitGroup
		for w := range workers {
			all.Go(func() {
				for i := w; i < secrets; i += workers {
					secret := useSecret(t, p, owner, services[i%tokens], i)
					mu.Lock()
					h.addSecret(secret, secret)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		require.False(t, t.Failed())
		// What is wrong is not kept either: a typing error is nearly a secret.
		h.add("wrong", "WrongSecretWrongSecretWrongSecret")
		for _, headers := range []map[string]string{
			{"X-API-KEY": "satcap_WrongSecretWrongSecretWrongSecret"}, {"Authorization": "Bearer WrongSecretWrongSecretWrongSecret"},
		} {
			status, _ := p.post("UsageService/GetUsage", `{"apiKeyId":"00000000-0000-4000-8000-000000000000"}`, headers)
			require.Equal(t, http.StatusUnauthorized, status)
		}

		search := func() {
			found, size := h.searchFiles(t, dataDir(t, db))
			require.Empty(t, found, "in the database")
			require.Greater(t, size, secrets*100, "it looks at the database at all")
			require.Empty(t, h.search([]byte(p.stderr.String()+p.stdout.String())), "in the log")
		}
		search() // with the write-ahead log as it is in operation
		require.GreaterOrEqual(t, strings.Count(p.stderr.String(), "CreateApiKey"), secrets, "it looks at the log at all")

		// The control: what is planted is found, in the log and in the database.
		planted := "Planted" + rand.Text()
		h.add("planted", planted)
		search()
		status, body := p.post("ApiKeyService/CreateApiKey", `{"name":"`+planted+`","scopes":["SCOPE_READ"]}`,
			map[string]string{"Authorization": "Bearer " + owner, "X-Request-Id": planted[:20]})
		require.Equal(t, http.StatusOK, status, body)
		require.Zero(t, p.terminate())
		found, _ := h.searchFiles(t, dataDir(t, db))
		require.Equal(t, map[string]bool{"planted": true}, found)
		require.Equal(t, map[string]bool{"planted": true}, h.search([]byte(p.stderr.String())))
	})
}

// useSecret makes a key and uses its secret in every way there is.
func useSecret(t *testing.T, p *process, owner, service string, i int) string {
	t.Helper()
	status, body := p.post("ApiKeyService/CreateApiKey", fmt.Sprintf(`{"name":"key %d","scopes":["SCOPE_READ"]}`, i),
		map[string]string{"Authorization": "Bearer " + owner})
	var made struct {
		APIKey struct{ APIKeyID string }
		Secret string
	}
	if status != http.StatusOK || json.Unmarshal([]byte(body), &made) != nil || !strings.HasPrefix(made.Secret, "satcap_") {
		t.Errorf("%d %s", status, body)
		return "satcap_none"
	}
	byID := `{"apiKeyId":"` + made.APIKey.APIKeyID + `"}`
	for _, c := range []struct {
		path, body string
		headers    map[string]string
	}{
		{"UsageService/GetUsage", byID, map[string]string{"X-API-KEY": made.Secret}},
		{"UsageService/GetUsage", byID, map[string]string{"Authorization": "Bearer " + made.Secret}},
		{"UsageService/GetUsage", byID, map[string]string{"Authorization": "Bearer " + service}},
		{"AuthService/VerifyApiKey", `{"secret":"` + made.Secret + `"}`, map[string]string{"Authorization": "Bearer " + service}},
	} {
		if status, body := p.post(c.path, c.body, c.headers); status != http.StatusOK || bytes.Contains([]byte(body), []byte(made.Secret)) {
			t.Errorf("%s: %d %s", c.path, status, body)
		}
	}
	// A secret where it does not belong is refused, and not written down.
	if status, _ := p.post("ApiKeyService/RevokeApiKey", byID, map[string]string{"X-API-KEY": made.Secret}); status != http.StatusForbidden {
		t.Errorf("a key revoked itself: %d", status)
	}
	if status, _ := p.post("UsageService/GetUsage", `{"apiKeyId":"`+made.Secret+`"}`, map[string]string{"Authorization": "Bearer " + service}); status != http.StatusBadRequest {
		t.Errorf("a secret is no id: %d", status)
	}
	return made.Secret
}
