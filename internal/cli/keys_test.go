// The keys commands.

package cli_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/cli"
)

const keepSecret = "Keep the secret now: it cannot be shown again.\n"

func TestKeysCreate(t *testing.T) {
	t.Parallel()
	f := &fake{secret: "sc_ab12cdef"}
	r := call(t, f, "keys", "create", "till").requireOK(t, keepSecret)
	r.requireTable(t, append(slices.Clone(keyTable), "", "SECRET sc_ab12cdef")...)
	requireProto(t, &satcapv1.CreateApiKeyRequest{
		Name:   "till",
		Scopes: []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_READ, satcapv1.ApiKey_SCOPE_WRITE},
	}, only[*satcapv1.CreateApiKeyRequest](t, f))
}

func TestKeysCreateSendsEverything(t *testing.T) {
	t.Parallel()
	f := &fake{secret: "s"}
	call(t, f, "keys", "create", "till", "--scope", "read,RECEIVE", "--scope", "SCOPE_WRITE",
		"--limit", "daily=100,000,weekly=1.5M", "--limit", "annual=0.01 BTC", "--limit", "monthly=unlimited",
		"--expires", "2027-01-01T00:00:00+01:00", "--request-id", "r1").requireOK(t, keepSecret)
	requireProto(t, &satcapv1.CreateApiKeyRequest{
		Name:      "till",
		RequestId: "r1",
		Scopes: []satcapv1.ApiKey_Scope{
			satcapv1.ApiKey_SCOPE_READ, satcapv1.ApiKey_SCOPE_RECEIVE, satcapv1.ApiKey_SCOPE_WRITE,
		},
		ExpireTime: at(time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC).Sub(testNow)),
		Limits: []*satcapv1.CreateApiKeyLimit{
			{Window: satcapv1.LimitWindow_LIMIT_WINDOW_DAILY, LimitSats: 100_000},
			{Window: satcapv1.LimitWindow_LIMIT_WINDOW_WEEKLY, LimitSats: 1_500_000},
			{Window: satcapv1.LimitWindow_LIMIT_WINDOW_ANNUAL, LimitSats: 1_000_000},
		},
	}, only[*satcapv1.CreateApiKeyRequest](t, f))
}

func TestKeysCreateExpiresAfterDuration(t *testing.T) {
	t.Parallel()
	f := &fake{secret: "s"}
	call(t, f, "keys", "create", "till", "--expires", "1d12h").requireOK(t, keepSecret)
	requireProto(t, at(36*time.Hour), only[*satcapv1.CreateApiKeyRequest](t, f).GetExpireTime())
}

func TestKeysCreateJSON(t *testing.T) {
	t.Parallel()
	r := call(t, &fake{secret: "sc_ab12cdef"}, "keys", "create", "till", "-o", "json").requireOK(t, keepSecret)
	text := r.requireJSON(t, &satcapv1.CreateApiKeyResponse{ApiKey: testKey("till"), Secret: "sc_ab12cdef"})
	// Zeros are written out, and the lines are indented by two spaces a level.
	require.Contains(t, text, "\n        \"spentSats\": \"0\",\n")
	require.True(t, strings.HasSuffix(text, "\n  \"secret\": \"sc_ab12cdef\"\n}\n"), text)
}

func TestKeysCreateReplayHasNoSecret(t *testing.T) {
	t.Parallel()
	r := call(t, &fake{}, "keys", "create", "till", "--request-id", "r1").requireOK(t,
		"This key was made before, by the same --request-id. Its secret cannot be shown again.\n")
	r.requireTable(t, keyTable...)
}

