// Tokens of owners: those that count, and every way to forge one (RFC 8725).

package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/jwks"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

const (
	jwtIssuer   = "https://idp.test/"
	jwtAudience = "satcap"
)

// jwtNow is the server's clock in these tests.
var jwtNow = time.Unix(1_800_000_000, 0)

// signers are the keys of the identity provider by id, and its enemy's.
type signers struct {
	rsa, evil *rsa.PrivateKey
	p256      *ecdsa.PrivateKey
	p384      *ecdsa.PrivateKey
	ed        ed25519.PrivateKey
	secret    []byte
}

var jwtSigners = sync.OnceValue(func() signers {
	var s signers
	var errs [5]error
	s.rsa, errs[0] = rsa.GenerateKey(rand.Reader, 2048)
	s.evil, errs[1] = rsa.GenerateKey(rand.Reader, 2048)
	s.p256, errs[2] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.p384, errs[3] = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, s.ed, errs[4] = ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(errs[:]...); err != nil {
		panic(err)
	}
	s.secret = []byte("a secret of 32 bytes, shared, no")
	return s
})

func raw64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func jwkRSA(kid string, key *rsa.PublicKey) map[string]any {
	return map[string]any{"kid": kid, "kty": "RSA", "n": raw64(key.N.Bytes()), "e": "AQAB"}
}

func jwkEC(kid string, key *ecdsa.PublicKey) map[string]any {
	point, err := key.Bytes()
	if err != nil {
		panic(err)
	}
	half := (len(point) - 1) / 2
	return map[string]any{"kid": kid, "kty": "EC", "crv": key.Curve.Params().Name, "x": raw64(point[1 : 1+half]), "y": raw64(point[1+half:])}
}

func jsonText(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// jwtDocument is the provider's key set.
func jwtDocument() []byte {
	s := jwtSigners()
	fixed := jwkRSA("rs256", &s.rsa.PublicKey)
	fixed["alg"], fixed["use"] = "RS256", "sig"
	return jsonText(map[string]any{"keys": []any{
		fixed, jwkRSA("rsa", &s.rsa.PublicKey), jwkEC("p256", &s.p256.PublicKey), jwkEC("p384", &s.p384.PublicKey),
		map[string]any{"kid": "ed", "kty": "OKP", "crv": "Ed25519", "x": raw64(s.ed.Public().(ed25519.PublicKey))},
		map[string]any{"kid": "secret", "kty": "oct", "k": raw64(s.secret)},
	}})
}

// jwtCallers accepts the provider's tokens; asked counts how often the key set
// was read. An unknown key id is always reason enough to read it again.
func jwtCallers(t *testing.T, keys auth.KeyStore, change func(*auth.JWTConfig)) (callers *auth.Callers, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	document := jwtDocument()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Write(document) //nolint:errcheck // the test sees what arrived
	}))
	t.Cleanup(server.Close)
	log := slog.New(slog.DiscardHandler)
	set := jwks.New(t.Context(), jwks.Config{Source: server.URL, RefreshEvery: time.Hour, UnknownEvery: time.Nanosecond, Log: log})
	t.Cleanup(set.Close)
	require.NoError(t, set.Ready())
	cfg := auth.JWTConfig{Keys: set, Issuer: jwtIssuer, Audience: jwtAudience, Now: func() time.Time { return jwtNow }}
	if change != nil {
		change(&cfg)
	}
	callers = &auth.Callers{JWT: auth.NewJWT(cfg), Keys: auth.NewKeys(keys, "satcap_", log)}
	t.Cleanup(callers.Keys.Close)
	return callers, asked
}

// claimed is what a good token says, with changes; nil takes a claim away.
func claimed(changes ...any) map[string]any {
	claims := map[string]any{
		"iss": jwtIssuer, "aud": jwtAudience, "sub": "alice", "exp": jwtNow.Unix() + 60, "scope": "read write",
	}
	for i := 0; i < len(changes); i += 2 {
		if name := changes[i].(string); changes[i+1] == nil {
			delete(claims, name)
		} else {
			claims[name] = changes[i+1]
		}
	}
	return claims
}

