// keys create: a new key, and the one time that its secret is shown.

package cli

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

const keysCreateLong = `Create an API key, with its limits, in one step.

The secret is printed this once and cannot be read again.

With --request-id a call that was cut off can be repeated without making a
second key. The first call's answer is the only one with the secret: where it
was lost, revoke the key and create another.`

const keysCreateExample = `  satcap keys create "Web shop" --limit daily=100k --limit monthly=0.01btc
  satcap keys create Till --scope read,receive --expires 90d`

func newKeysCreateCommand(f *clientFlags) *cobra.Command {
	var (
		scopes    []string
		expires   string
		limits    []string
		requestID string
	)
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Create a key and print its secret, this once",
		Long:    keysCreateLong,
		Example: keysCreateExample,
		Args:    wantArgs("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			req := &satcapv1.CreateApiKeyRequest{Name: args[0], RequestId: requestID}
			var err error
			if req.Scopes, err = parseEnums[satcapv1.ApiKey_Scope](
				"scope", scopePrefix, satcapv1.ApiKey_Scope_value, scopes); err != nil {
				return err
			}
			if req.Limits, err = newKeyLimits(limits); err != nil {
				return err
			}
			if err := setExpiry(req, expires, f.app.now()); err != nil {
				return err
			}
			return createKey(cmd, f, req)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&scopes, "scope", []string{"read", "write"},
		"what the key may do: read, receive, write (can be repeated)")
	flags.StringVar(&expires, "expires", "", "`when` the key expires: an RFC 3339 time, or a duration like 90d or 12h (default never)")
	flags.StringArrayVar(&limits, "limit", nil,
		"limit of a window as `window=amount`, like daily=100k: daily, weekly, monthly or annual (can be repeated)")
	flags.StringVar(&requestID, "request-id", "", "your `name` for this request, so that repeating it makes no second key")
	// It only fails for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("scope", cobra.FixedCompletions(
		enumNames(scopePrefix, satcapv1.ApiKey_Scope_value), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func newKeyLimits(list []string) ([]*satcapv1.CreateApiKeyLimit, error) {
	amounts, err := parseWindowAmounts(list)
	if err != nil {
		return nil, err
	}
	var limits []*satcapv1.CreateApiKeyLimit
	for _, amount := range amounts {
		// A window that a new key does not name is unlimited, so saying so is the
		// same as not naming it.
		if amount.sats != nil {
			limits = append(limits, &satcapv1.CreateApiKeyLimit{Window: amount.window, LimitSats: *amount.sats})
		}
	}
	return limits, nil
}

func setExpiry(req *satcapv1.CreateApiKeyRequest, expires string, now time.Time) error {
	if expires == "" {
		return nil
	}
	moment, relative, err := parseMoment(expires, now.Add)
	if err != nil {
		return usageErrorf("--expires: %v", err)
	}
	// Repeated later, a duration would name another time, and the server would
	// refuse the repetition as another request.
	if relative && req.GetRequestId() != "" {
		return usageErrorf("with --request-id, --expires must be a time, not a duration, or it cannot be repeated")
	}
	req.ExpireTime = moment
	return nil
}

func createKey(cmd *cobra.Command, f *clientFlags, req *satcapv1.CreateApiKeyRequest) error {
	s, err := f.open(cmd)
	if err != nil {
		return err
	}
	res, err := s.keys.CreateApiKey(cmd.Context(), req)
	if err != nil {
		return err
	}
	if err := s.print(res, func(w io.Writer) {
		keyTable(w, res.GetApiKey())
		if res.GetSecret() != "" {
			gap(w)
			row(w, "SECRET", res.GetSecret())
		}
	}); err != nil {
		return err
	}
	if res.GetSecret() == "" {
		s.note("This key was made before, by the same --request-id. Its secret cannot be shown again.")
	} else {
		s.note("Keep the secret now: it cannot be shown again.")
	}
	return nil
}