func TestKeysCreateRefusesBadFlags(t *testing.T) {
	t.Parallel()
	const hint = " (see satcap keys create --help)"
	for _, c := range []struct{ flag, value, line string }{
		{"--scope", "admin", `unknown scope "admin" (one of read, receive, write)`},
		{"--scope", "unspecified", `unknown scope "unspecified" (one of read, receive, write)`},
		{"--scope", "read,read", `scope "read" is given twice`},
		{"--limit", "daily", `limit "daily" must be WINDOW=AMOUNT, like daily=100k`},
		{"--limit", "hourly=1", `unknown window "hourly" (one of daily, weekly, monthly, annual)`},
		{"--limit", "daily=1,daily=2", `the daily limit is given twice`},
		{"--limit", "daily=0", `daily limit: amount "0": must be at least 1 sat`},
		{"--limit", "daily=1,5", `daily limit: amount "1,5": "," must separate groups of three digits`},
		{"--expires", "90", `--expires: "90" is neither a time like 2026-11-24T14:05:11Z nor a duration like 90d or 12h`},
		{"--expires", "0d", `--expires: duration "0d" must be more than nothing`},
	} {
		f := &fake{}
		call(t, f, "keys", "create", "till", c.flag, c.value).requireError(t, 2, c.line+hint)
		require.Empty(t, f.requests, "nothing is sent")
	}
	call(t, &fake{}, "keys", "create", "till", "--request-id", "r", "--expires", "90d").requireError(t, 2,
		"with --request-id, --expires must be a time, not a duration, or it cannot be repeated"+hint)
}

func TestKeysList(t *testing.T) {
	t.Parallel()
	second := testKey("web shop")
	second.State, second.LastUseTime, second.Scopes = satcapv1.ApiKey_STATE_PAUSED, at(-time.Minute), nil
	keys := []*satcapv1.ApiKey{testKey("till"), second, testKey("third")}
	args := []string{"keys", "list", "--page-size", "2", "--state", "active,paused"}

	f := &fake{keys: keys}
	call(t, f, args...).requireOK(t, "").requireTable(t,
		"KEY ID NAME STATE SCOPES DAILY LEFT WEEKLY LEFT MONTHLY LEFT ANNUAL LEFT LAST USED",
		keyID+" till active read,write 57,800 unlimited unlimited unlimited never",
		keyID+" web shop paused - 57,800 unlimited unlimited unlimited 2026-11-24T14:04:11Z",
		keyID+" third active read,write 57,800 unlimited unlimited unlimited never",
	)
	states := []satcapv1.ApiKey_State{satcapv1.ApiKey_STATE_ACTIVE, satcapv1.ApiKey_STATE_PAUSED}
	require.Len(t, f.requests, 2, "one call a page")
	requireProto(t, &satcapv1.ListApiKeysRequest{PageSize: 2, States: states}, f.requests[0])
	requireProto(t, &satcapv1.ListApiKeysRequest{PageSize: 2, States: states, PageToken: "2-of-2"}, f.requests[1])

	text := call(t, &fake{keys: keys}, append(args, "-o", "json")...).requireOK(t, "").
		requireJSON(t, &satcapv1.ListApiKeysResponse{ApiKeys: keys})
	require.Contains(t, text, `"nextPageToken": ""`)
}

func TestKeysListEmpty(t *testing.T) {
	t.Parallel()
	const nothing = "There are no such keys.\n"
	f := &fake{}
	call(t, f, "keys", "list").requireOK(t, nothing).requireTable(t,
		"KEY ID NAME STATE SCOPES DAILY LEFT WEEKLY LEFT MONTHLY LEFT ANNUAL LEFT LAST USED")
	requireProto(t, &satcapv1.ListApiKeysRequest{PageSize: 100}, only[*satcapv1.ListApiKeysRequest](t, f))
	r := call(t, &fake{}, "keys", "list", "-o", "json").requireOK(t, nothing)
	require.Equal(t, "{\n  \"apiKeys\": [],\n  \"nextPageToken\": \"\"\n}\n", r.stdout)
}

func TestKeysListRefuses(t *testing.T) {
	t.Parallel()
	for _, size := range []string{"0", "-1", "1001"} {
		call(t, &fake{}, "keys", "list", "--page-size", size).requireError(t, 2,
			"--page-size must be 1 to 1000 (see satcap keys list --help)")
	}
	call(t, &fake{}, "keys", "list", "--state", "settled").requireError(t, 2,
		`unknown state "settled" (one of active, paused, revoked, expired) (see satcap keys list --help)`)
	// A server that never ends must not be asked for ever.
	call(t, &fake{stuck: true, keys: []*satcapv1.ApiKey{testKey("till")}}, "keys", "list").requireError(t, 1,
		"the server answered with the same page again")
}

