// Tokens that must not be believed.

package auth_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
)

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
		if a.fetches { // the caller does not wait for a slow reading
			require.Eventually(t, func() bool { return asked.Load() > before }, 10*time.Second, time.Millisecond, "%s: the key set was not read", name)
		}
		require.Equal(t, a.fetches, asked.Load() > before, "%s: whether the key set was read", name)
	}
	require.Zero(t, reached.Load(), "a URL of a token was asked")
	_, err = authenticate(callers, good())
	require.NoError(t, err)
}
