// The keys commands that change what a key may do, and its secret: pause, resume,
// revoke, rotate.

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

// keyReply is a reply that is the key after a change.
type keyReply interface {
	proto.Message
	GetApiKey() *satcapv1.ApiKey
}

func newKeysPauseCommand(f *clientFlags) *cobra.Command {
	return newKeyChangeCommand(f, "pause", "Stop a key from spending until it is resumed",
		func(ctx context.Context, s *session, key string) (keyReply, error) {
			return s.keys.PauseApiKey(ctx, &satcapv1.PauseApiKeyRequest{ApiKeyId: key})
		})
}

func newKeysResumeCommand(f *clientFlags) *cobra.Command {
	return newKeyChangeCommand(f, "resume", "Let a paused key spend again",
		func(ctx context.Context, s *session, key string) (keyReply, error) {
			return s.keys.ResumeApiKey(ctx, &satcapv1.ResumeApiKeyRequest{ApiKeyId: key})
		})
}

func newKeysRevokeCommand(f *clientFlags) *cobra.Command {
	var yes bool
	cmd := newKeyChangeCommand(f, "revoke", "Stop a key from spending for good",
		func(ctx context.Context, s *session, key string) (keyReply, error) {
			if !yes {
				if err := confirmRevoke(ctx, f.app, s, key); err != nil {
					return nil, err
				}
			}
			return s.keys.RevokeApiKey(ctx, &satcapv1.RevokeApiKeyRequest{ApiKeyId: key})
		})
	cmd.Long = "Stop a key from spending for good. Open holds stay open and can still settle.\n\n" +
		"Asks first; where there is no terminal to ask on, --yes must be given."
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func newKeyChangeCommand(
	f *clientFlags, verb, short string,
	change func(ctx context.Context, s *session, key string) (keyReply, error),
) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " KEY",
		Short: short,
		Args:  wantArgs("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := f.open(cmd)
			if err != nil {
				return err
			}
			res, err := change(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			return s.print(res, func(w io.Writer) { keyTable(w, res.GetApiKey()) })
		},
	}
}

// confirmRevoke asks about the key by its name, so that a wrong id is noticed
// while it can still be.
func confirmRevoke(ctx context.Context, a *app, s *session, key string) error {
	if !a.terminal() {
		return usageErrorf("revoking is for good: without a terminal to ask on, it needs --yes")
	}
	res, err := s.keys.GetApiKey(ctx, &satcapv1.GetApiKeyRequest{ApiKeyId: key})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.notes, "Revoke %q (%s)? It can never spend again. [y/N] ",
		printable(res.GetApiKey().GetName()), printable(res.GetApiKey().GetApiKeyId()))
	answer, err := bufio.NewReader(a.stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("not revoked")
}

// maxGrace is the longest grace period that the server gives.
const maxGrace = 7 * 24 * time.Hour

const keysRotateLong = `Give a key a new secret, which is shown this once. The old one stops working at
once, or after --grace; id, limits and history stay.

With --request-id a call that was cut off can be repeated, with the same --grace:
the new secret takes the place of the one that was lost, and the old one works for
as long as the first call gave it.`

func newKeysRotateCommand(f *clientFlags) *cobra.Command {
	var (
		grace     time.Duration
		requestID string
	)
	cmd := &cobra.Command{
		Use: "rotate KEY", Short: "Give a key a new secret", Args: wantArgs("KEY"),
		Long: keysRotateLong,
		RunE: func(cmd *cobra.Command, args []string) error {
			if grace < 0 || grace > maxGrace || grace%time.Second != 0 {
				return usageErrorf("--grace must be whole seconds, from 0s to %s", maxGrace)
			}
			s, err := f.open(cmd)
			if err != nil {
				return err
			}
			res, err := s.keys.RotateApiKey(cmd.Context(), &satcapv1.RotateApiKeyRequest{
				ApiKeyId: args[0], GraceSeconds: int32(grace / time.Second), RequestId: requestID,
			})
			if err != nil {
				return err
			}
			s.note("Keep the secret now: it cannot be shown again.")
			return s.print(res, func(w io.Writer) {
				keyTable(w, res.GetApiKey())
				gap(w)
				row(w, "SECRET", res.GetSecret())
			})
		},
	}
	cmd.Flags().DurationVar(&grace, "grace", 0, "how long the old secret goes on working, at most 168h")
	cmd.Flags().StringVar(&requestID, "request-id", "", "your `name` for this rotation, so that it can be repeated if its answer is lost")
	return cmd
}
