// Scenarios: secrets, from their rotation to the question whose they are.

package rpc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/apikey"
)

// soon is how long a change of a key may take to be seen.
const soon = time.Second

// newSecret makes a key and returns its secret as well.
func (e *env) newSecret(req *satcapv1.CreateApiKeyRequest) (key, secret string) {
	e.t.Helper()
	made := e.create(req).ok()
	require.NotEmpty(e.t, made.GetSecret())
	return made.GetApiKey().GetApiKeyId(), made.GetSecret()
}

// becomesRefused requires that a secret that may still be known as good is
// refused within a second.
func (e *env) becomesRefused(secret string) {
	e.t.Helper()
	for end := time.Now().Add(soon); ; time.Sleep(20 * time.Millisecond) {
		asked := time.Now()
		if a := e.verify(secret); a.f != nil {
			a.fails("SECRET_REFUSED")
			return
		}
		require.True(e.t, asked.Before(end), "still let in after %s", soon)
	}
}

// rotate: everything but the secret stays.
func rotate(e *env) {
	key, first := e.newSecret(&satcapv1.CreateApiKeyRequest{Name: "shop", Limits: []*satcapv1.CreateApiKeyLimit{limit(daily, 100)}})
	e.setLimits(key, update(daily, 90)).ok()
	e.record(key, "paid", 30).ok()
	e.reserve(key, "held", 10).ok()
	before := e.get(key).ok().GetApiKey()
	changes := e.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: key}).ok().String()
	spends := e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key}).ok().String()

	rotated := e.rotate(key, 0).ok()
	second := rotated.GetSecret()
	require.Regexp(e.t, "^satcap_[0-9A-Za-z]{49}$", second)
	require.NotEqual(e.t, first, second)
	after := rotated.GetApiKey()
	require.True(e.t, strings.HasPrefix(second, after.GetSecretPrefix()))
	require.NotEqual(e.t, before.GetSecretPrefix(), after.GetSecretPrefix())
	require.Equal(e.t, before.GetRevision()+1, after.GetRevision())

	e.verify(first).fails("SECRET_REFUSED")
	require.Equal(e.t, key, e.verify(second).ok().GetApiKeyId())

	read := e.get(key).ok()
	require.NotContains(e.t, read.String(), second[len("satcap_")+6:], "shown once")
	before.SecretPrefix, before.Revision = after.GetSecretPrefix(), after.GetRevision()
	require.Equal(e.t, before.String(), read.GetApiKey().String(), "id, limits, usage and times are what they were")
	require.Equal(e.t, changes, e.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: key}).ok().String())
	require.Equal(e.t, spends, e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key}).ok().String())
	e.settle(key, "held", 0).ok()
	e.reserve(key, "more", 51).fails("SPENDING_LIMIT_EXCEEDED")

	for _, grace := range []int32{-1, 604_801, 1 << 30} {
		e.rotate(key, grace).invalid("grace_seconds")
	}
	e.rotate(uuid.NewString(), 0).fails("API_KEY_NOT_FOUND")
	other := *e
	other.subject += " 2"
	other.rotate(key, 0).fails("API_KEY_NOT_FOUND")
	require.Equal(e.t, key, e.verify(second).ok().GetApiKeyId(), "none of this took the secret away")

	third := e.rotate(key, 604_800).ok().GetSecret()
	e.revoke(key).ok()
	e.rotate(key, 0).fails("API_KEY_REVOKED")
	e.verify(third).fails("SECRET_REFUSED")
	e.becomesRefused(second)
}

// rotateGrace: both secrets work up to the last microsecond of the grace period.
func rotateGrace(e *env) {
	key, first := e.newSecret(&satcapv1.CreateApiKeyRequest{})
	e.set(start + hour)
	const grace = 60 * second
	next := e.rotate(key, 60).ok().GetSecret()
	end := start + hour + grace
	e.set(end - 1)
	require.Equal(e.t, key, e.verify(first).ok().GetApiKeyId())
	require.Equal(e.t, key, e.verify(next).ok().GetApiKeyId())
	e.set(end)
	e.becomesRefused(first)
	e.verify(next).ok()

	// A secret that was in its grace period is forgotten by the next rotation.
	third := e.rotate(key, 3600).ok().GetSecret()
	fourth := e.rotate(key, 3600).ok().GetSecret()
	e.becomesRefused(next)
	e.verify(third).ok()
	e.verify(fourth).ok()
	e.becomesRefused(first)
}

