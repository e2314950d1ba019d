// The tokens of services, on the server's own database.

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/satcap/satcap/internal/server"
	"github.com/satcap/satcap/internal/store"
)

const tokensLong = `The tokens by which services, such as the core API and gateways, prove
themselves. The commands work on the server's database, not through the server;
before its first start, "satcap migrate" makes it.
Once there is one, the development token of a running server is worth nothing.

Roles: spend (SpendService), usage (UsageService, any key), verify (AuthService).`

func newTokensCommand(a *app) *cobra.Command {
	cmd := newGroupCommand(a, "tokens", "Make, list and revoke the tokens of services")
	cmd.Long = tokensLong
	cmd.AddCommand(newTokensCreateCommand(a), newTokensListCommand(a), newTokensRevokeCommand(a))
	return cmd
}

func newTokensCreateCommand(a *app) *cobra.Command {
	var db string
	var roles []string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a token and show it, this once", Args: wantArgs("NAME"),
		Example: "  satcap tokens create core-api --role spend,usage",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withDatabase(cmd.Context(), db, "make a token in", func(s store.Store) error {
				token, err := server.CreateToken(cmd.Context(), s, args[0], roles)
				if errors.Is(err, server.ErrTokenArgument) {
					return usageErrorf("%v", err)
				}
				if err != nil {
					return err
				}
				fmt.Fprintf(a.stderr, "Keep the token now: it cannot be shown again.\n")
				fmt.Fprintf(a.stdout, "%s\n", token)
				return nil
			})
		},
	}
	addDBFlag(cmd, &db)
	cmd.Flags().StringSliceVar(&roles, "role", nil, "what the service may do: spend, usage, verify")
	return cmd
}

// tokenLine is a token as the list shows it.
type tokenLine struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Prefix     string    `json:"prefix"`
	Roles      []string  `json:"roles"`
	CreateTime time.Time `json:"createTime"`
	Revoked    bool      `json:"revoked"`
}

func newTokensListCommand(a *app) *cobra.Command {
	var db string
	output := outputTable
	cmd := &cobra.Command{
		Use: "list", Short: "List all tokens, the oldest first", Args: wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDatabase(cmd.Context(), db, "list the tokens of", func(s store.Store) error {
				tokens, err := s.ListServiceTokens(cmd.Context())
				if err != nil {
					return err
				}
				return printTokens(a.stdout, tokens, output)
			})
		},
	}
	addDBFlag(cmd, &db)
	addOutputFlag(cmd, cmd.Flags(), &output)
	return cmd
}

func printTokens(w io.Writer, tokens []store.ServiceToken, output outputFormat) error {
	lines := make([]tokenLine, len(tokens))
	for i, t := range tokens {
		lines[i] = tokenLine{
			ID: uuid.UUID(t.ID).String(), Name: t.Name, Prefix: t.Prefix, Roles: server.RoleNames(t.Roles),
			CreateTime: time.UnixMicro(t.CreatedAtUs).UTC(), Revoked: t.RevokedAtUs != 0,
		}
	}
	if output == outputJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"tokens": lines})
	}
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	row(table, "ID", "NAME", "PREFIX", "ROLES", "CREATED", "STATE")
	for _, l := range lines {
		state := "active"
		if l.Revoked {
			state = "revoked"
		}
		row(table, l.ID, l.Name, l.Prefix, strings.Join(l.Roles, ","), l.CreateTime.Format(time.RFC3339), state)
	}
	return table.Flush()
}

func newTokensRevokeCommand(a *app) *cobra.Command {
	var db string
	cmd := &cobra.Command{
		Use: "revoke ID", Short: "Revoke a token; every server refuses it within a second", Args: wantArgs("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := uuid.Parse(args[0])
			if err != nil {
				return usageErrorf("%q is not the id of a token", args[0])
			}
			return withDatabase(cmd.Context(), db, "revoke a token in", func(s store.Store) error {
				found, err := s.RevokeServiceToken(cmd.Context(), [16]byte(id), time.Now().UnixMicro())
				if err == nil && !found {
					return errors.New("there is no such token, or it is revoked already")
				}
				return err
			})
		},
	}
	addDBFlag(cmd, &db)
	return cmd
}