// null is a claim that is there and null.
var null = json.RawMessage("null")

// signedParts signs any header and claims, sensible or not.
func signedParts(method jwt.SigningMethod, key any, header, claims []byte) string {
	text := raw64(header) + "." + raw64(claims)
	signature, err := method.Sign(text, key)
	if err != nil {
		panic(err)
	}
	return text + "." + raw64(signature)
}

// signed is a token with these header fields on top of alg and typ.
func signed(method jwt.SigningMethod, key any, header, claims map[string]any) string {
	all := map[string]any{"alg": method.Alg(), "typ": "JWT"}
	maps.Copy(all, header)
	return signedParts(method, key, jsonText(all), jsonText(claims))
}

// good is a token that differs from an accepted one only in its claims.
func good(changes ...any) string {
	return signed(jwt.SigningMethodRS256, jwtSigners().rsa, map[string]any{"kid": "rs256"}, claimed(changes...))
}

func authenticate(callers *auth.Callers, token string) (auth.Caller, error) {
	return callers.Authenticate(context.Background(), auth.Credentials{Authorization: "Bearer " + token})
}

// refused: with the one error that says nothing, and no caller.
func refused(t *testing.T, callers *auth.Callers, token, why string) {
	t.Helper()
	caller, err := authenticate(callers, token)
	require.True(t, err == auth.ErrUnauthenticated, "%s: %v", why, err) //nolint:errorlint // no word more than that
	require.Zero(t, caller.Kinds, why)
	require.Empty(t, caller.Subject, why)
	require.Zero(t, caller.KeyID, why)
}

const ownerBoth = auth.OwnerReads | auth.OwnerWrites

func alice(kinds auth.Kinds) auth.Caller {
	return auth.Caller{Kinds: kinds, Subject: "alice", Authentication: "jwt"}
}

func TestJWTAccepted(t *testing.T) {
	t.Parallel()
	callers, asked := jwtCallers(t, nil, nil)
	s := jwtSigners()
	rs256 := func(header map[string]any) string {
		header["kid"] = "rs256"
		return signed(jwt.SigningMethodRS256, s.rsa, header, claimed())
	}
	kid := func(id string) map[string]any { return map[string]any{"kid": id} }
	for name, token := range map[string]string{
		"plain":           good(),
		"RS384":           signed(jwt.SigningMethodRS384, s.rsa, kid("rsa"), claimed()),
		"RS512":           signed(jwt.SigningMethodRS512, s.rsa, kid("rsa"), claimed()),
		"PS256":           signed(jwt.SigningMethodPS256, s.rsa, kid("rsa"), claimed()),
		"PS512":           signed(jwt.SigningMethodPS512, s.rsa, kid("rsa"), claimed()),
		"ES256":           signed(jwt.SigningMethodES256, s.p256, kid("p256"), claimed()),
		"ES384":           signed(jwt.SigningMethodES384, s.p384, kid("p384"), claimed()),
		"EdDSA":           signed(jwt.SigningMethodEdDSA, s.ed, kid("ed"), claimed()),
		"typ at+jwt":      rs256(map[string]any{"typ": "at+jwt"}),
		"unknown field":   rs256(map[string]any{"foo": "bar"}),
		"audience listed": good("aud", []string{"other", jwtAudience}),
		"nbf":             good("nbf", jwtNow.Unix()),
		"iat ahead":       good("iat", jwtNow.Unix()+3600), // no promise is tied to it
		"5 KiB":           good("pad", strings.Repeat("x", 4000)),
	} {
		caller, err := authenticate(callers, token)
		require.NoError(t, err, name)
		require.Equal(t, alice(ownerBoth), caller, name)
	}
	for _, subject := range []string{"a", "auth0|5f7", "álice 日本 😀", "a b", strings.Repeat("x", 256)} {
		caller, err := authenticate(callers, good("sub", subject))
		require.NoError(t, err, subject)
		require.Equal(t, subject, caller.Subject)
	}
	require.EqualValues(t, 1, asked.Load(), "only New read the key set")
}

func TestJWTAttacks(t *testing.T) {
	t.Parallel()
	s := jwtSigners()
	evilDocument := jsonText(map[string]any{"keys": []any{jwkRSA("rs256", &s.evil.PublicKey), jwkRSA("evil", &s.evil.PublicKey)}})
	var reached atomic.Int64
	enemy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		w.Write(evilDocument) //nolint:errcheck // must not be asked at all
	}))
	defer enemy.Close()
	spki, err := x509.MarshalPKIXPublicKey(&s.rsa.PublicKey)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: jwtNow.AddDate(1, 0, 0)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &s.evil.PublicKey, s.evil)
	require.NoError(t, err)

	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	token := good()
	parts := strings.Split(token, ".")
	// nextTo has other bits where the last character of a text has none to give.
	nextTo := func(text string) string {
		last := strings.IndexByte(alphabet, text[len(text)-1])
		other := text[:len(text)-1] + string(alphabet[last^1])
		require.NotEqual(t, text, other)
		was, err := base64.RawURLEncoding.DecodeString(text)
		require.NoError(t, err)
		is, err := base64.RawURLEncoding.DecodeString(other)
		require.NoError(t, err)
		require.Equal(t, was, is, "the same bytes, written otherwise")
		return other
	}
	by := func(header map[string]any) string {
		return signed(jwt.SigningMethodRS256, s.rsa, header, claimed())
	}
	byEvil := func(header map[string]any) string {
		return signed(jwt.SigningMethodRS256, s.evil, header, claimed())
	}
	hmac := func(kid string, key []byte) string {
		return signed(jwt.SigningMethodHS256, key, map[string]any{"kid": kid}, claimed())
	}
	none := func(alg string) string {
		return signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, map[string]any{"alg": alg, "kid": "rs256"}, claimed())
	}
	// A signature of a P-256 key in the size and with the hash of ES512.
	wide := func() string {
		text := raw64(jsonText(map[string]any{"alg": "ES512", "kid": "p256"})) + "." + raw64(jsonText(claimed()))
		hash := sha512.Sum512([]byte(text))
		r, v, err := ecdsa.Sign(rand.Reader, s.p256, hash[:])
		require.NoError(t, err)
		return text + "." + raw64(append(r.FillBytes(make([]byte, 66)), v.FillBytes(make([]byte, 66))...))
	}
	rs := func(header, claims string) string {
		return signedParts(jwt.SigningMethodRS256, s.rsa, []byte(header), []byte(claims))
	}
	header := `{"alg":"RS256","kid":"rs256"}`
	controls := func(text string) string { return good("sub", text) }

	// fetches says whether the attack may make the key set be read again: only
	// an id that could be a new key may.
	type attack struct {
		token   string
		fetches bool
	}
	attacks := map[string]attack{
		"unknown kid":            {byEvil(map[string]any{"kid": "evil"}), true},
		"unknown kid, good key":  {by(map[string]any{"kid": "other"}), true},
		"kid of a path":          {by(map[string]any{"kid": "../../../../dev/null"}), true},
		"kid of SQL":             {by(map[string]any{"kid": "rs256' OR '1'='1"}), true},
		"kid in other case":      {by(map[string]any{"kid": "RS256"}), true},
		"kid of the shared key":  {by(map[string]any{"kid": "secret"}), true},
		"unknown kid, jku":       {byEvil(map[string]any{"kid": "evil", "jku": enemy.URL}), true},
		"kid that is a URL":      {byEvil(map[string]any{"kid": enemy.URL}), true},
		"HS256 shared key":       {hmac("secret", s.secret), false},
		"HS256 with the PEM":     {hmac("rs256", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})), false},
		"HS256 with the DER":     {hmac("rs256", spki), false},
		"HS256 with the modulus": {hmac("rs256", s.rsa.N.Bytes()), false},
		"HS256 with PEM, no alg": {hmac("rsa", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})), false},
		"HS256 with the Ed key":  {hmac("ed", s.ed.Public().(ed25519.PublicKey)), false},
	}
	for name, token := range map[string]string{
		"alg none":                none("none"),
		"alg None":                none("None"),
		"alg NONE":                none("NONE"),
		"alg empty":               none(""),
		"alg none, signed":        by(map[string]any{"alg": "none", "kid": "rs256"}),
		"alg in lower case":       by(map[string]any{"alg": "rs256", "kid": "rs256"}),
		"alg a number":            by(map[string]any{"alg": 256, "kid": "rs256"}),
		"alg missing":             rs(`{"kid":"rs256"}`, string(jsonText(claimed()))),
		"other key, same kid":     byEvil(map[string]any{"kid": "rs256"}),
		"PS256 by RS256 key":      signed(jwt.SigningMethodPS256, s.rsa, map[string]any{"kid": "rs256"}, claimed()),
		"RS512 by RS256 key":      signed(jwt.SigningMethodRS512, s.rsa, map[string]any{"kid": "rs256"}, claimed()),
		"ES256 by RSA key":        signed(jwt.SigningMethodES256, s.p256, map[string]any{"kid": "rsa"}, claimed()),
		"RS256 by EC key":         by(map[string]any{"kid": "p256"}),
		"EdDSA by EC key":         signed(jwt.SigningMethodEdDSA, s.ed, map[string]any{"kid": "p256"}, claimed()),
		"ES512 by P-256 key":      wide(),
		"jku":                     byEvil(map[string]any{"kid": "rs256", "jku": enemy.URL}),
		"jku, no kid":             byEvil(map[string]any{"jku": enemy.URL}),
		"x5u":                     byEvil(map[string]any{"kid": "rs256", "x5u": enemy.URL}),
		"x5u, no kid":             byEvil(map[string]any{"x5u": enemy.URL}),
		"jwk":                     byEvil(map[string]any{"kid": "rs256", "jwk": jwkRSA("rs256", &s.evil.PublicKey)}),
		"jwk, no kid":             byEvil(map[string]any{"jwk": jwkRSA("rs256", &s.evil.PublicKey)}),
		"x5c":                     byEvil(map[string]any{"kid": "rs256", "x5c": []string{base64.StdEncoding.EncodeToString(certificate)}}),
		"x5c, no kid":             byEvil(map[string]any{"x5c": []string{base64.StdEncoding.EncodeToString(certificate)}}),
		"kid missing":             by(nil),
		"kid empty":               by(map[string]any{"kid": ""}),
		"kid null":                by(map[string]any{"kid": null}),
		"kid a number":            by(map[string]any{"kid": 1}),
		"kid a list":              by(map[string]any{"kid": []string{"rs256"}}),
		"kid of 257 bytes":        by(map[string]any{"kid": strings.Repeat("k", 257)}),
		"kid of 4 KiB":            by(map[string]any{"kid": strings.Repeat("k", 4096)}),
		"crit":                    by(map[string]any{"kid": "rs256", "crit": []string{"b64"}, "b64": true}),
		"crit, exp":               by(map[string]any{"kid": "rs256", "crit": []string{"exp"}}),
		"crit empty":              by(map[string]any{"kid": "rs256", "crit": []string{}}),
		"crit null":               by(map[string]any{"kid": "rs256", "crit": null}),
		"no exp":                  good("exp", nil),
		"exp null":                good("exp", null),
		"exp 0":                   good("exp", 0),
		"exp a text":              good("exp", "1900000000"),
		"exp negative":            good("exp", -1),
		"expired":                 good("exp", jwtNow.Unix()-31),
		"nbf in the future":       good("nbf", jwtNow.Unix()+31),
		"nbf a text":              good("nbf", "0"),
		"iss missing":             good("iss", nil),
		"iss empty":               good("iss", ""),
		"iss other":               good("iss", "https://evil.test/"),
		"iss without slash":       good("iss", strings.TrimSuffix(jwtIssuer, "/")),
		"iss a list":              good("iss", []string{jwtIssuer}),
		"aud missing":             good("aud", nil),
		"aud empty":               good("aud", ""),
		"aud other":               good("aud", "satcap2"),
		"aud empty list":          good("aud", []string{}),
		"aud list of others":      good("aud", []string{"a", "satcap2"}),
		"aud list of not texts":   good("aud", []any{jwtAudience, 1}),
		"aud an object":           good("aud", map[string]any{jwtAudience: true}),
		"sub missing":             good("sub", nil),
		"sub null":                good("sub", null),
		"sub empty":               good("sub", ""),
		"sub with a blank behind": good("sub", "alice "),
		"sub with a blank before": good("sub", " alice"),
		"sub a number":            good("sub", 7),
		"sub a list":              good("sub", []string{"alice"}),
		"sub of 257 bytes":        good("sub", strings.Repeat("x", 257)),
		"sub with NUL":            controls("alice\x00"),
		"sub with line end":       controls("al\nice"),
		"sub with tab":            controls("\talice"),
		"sub with DEL":            controls("alice\x7f"),
		"sub with C1 control":     controls("alice\u0085"),
		"sub of half a pair":      rs(header, `{"iss":"https://idp.test/","aud":"satcap","exp":1800000060,"sub":"alice\ud800"}`),
		"sub not UTF-8":           rs(header, "{\"iss\":\"https://idp.test/\",\"aud\":\"satcap\",\"exp\":1800000060,\"sub\":\"alice\xff\"}"),
		"scope a number":          good("scope", 1),
		"scope an object":         good("scope", map[string]any{"write": true}),
		"scope list of numbers":   good("scope", []any{"read", 1}),
		"64 KiB":                  good("pad", strings.Repeat("x", 48<<10)),
		"just too long":           good("pad", strings.Repeat("x", 6000)),
		"claims null":             rs(header, `null`),
		"claims a list":           rs(header, `[]`),
		"claims cut off":          rs(header, strings.TrimSuffix(string(jsonText(claimed())), "}")),
		"claims and more":         rs(header, string(jsonText(claimed()))+"{}"),
		"header null":             rs(`null`, string(jsonText(claimed()))),
		"header and more":         rs(header+"x", string(jsonText(claimed()))),
		"claims changed":          parts[0] + "." + raw64(jsonText(claimed("sub", "bob"))) + "." + parts[2],
		"signature of another":    parts[0] + "." + parts[1] + "." + strings.Split(good("sub", "bob"), ".")[2],
		"signature missing":       parts[0] + "." + parts[1] + ".",
		"signature cut":           token[:len(token)-4],
		"trailing letter":         token + "A",
		"trailing padding":        token + "==",
		"trailing token":          token + " " + token,
		"trailing comma":          token + ",",
		"not canonical":           parts[0] + "." + parts[1] + "." + nextTo(parts[2]),
		"standard alphabet":       parts[0] + "." + parts[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(parts[2]) + "+",
		"line end inside":         parts[0] + "." + parts[1] + "." + parts[2][:9] + "\n" + parts[2][9:],
		"return inside":           parts[0] + "." + parts[1] + "." + parts[2][:9] + "\r" + parts[2][9:],
		"one part":                parts[0],
		"two parts":               parts[0] + "." + parts[1],
		"four parts":              token + "." + parts[2],
		"empty fourth part":       token + ".",
		"five parts":              token + "." + parts[1] + "." + parts[2],
		"only dots":               "..",
		"nothing in the middle":   parts[0] + ".." + parts[2],
	} {
		attacks[name] = attack{token: token}
	}
	// A store that is never asked: nil would panic.
	callers, asked := jwtCallers(t, nil, func(cfg *auth.JWTConfig) { cfg.DefaultScope = "read write" })
	for name, a := range attacks {
		before := asked.Load()
		refused(t, callers, a.token, name)
		require.Equal(t, a.fetches, asked.Load() > before, "%s: whether the key set was read", name)
	}
	require.Zero(t, reached.Load(), "a URL of a token was asked")
	_, err = authenticate(callers, good())
	require.NoError(t, err)
}

