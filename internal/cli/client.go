// The connection to a server: the flags that every client command has, and the clients.

package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// clientFlags is the flags of the commands that call a server.
type clientFlags struct {
	app     *app
	url     string
	token   string
	output  outputFormat
	timeout time.Duration
}

// addClientFlags gives cmd and the commands below it the client flags.
func addClientFlags(a *app, cmd *cobra.Command) *clientFlags {
	f := &clientFlags{app: a, output: outputTable}
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.url, "url", "http://127.0.0.1:8080", "`address` of the server")
	flags.StringVar(&f.token, "token", "",
		"bearer token; in SATCAP_TOKEN other users of this machine cannot see it (else SATCAP_DEV_TOKEN)")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "how long to wait for each answer")
	addOutputFlag(cmd, flags, &f.output)
	return f
}

// addOutputFlag lets cmd print in either format.
func addOutputFlag(cmd *cobra.Command, flags *pflag.FlagSet, output *outputFormat) {
	flags.VarP(output, "output", "o", "how to print: table or json")
	// It only fails for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("output",
		cobra.FixedCompletions([]string{string(outputTable), string(outputJSON)}, cobra.ShellCompDirectiveNoFileComp))
}

// session is one command's connection to the server and its way to the user.
type session struct {
	printer
	keys   satcapv1connect.ApiKeyServiceClient
	limits satcapv1connect.LimitServiceClient
	usage  satcapv1connect.UsageServiceClient
	spends satcapv1connect.SpendServiceClient
	// streams is for calls that are answered by more than one message, and so
	// have no time limit as a whole.
	streams satcapv1connect.UsageServiceClient
	notes   io.Writer
}

// note says something to the user that is not data.
func (s *session) note(format string, args ...any) {
	fmt.Fprintf(s.notes, format+"\n", args...)
}

// open checks the flags and makes the clients. It does not connect yet.
func (f *clientFlags) open(cmd *cobra.Command) (*session, error) {
	return f.openAs(cmd, f.bearerToken(cmd))
}

// openAs is open for the caller that the token proves; an empty one proves none.
func (f *clientFlags) openAs(cmd *cobra.Command, token string) (*session, error) {
	base, err := parseURL(f.url)
	if err != nil {
		return nil, err
	}
	if f.timeout <= 0 {
		return nil, usageErrorf("--timeout must be more than 0")
	}
	var interceptors []connect.ClientInterceptor
	if token != "" {
		interceptors = append(interceptors, authorize(token))
	}
	httpClient := &http.Client{
		Timeout: f.timeout,
		// A call that is redirected would arrive as a GET, and could carry the
		// token from https to http. A server that was moved needs another --url.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	client := connect.NewClient(connecthttp.NewTransport(httpClient, base), interceptors...)
	patient := *httpClient
	patient.Timeout = 0
	streams := connect.NewClient(connecthttp.NewTransport(&patient, base), interceptors...)
	return &session{
		printer: printer{format: f.output, out: cmd.OutOrStdout()},
		keys:    satcapv1connect.NewApiKeyServiceClient(client),
		limits:  satcapv1connect.NewLimitServiceClient(client),
		usage:   satcapv1connect.NewUsageServiceClient(client),
		spends:  satcapv1connect.NewSpendServiceClient(client),
		streams: satcapv1connect.NewUsageServiceClient(streams),
		notes:   cmd.ErrOrStderr(),
	}, nil
}

// bearerToken is the token to send. The development token only stands in where
// no other was named, be it to send none.
func (f *clientFlags) bearerToken(cmd *cobra.Command) string {
	token := f.token
	if !cmd.Flags().Changed("token") {
		token = f.app.env[envDevToken]
	}
	return strings.TrimSpace(token)
}

// authorize sends the token with every call.
func authorize(token string) connect.ClientInterceptor {
	return func(next connect.ClientFunc) connect.ClientFunc {
		return func(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
			info, ok := connect.CallInfoForClientContext(ctx)
			if !ok {
				ctx, info = connect.NewClientContext(ctx)
			}
			info.RequestHeader().Set("Authorization", "Bearer "+token)
			return next(ctx, spec)
		}
	}
}

func parseURL(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil:
		return "", usageErrorf("--url is not a valid URL")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "", usageErrorf("--url %q must be like http://127.0.0.1:8080", u.Redacted())
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", usageErrorf("--url %q must not have a query or a fragment", u.Redacted())
	}
	return u.String(), nil
}