// rotateAgain: a rotation whose answer was lost is asked for again, and the secret
// in use lives as long as the first call promised.
func rotateAgain(e *env) {
	key, first := e.newSecret(&satcapv1.CreateApiKeyRequest{RequestId: "r1"}) // its own kind of name
	e.set(start + hour)
	lost := e.rotateAs("r1", key, 60).ok()
	end := start + hour + 60*second
	e.set(end - 30*second)
	again := e.rotateAs("r1", key, 60).ok()
	require.NotEqual(e.t, lost.GetSecret(), again.GetSecret())
	require.True(e.t, strings.HasPrefix(again.GetSecret(), again.GetApiKey().GetSecretPrefix()))
	require.Equal(e.t, lost.GetApiKey().GetRevision()+1, again.GetApiKey().GetRevision(), "it changes the key")
	e.becomesRefused(lost.GetSecret())

	e.rotateAs("r1", key, 61).fails("REQUEST_ID_REUSED")
	e.rotateAs("r1", key, 0).fails("REQUEST_ID_REUSED")
	require.Equal(e.t, again.GetApiKey().GetRevision(), e.get(key).ok().GetApiKey().GetRevision())
	e.rotateAs(strings.Repeat("a", 129), key, 60).invalid("request_id")
	e.set(end - 1)
	require.Equal(e.t, key, e.verify(first).ok().GetApiKeyId())
	require.Equal(e.t, key, e.verify(again.GetSecret()).ok().GetApiKeyId())
	e.set(end)
	e.becomesRefused(first)

	// Another name is another rotation, and after it the name before is a new one too.
	second := e.rotateAs("r2", key, 60).ok().GetSecret()
	e.verify(again.GetSecret()).ok()
	third := e.rotateAs("r1", key, 3600).ok().GetSecret()
	e.verify(second).ok()
	e.becomesRefused(again.GetSecret())

	// The name belongs to the key, and its state counts first.
	other := e.newKey()
	e.rotateAs("r1", other, 0).ok()
	e.pause(key).ok()
	e.rotateAs("r1", key, 3600).ok()
	e.resume(key).ok()
	e.becomesRefused(third)
	e.revoke(key).ok()
	e.rotateAs("r1", key, 3600).fails("API_KEY_REVOKED")
	e.rotateAs("r1", key, 60).fails("API_KEY_REVOKED")
}

// verify: the same refusal whatever is wrong with a secret.
func verify(e *env) {
	all := []satcapv1.ApiKey_Scope{1, 2, 3}
	key, secret := e.newSecret(&satcapv1.CreateApiKeyRequest{Scopes: all})
	got := e.verify(secret).ok()
	require.Equal(e.t, (&satcapv1.VerifyApiKeyResponse{
		ApiKeyId: key, Subject: e.subject, Scopes: all, State: satcapv1.ApiKey_STATE_ACTIVE,
	}).String(), got.String())
	for _, scope := range all {
		_, s := e.newSecret(&satcapv1.CreateApiKeyRequest{Scopes: []satcapv1.ApiKey_Scope{scope}})
		require.Equal(e.t, []satcapv1.ApiKey_Scope{scope}, e.verify(s).ok().GetScopes())
	}

	expires := start + day
	refused := map[string]func() string{
		"malformed":      func() string { return "satcap_" },
		"no prefix":      func() string { return secret[len("satcap_"):] },
		"a typo":         func() string { return secret[:len(secret)-7] + flip(secret[len(secret)-7:]) },
		"a space more":   func() string { return secret + " " },
		"a token":        func() string { return serviceToken },
		"256 characters": func() string { return strings.Repeat("x", 256) },
		"unknown":        func() string { return otherSecret(e.t) },
		"paused": func() string {
			k, s := e.newSecret(&satcapv1.CreateApiKeyRequest{})
			e.pause(k).ok()
			return s
		},
		"revoked": func() string {
			k, s := e.newSecret(&satcapv1.CreateApiKeyRequest{})
			e.revoke(k).ok()
			return s
		},
		"expired": func() string {
			_, s := e.newSecret(&satcapv1.CreateApiKeyRequest{ExpireTime: timestamppb.New(timeOf(expires))})
			return s
		},
	}
	messages := map[string]bool{}
	for name, make := range refused {
		e.set(start)
		s := make()
		if name == "expired" {
			e.set(expires)
		}
		f := e.verify(s).fails("SECRET_REFUSED")
		require.Len(e.t, f.details, 1, name)
		messages[f.message] = true
	}
	require.Len(e.t, messages, 1, "one answer whatever is wrong")
	e.verify("").invalid("secret")
	e.verify(strings.Repeat("x", 257)).invalid("secret")

	// What changes takes effect within a second, though the secret is known.
	e.set(start)
	e.verify(secret).ok()
	e.pause(key).ok()
	e.becomesRefused(secret)
	e.resume(key).ok()
	for end := time.Now().Add(soon); e.verify(secret).f != nil; time.Sleep(20 * time.Millisecond) {
		require.True(e.t, time.Now().Before(end), "not let in again")
	}
	e.revoke(key).ok()
	e.becomesRefused(secret)
}

// flip is a text with another first character.
func flip(text string) string {
	if text[0] == 'x' {
		return "y" + text[1:]
	}
	return "x" + text[1:]
}

// otherSecret could be right and is nobody's.
func otherSecret(t *testing.T) string {
	t.Helper()
	secret, err := apikey.Prefix(apikey.DefaultPrefix).New()
	require.NoError(t, err)
	return secret.Text
}