// The commands that name one key and answer with it.
func TestKeysOfOne(t *testing.T) {
	t.Parallel()
	paused, revoked := testKey("till"), testKey("till")
	paused.State = satcapv1.ApiKey_STATE_PAUSED
	revoked.State, revoked.RevokeTime = satcapv1.ApiKey_STATE_REVOKED, at(0)
	with := func(line int, text string, more ...string) []string {
		return slices.Concat(keyTable[:line], []string{text}, more, keyTable[line+1:])
	}
	for _, c := range []struct {
		args  []string
		req   proto.Message
		res   proto.Message
		table []string
	}{
		{
			[]string{"get", keyID}, &satcapv1.GetApiKeyRequest{ApiKeyId: keyID},
			&satcapv1.GetApiKeyResponse{ApiKey: testKey("till")}, keyTable,
		},
		{
			[]string{"rename", keyID, "web shop"}, &satcapv1.RenameApiKeyRequest{ApiKeyId: keyID, Name: "web shop"},
			&satcapv1.RenameApiKeyResponse{ApiKey: testKey("web shop")}, with(1, "NAME web shop"),
		},
		{
			[]string{"pause", keyID}, &satcapv1.PauseApiKeyRequest{ApiKeyId: keyID},
			&satcapv1.PauseApiKeyResponse{ApiKey: paused}, with(2, "STATE paused"),
		},
		{
			[]string{"resume", keyID}, &satcapv1.ResumeApiKeyRequest{ApiKeyId: keyID},
			&satcapv1.ResumeApiKeyResponse{ApiKey: testKey("till")}, keyTable,
		},
		{
			[]string{"revoke", keyID, "--yes"}, &satcapv1.RevokeApiKeyRequest{ApiKeyId: keyID},
			&satcapv1.RevokeApiKeyResponse{ApiKey: revoked},
			slices.Concat(keyTable[:2], []string{"STATE revoked"}, keyTable[3:8],
				[]string{"REVOKED 2026-11-24T14:05:11Z"}, keyTable[8:]),
		},
	} {
		t.Run(c.args[0], func(t *testing.T) {
			t.Parallel()
			f := &fake{}
			args := append([]string{"keys"}, c.args...)
			call(t, f, args...).requireOK(t, "").requireTable(t, c.table...)
			requireProto(t, c.req, only[proto.Message](t, f))
			call(t, &fake{}, append(args, "--output=json")...).requireOK(t, "").requireJSON(t, c.res)
		})
	}
}

func TestKeysRevokeAsks(t *testing.T) {
	t.Parallel()
	const question = `Revoke "till" (` + keyID + `)? It can never spend again. [y/N] `
	for _, c := range []struct {
		answer string
		yes    bool
	}{{"y\n", true}, {"YES\n", true}, {"yes", true}, {"n\n", false}, {"\n", false}, {"", false}, {"yep\n", false}} {
		f := &fake{}
		r := run(cli.World{
			Env: []string{"SATCAP_URL=" + start(t, f)}, Terminal: true, Stdin: strings.NewReader(c.answer),
		}, "keys", "revoke", keyID)
		if c.yes {
			r.requireOK(t, question)
			require.Len(t, f.requests, 2, "the key is read for its name, then revoked")
			requireProto(t, &satcapv1.RevokeApiKeyRequest{ApiKeyId: keyID}, f.requests[1])
		} else {
			require.Equal(t, result{1, "", question + "satcap: not revoked\n"}, r, "%q", c.answer)
			require.Len(t, f.requests, 1, "%q", c.answer)
		}
	}
}

func TestKeysRevokeWithoutTerminalNeedsYes(t *testing.T) {
	t.Parallel()
	f := &fake{}
	call(t, f, "keys", "revoke", keyID).requireError(t, 2,
		"revoking is for good: without a terminal to ask on, it needs --yes (see satcap keys revoke --help)")
	require.Empty(t, f.requests)
}
