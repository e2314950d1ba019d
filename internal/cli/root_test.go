// What every command shares: environment, connection, errors and exit codes.

package cli_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/cli"
)

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		code int
		line string
	}{
		{refusal(connect.CodeInvalidArgument, "INVALID_ARGUMENT", "api_key_id: not a UUID"), 2, "api_key_id: not a UUID (INVALID_ARGUMENT)"},
		{refusal(connect.CodeUnauthenticated, "UNAUTHENTICATED", "no token"), 4, "no token (UNAUTHENTICATED)"},
		{refusal(connect.CodePermissionDenied, "PERMISSION_DENIED", "not yours"), 4, "not yours (PERMISSION_DENIED)"},
		{refusal(connect.CodeNotFound, "API_KEY_NOT_FOUND", "no such API key"), 5, "no such API key (API_KEY_NOT_FOUND)"},
		{refusal(connect.CodeResourceExhausted, "SPENDING_LIMIT_EXCEEDED", "daily limit"), 8, "daily limit (SPENDING_LIMIT_EXCEEDED)"},
		{refusal(connect.CodeUnavailable, "OVERLOADED", "queue full"), 75, "queue full (OVERLOADED)"},
		{refusal(connect.CodeAborted, "REVISION_MISMATCH", "it is 8"), 1, "it is 8 (REVISION_MISMATCH)"},
		// Without a reason of satcap's: a proxy, or a bug.
		{connect.NewError(connect.CodeResourceExhausted, "too big"), 1, "too big (resource_exhausted)"},
		{connect.NewError(connect.CodeDeadlineExceeded, "too slow"), 75, "too slow (deadline_exceeded)"},
		{connect.NewError(connect.CodeInternal, ""), 1, "internal"},
		{errors.New("secret"), 1, "unknown"},
		{otherDomain(t), 1, "too many calls (resource_exhausted)"},
		// One line, whatever the message is.
		{connect.NewError(connect.CodeInternal, "a\nb\x1b[1m"), 1, "a b�[1m (internal)"},
	} {
		call(t, &fake{fail: c.err}, "usage", keyID).requireError(t, c.code, c.line)
	}
}

// otherDomain is an error that is not satcap's, with details that look alike.
func otherDomain(t *testing.T) error {
	t.Helper()
	detail, err := connectproto.NewErrorDetail(&errdetails.ErrorInfo{Reason: "SPENDING_LIMIT_EXCEEDED", Domain: "proxy.example"})
	require.NoError(t, err)
	return connect.NewError(connect.CodeResourceExhausted, "too many calls").
		WithDetail(&connect.ErrorDetail{Type: "example.Unknown", Value: []byte{1}}).WithDetail(detail)
}

func TestEveryCommandReportsRefusals(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"keys create till", "keys list", "keys get K", "keys rename K N", "keys pause K", "keys resume K",
		"keys revoke K --yes", "limits get K", "limits set K daily=1", "limits unset K --all", "limits history K",
		"spends list K", "usage K",
	} {
		f := &fake{fail: refusal(connect.CodeNotFound, "API_KEY_NOT_FOUND", "no such API key")}
		call(t, f, strings.Fields(command)...).requireError(t, 5, "no such API key (API_KEY_NOT_FOUND)")
		require.Len(t, f.requests, 1, command)
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	for command, line := range map[string]string{
		"ky":                       `unknown command "ky", did you mean keys? (see satcap --help)`,
		"something":                `unknown command "something" (see satcap --help)`,
		"keys renam K N":           `unknown command "renam", did you mean rename? (see satcap keys --help)`,
		"keys get":                 `missing argument KEY (see satcap keys get --help)`,
		"keys get K L":             `unexpected argument "L" (see satcap keys get --help)`,
		"keys list K":              `unexpected argument "K" (see satcap keys list --help)`,
		"keys list --pagesize 3":   `unknown flag: --pagesize (see satcap keys list --help)`,
		"usage K -o xml":           `invalid argument "xml" for "-o, --output" flag: must be table or json (see satcap usage --help)`,
		"usage K --timeout 0s":     `--timeout must be more than 0 (see satcap usage --help)`,
		"usage K --url ftp://x":    `--url "ftp://x" must be like http://127.0.0.1:8080 (see satcap usage --help)`,
		"usage K --url localhost":  `--url "localhost" must be like http://127.0.0.1:8080 (see satcap usage --help)`,
		"usage K --url http://x?":  `--url "http://x?" must not have a query or a fragment (see satcap usage --help)`,
		"usage K --url http://x#y": `--url "http://x#y" must not have a query or a fragment (see satcap usage --help)`,
		"usage K --url http://x:y": `--url is not a valid URL (see satcap usage --help)`,
		"version now":              `unexpected argument "now" (see satcap version --help)`,
	} {
		run(cli.World{}, strings.Fields(command)...).requireError(t, 2, line)
	}
}