// TestJWTLeeway is 30 s on both sides, to the nanosecond.
func TestJWTLeeway(t *testing.T) {
	t.Parallel()
	var now time.Time
	callers, _ := jwtCallers(t, nil, func(cfg *auth.JWTConfig) { cfg.Now = func() time.Time { return now } })
	for _, c := range []struct {
		at    time.Duration
		claim string
		ok    bool
	}{
		{30*time.Second - 1, "exp", true},
		{30 * time.Second, "exp", false},
		{-30 * time.Second, "nbf", true},
		{-30*time.Second - 1, "nbf", false},
	} {
		now = jwtNow.Add(c.at)
		token := good(c.claim, jwtNow.Unix())
		if c.ok {
			_, err := authenticate(callers, token)
			require.NoError(t, err, c)
		} else {
			refused(t, callers, token, c.claim)
		}
	}
}

func TestJWTScopes(t *testing.T) {
	t.Parallel()
	const reads, writes = auth.OwnerReads, auth.OwnerWrites
	defaults := map[string]auth.Kinds{"": 0, "read": reads, "write": writes, "read write": reads | writes, " write  read ": reads | writes, "admin": 0}
	for text, kinds := range defaults {
		callers, _ := jwtCallers(t, nil, func(cfg *auth.JWTConfig) { cfg.DefaultScope = text })
		for _, c := range []struct {
			scope any
			want  auth.Kinds
		}{
			{nil, kinds}, {null, kinds}, // absent
			{"", 0},
			{"read", reads},
			{"write", writes},
			{"read write", reads | writes},
			{"write openid  read", reads | writes},
			{"read read", reads},
			{"openid profile", 0},
			{"READ Write", 0},
			{"read,write", 0},
			{"readwrite satcap:read *", 0},
			{[]string{}, 0},
			{[]string{"read"}, reads},
			{[]string{"write", "read"}, reads | writes},
			{[]string{"openid", "write"}, writes},
			{[]string{"read write"}, 0}, // one scope of that name
		} {
			caller, err := authenticate(callers, good("scope", c.scope))
			require.NoError(t, err)
			require.Equal(t, alice(c.want), caller, "default %q, scope %v", text, c.scope)
		}
	}
}

func TestJWTClaimNames(t *testing.T) {
	t.Parallel()
	keys := newFakeKeys()
	id := keys.add(ledger.Key{Subject: "carol", Scopes: ledger.ScopeRead, State: ledger.KeyActive})
	callers, _ := jwtCallers(t, keys, func(cfg *auth.JWTConfig) {
		cfg.SubjectClaim, cfg.ScopeClaim, cfg.KeyClaim = "https://idp.test/user", "scp", "https://idp.test/key"
	})
	named := func(changes ...any) string {
		return good(append([]any{"https://idp.test/user", "bob", "scp", []string{"read"}}, changes...)...)
	}
	caller, err := authenticate(callers, named("api_key_id", id.String()))
	require.NoError(t, err)
	require.Equal(t, auth.Caller{Kinds: auth.OwnerReads, Subject: "bob", Authentication: "jwt"}, caller)
	caller, err = authenticate(callers, named("https://idp.test/key", id.String()))
	require.NoError(t, err)
	require.True(t, caller.IsKey)
	refused(t, callers, good(), "sub is not the claim")

	// Without names they are the usual ones: above all, a key is never an owner
	// because nobody said which claim names it.
	callers, _ = jwtCallers(t, keys, nil)
	caller, err = authenticate(callers, good("api_key_id", id.String()))
	require.NoError(t, err)
	require.True(t, caller.IsKey)
}

// TestJWTWithoutSettings: nothing is accepted without an issuer or an audience.
func TestJWTWithoutSettings(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*auth.JWTConfig){
		func(cfg *auth.JWTConfig) { cfg.Issuer = "" },
		func(cfg *auth.JWTConfig) { cfg.Audience = "" },
	} {
		callers, _ := jwtCallers(t, nil, change)
		for _, token := range []string{good(), good("iss", ""), good("aud", ""), good("aud", nil), good("iss", nil), good("aud", []string{""}), good("aud", []string{"x", ""})} {
			refused(t, callers, token, "no setting")
		}
	}
}

// fakeKeys are keys by id.
type fakeKeys struct {
	mu    sync.Mutex
	keys  map[ledger.KeyID]ledger.Key
	nowUs int64
	err   error
	asked int
}

func newFakeKeys() *fakeKeys {
	return &fakeKeys{keys: make(map[ledger.KeyID]ledger.Key), nowUs: jwtNow.UnixMicro()}
}

func (f *fakeKeys) add(key ledger.Key) uuid.UUID {
	id := uuid.New()
	key.ID = ledger.KeyID(id)
	f.keys[key.ID] = key
	return id
}

func (f *fakeKeys) FindKeyBySecret(context.Context, []byte) (*store.Credential, error) {
	return nil, errors.New("no secret was sent")
}

func (f *fakeKeys) ViewKeys(_ context.Context, ids []ledger.KeyID) ([]ledger.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	var views []ledger.View
	for _, id := range ids {
		if key, ok := f.keys[id]; ok {
			views = append(views, ledger.View{Key: key, ClockUs: f.nowUs, NowUs: f.nowUs})
		}
	}
	return views, f.err
}

func (f *fakeKeys) TouchKeys(context.Context, map[ledger.KeyID]int64) error { return nil }

// TestJWTOfAKey: a token that was minted from an API key is that key, whatever
// else it says, and never its owner.
func TestJWTOfAKey(t *testing.T) {
	t.Parallel()
	keys := newFakeKeys()
	all := ledger.ScopeRead | ledger.ScopeRead<<1 | ledger.ScopeRead<<2
	reads := keys.add(ledger.Key{Subject: "carol", Scopes: ledger.ScopeRead, State: ledger.KeyActive})
	every := keys.add(ledger.Key{Subject: "carol", Scopes: all, State: ledger.KeyActive, ExpiresAtUs: keys.nowUs + 1})
	spends := keys.add(ledger.Key{Subject: "carol", Scopes: all &^ ledger.ScopeRead, State: ledger.KeyActive})
	bare := keys.add(ledger.Key{Subject: "carol", State: ledger.KeyActive})
	paused := keys.add(ledger.Key{Subject: "carol", Scopes: all, State: ledger.KeyPaused})
	revoked := keys.add(ledger.Key{Subject: "carol", Scopes: all, State: ledger.KeyRevoked, RevokedAtUs: 1})
	expired := keys.add(ledger.Key{Subject: "carol", Scopes: all, State: ledger.KeyActive, ExpiresAtUs: keys.nowUs})
	callers, _ := jwtCallers(t, keys, func(cfg *auth.JWTConfig) { cfg.DefaultScope = "read write" })

	for _, scope := range []any{nil, null, "", "read", "write", "read write", []string{"write"}} {
		for id, kinds := range map[uuid.UUID]auth.Kinds{reads: auth.KeyItself, every: auth.KeyItself, spends: 0, bare: 0} {
			for _, text := range []string{id.String(), strings.ToUpper(id.String())} {
				caller, err := authenticate(callers, good("scope", scope, "api_key_id", text))
				require.NoError(t, err)
				require.Equal(t, auth.Caller{
					Kinds: kinds, IsKey: true, Subject: "carol", KeyID: ledger.KeyID(id), Authentication: "jwt of an api key",
				}, caller)
			}
		}
		for name, id := range map[string]uuid.UUID{"paused": paused, "revoked": revoked, "expired": expired, "unknown": uuid.New()} {
			refused(t, callers, good("scope", scope, "api_key_id", id.String()), name)
		}
	}

	keys.mu.Lock()
	asked := keys.asked
	keys.mu.Unlock()
	for _, absent := range []any{nil, null, "", "<no value>"} {
		caller, err := authenticate(callers, good("api_key_id", absent))
		require.NoError(t, err, absent)
		require.Equal(t, alice(ownerBoth), caller, absent)
	}
	text := reads.String()
	for _, wrong := range []any{
		" ", "null", "nil", "<nil>", "<no value> ", "undefined", "0", uuid.Nil.String(), "alice", text[:35], text + "0", " " + text, text + "\n",
		"{" + text + "}", "x" + text + "x", "urn:uuid:" + text, strings.ReplaceAll(text, "-", ""), strings.Replace(text, "-", " ", 1),
		0, 1, true, false, []string{text}, []string{}, map[string]any{"id": text}, map[string]any{},
	} {
		refused(t, callers, good("api_key_id", wrong), "api_key_id")
	}
	require.Equal(t, asked, keys.asked, "the store was asked for an id that is none")

	// The rest of the token counts as ever.
	refused(t, callers, good("api_key_id", text, "exp", jwtNow.Unix()-31), "expired")
	refused(t, callers, good("api_key_id", text, "sub", ""), "no subject")

	// A store that cannot be asked says nothing about the token.
	down := newFakeKeys()
	down.err = store.ErrUnavailable
	callers, _ = jwtCallers(t, down, nil)
	caller, err := authenticate(callers, good("api_key_id", text))
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.Zero(t, caller.Kinds)
}

// TestJWTWithoutKeySet: while the keys are not known nothing is accepted, and
// only tokens that could be right hear why.
func TestJWTWithoutKeySet(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "jwks.json")
	set := jwks.New(t.Context(), jwks.Config{Source: file, RefreshEvery: time.Hour, UnknownEvery: time.Nanosecond, Log: slog.New(slog.DiscardHandler)})
	defer set.Close()
	callers, _ := jwtCallers(t, nil, func(cfg *auth.JWTConfig) { cfg.Keys = set })
	caller, err := authenticate(callers, good())
	require.ErrorIs(t, err, jwks.ErrNotLoaded)
	require.Zero(t, caller)
	refused(t, callers, "a.b.c", "no token")
	refused(t, callers, signed(jwt.SigningMethodHS256, []byte("x"), map[string]any{"kid": "rs256"}, claimed()), "HS256")

	require.NoError(t, os.WriteFile(file, jwtDocument(), 0o600))
	caller, err = authenticate(callers, good())
	require.NoError(t, err)
	require.Equal(t, alice(ownerBoth), caller)
}

// TestJWTCallerGone: a caller that gives up while the key set is read again has
// not sent a wrong token.
func TestJWTCallerGone(t *testing.T) {
	t.Parallel()
	document, hang := jwtDocument(), make(chan struct{})
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) > 1 {
			<-hang
		}
		w.Write(document) //nolint:errcheck // the test sees what arrived
	}))
	defer server.Close()
	defer close(hang)
	set := jwks.New(t.Context(), jwks.Config{Source: server.URL, Log: slog.New(slog.DiscardHandler)})
	defer set.Close()
	callers, _ := jwtCallers(t, nil, func(cfg *auth.JWTConfig) { cfg.Keys = set })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	unknown := signed(jwt.SigningMethodRS256, jwtSigners().rsa, map[string]any{"kid": "new"}, claimed())
	_, err := callers.Authenticate(gone, auth.Credentials{Authorization: "Bearer " + unknown})
	require.ErrorIs(t, err, context.Canceled)
	_, err = authenticate(callers, good()) // and a known key waits for nobody
	require.NoError(t, err)
}