func TestMissingSubcommandShowsHelp(t *testing.T) {
	t.Parallel()
	r := run(cli.World{}, "keys")
	require.Equal(t, 2, r.code)
	require.Empty(t, r.stdout)
	require.Contains(t, r.stderr, "satcap keys [command]")
	require.True(t, strings.HasSuffix(r.stderr, "\nsatcap: satcap keys needs a subcommand (see satcap keys --help)\n"), r.stderr)
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"--help"}, {"help"}} {
		r := run(cli.World{}, args...).requireOK(t, "")
		for _, text := range []string{
			"  0   ok\n", "  1   error\n", "  2   usage error", "  4   unauthenticated or permission denied\n", "  5   not found\n",
			"  8   spending limit exceeded\n", "  75  unavailable", "SATCAP_URL", "\n  keys ", "\n  completion ", "\n  version ",
		} {
			require.Contains(t, r.stdout, text)
		}
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	// A variable that is a mistake elsewhere must not break the shell's start.
	world := cli.World{Env: []string{"SATCAP_TYPO=1"}}
	require.Contains(t, run(world, "completion", "bash").requireOK(t, "").stdout, "satcap")
	r := run(world, "__complete", "usage", "K", "--output", "")
	require.Equal(t, 0, r.code, r.stderr)
	require.Equal(t, "table\njson\n:4\n", r.stdout)
}

func TestVersion(t *testing.T) {
	t.Parallel()
	// How the test itself is built decides what its version is.
	built, ok := debug.ReadBuildInfo()
	require.True(t, ok)
	want := cli.VersionOf(built).String() + "\n"
	require.Equal(t, want, run(cli.World{}, "version").requireOK(t, "").stdout)
	require.Equal(t, want, run(cli.World{}, "--version").requireOK(t, "").stdout)

	info := &debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123abcd"}, {Key: "vcs.modified", Value: "true"},
	}}
	platform := " go1.99 " + runtime.GOOS + "/" + runtime.GOARCH
	require.Equal(t, "satcap v1.2.3 (revision 0123abcd, modified)"+platform, cli.VersionOf(info).String())
	info.Settings[1].Value, info.Main.Version = "false", "(devel)"
	require.Equal(t, "satcap devel (revision 0123abcd)"+platform, cli.VersionOf(info).String())
}

// Main itself, with the process's own stdin.
func TestMainEntry(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	code := cli.Main([]string{"usage", keyID}, &stdout, &stderr, []string{"SATCAP_URL=" + start(t, &fake{}), "HOME=/"})
	require.Equal(t, 0, code, stderr.String())
	require.Contains(t, stdout.String(), "41,200")
	require.Equal(t, 0, cli.Main(nil, &stdout, &stderr, nil), "no arguments are none, not the test's own")
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	f := &fake{}
	url := start(t, f)
	env := func(list ...string) cli.World { return cli.World{Env: append([]string{"SATCAP_URL=" + url}, list...)} }
	const nothing = "There are no such keys.\n"

	// Environment before default, for a flag with a dash, of a list and of a parent.
	r := run(env("SATCAP_PAGE_SIZE=7", "SATCAP_STATE=paused,active", "SATCAP_OUTPUT=json"), "keys", "list").requireOK(t, nothing)
	require.Contains(t, r.stdout, `"apiKeys": []`)
	req := only[*satcapv1.ListApiKeysRequest](t, f)
	require.EqualValues(t, 7, req.GetPageSize())
	require.Equal(t, []satcapv1.ApiKey_State{satcapv1.ApiKey_STATE_PAUSED, satcapv1.ApiKey_STATE_ACTIVE}, req.GetStates())

	// A flag before the environment; an empty variable is none, known or not.
	f.requests = nil
	r = run(env("SATCAP_PAGE_SIZE=7", "SATCAP_STATE=paused", "SATCAP_OUTPUT=", "SATCAP_NONSENSE="),
		"keys", "list", "--page-size", "8", "--state", "revoked").requireOK(t, nothing)
	require.Contains(t, r.stdout, "KEY ID")
	req = only[*satcapv1.ListApiKeysRequest](t, f)
	require.EqualValues(t, 8, req.GetPageSize())
	require.Equal(t, []satcapv1.ApiKey_State{satcapv1.ApiKey_STATE_REVOKED}, req.GetStates())

	// Of a variable named twice the last counts, also where it unsets.
	f.requests = nil
	run(env("SATCAP_PAGE_SIZE=7", "SATCAP_PAGE_SIZE=9"), "keys", "list").requireOK(t, nothing)
	require.EqualValues(t, 9, only[*satcapv1.ListApiKeysRequest](t, f).GetPageSize())
	f.requests = nil
	run(env("SATCAP_PAGE_SIZE=7", "SATCAP_PAGE_SIZE="), "keys", "list").requireOK(t, nothing)
	require.EqualValues(t, 100, only[*satcapv1.ListApiKeysRequest](t, f).GetPageSize())

	// A variable of another command, and what only looks like satcap's.
	run(env("SATCAP_EXPECT_REVISION=3", "SATCAP_YES=true", "SATCAP=1", "satcap_x=1"), "usage", keyID).requireOK(t, "")

	// Where no command with that flag runs, too.
	run(env("SATCAP_LIMIT=5"), "version").requireOK(t, "")

	// Given by the environment, a flag counts as given.
	f.requests = nil
	run(env("SATCAP_EXPECT_REVISION=0"), "limits", "set", keyID, "daily=1").requireOK(t, "")
	require.NotNil(t, only[*satcapv1.UpdateLimitsRequest](t, f).ExpectedRevision)
	f.requests = nil
	run(env("SATCAP_YES=true"), "keys", "revoke", keyID).requireOK(t, "")
}

func TestEnvironmentRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env  []string
		line string
	}{
		{[]string{"SATCAP_TOKE=x"}, "unknown environment variable SATCAP_TOKE (closest: SATCAP_TOKEN, SATCAP_ROLE)"},
		{[]string{"SATCAP_DEVTOKEN=x"}, "unknown environment variable SATCAP_DEVTOKEN (closest: SATCAP_DEV_TOKEN)"},
		{
			[]string{"SATCAP_URLS=x", "SATCAP_LIMITS=x"},
			"unknown environment variables SATCAP_LIMITS (closest: SATCAP_LIMIT), SATCAP_URLS (closest: SATCAP_URL)",
		},
		{
			[]string{"SATCAP_TIMEOUT=soon"},
			`environment variable SATCAP_TIMEOUT: invalid argument "soon" for "--timeout" flag: time: invalid duration "soon"`,
		},
	} {
		run(cli.World{Env: c.env}, "usage", keyID).requireError(t, 2, c.line+" (see satcap usage --help)")
	}
	// What prints instead of running is no setting.
	for _, name := range []string{"SATCAP_HELP", "SATCAP_VERSION", "SATCAP_NO_DESCRIPTIONS"} {
		r := run(cli.World{Env: []string{name + "=1"}}, "usage", keyID)
		require.Equal(t, 2, r.code)
		require.Contains(t, r.stderr, "unknown environment variable "+name)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env  []string
		args []string
		want string
	}{
		{nil, nil, ""},
		{[]string{"SATCAP_TOKEN=env"}, nil, "Bearer env"},
		{[]string{"SATCAP_DEV_TOKEN=dev\n"}, nil, "Bearer dev"},
		{[]string{"SATCAP_TOKEN=env", "SATCAP_DEV_TOKEN=dev"}, nil, "Bearer env"},
		{[]string{"SATCAP_TOKEN=", "SATCAP_DEV_TOKEN=dev"}, nil, "Bearer dev"},
		{[]string{"SATCAP_TOKEN=env", "SATCAP_DEV_TOKEN=dev"}, []string{"--token", "flag"}, "Bearer flag"},
		{[]string{"SATCAP_TOKEN=env", "SATCAP_DEV_TOKEN=dev"}, []string{"--token", ""}, ""},
	} {
		f := &fake{}
		world := cli.World{Env: append(c.env, "SATCAP_URL="+start(t, f))}
		run(world, append([]string{"usage", keyID}, c.args...)...).requireOK(t, "")
		require.Equal(t, []string{c.want}, f.authorization)
	}
}

func TestURLMayEndInASlash(t *testing.T) {
	t.Parallel()
	run(cli.World{}, "usage", keyID, "--url", start(t, &fake{})+"/").requireOK(t, "")
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	r := call(t, &fake{stall: time.Second}, "usage", keyID, "--timeout", "50ms")
	require.Equal(t, 75, r.code, r.stderr)
	require.Contains(t, r.stderr, "(deadline_exceeded)")
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.NotFoundHandler())
	web.Close()
	r := run(cli.World{}, "usage", keyID, "--url", web.URL)
	require.Equal(t, 75, r.code, r.stderr)
	require.Contains(t, r.stderr, "(unavailable)")
	require.Equal(t, 1, strings.Count(r.stderr, "\n"))
}

// The token goes where --url says and nowhere else.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	f := &fake{}
	target := start(t, f)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target+r.URL.Path, http.StatusPermanentRedirect)
	}))
	t.Cleanup(web.Close)
	r := run(cli.World{}, "usage", keyID, "--url", web.URL, "--token", "t")
	require.Equal(t, 1, r.code, r.stderr)
	require.Empty(t, f.requests)
}

// A full disk must not look like success.
func TestOutputThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, output := range []string{"table", "json"} {
		var stderr bytes.Buffer
		world := cli.World{Stdout: fullDisk{}, Stderr: &stderr, Env: []string{"SATCAP_URL=" + start(t, &fake{secret: "s"})}}
		require.Equal(t, 1, world.Run("keys", "create", "till", "-o", output))
		require.Equal(t, "satcap: no space left\n", stderr.String())
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }
