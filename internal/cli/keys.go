// The keys commands that read and rename: list, get, rename. Also how a key is shown.

package cli

import (
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

func newKeysCommand(a *app) *cobra.Command {
	cmd := newGroupCommand(a, "keys", "Create, list and change API keys")
	f := addClientFlags(a, cmd)
	cmd.AddCommand(
		newKeysCreateCommand(f),
		newKeysListCommand(f),
		newKeysGetCommand(f),
		newKeysRenameCommand(f),
		newKeysPauseCommand(f),
		newKeysResumeCommand(f),
		newKeysRotateCommand(f),
		newKeysRevokeCommand(f),
	)
	return cmd
}

func newKeysListCommand(f *clientFlags) *cobra.Command {
	var (
		states   []string
		pageSize int32
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List all your keys, newest first",
		Args:  wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			req := &satcapv1.ListApiKeysRequest{PageSize: pageSize}
			var err error
			req.States, err = parseEnums[satcapv1.ApiKey_State]("state", statePrefix, satcapv1.ApiKey_State_value, states)
			if err != nil {
				return err
			}
			if pageSize < 1 || pageSize > maxPageSize {
				return usageErrorf("--page-size must be 1 to %d", maxPageSize)
			}
			s, err := f.open(cmd)
			if err != nil {
				return err
			}
			keys, err := readPages(0, func(token string) ([]*satcapv1.ApiKey, string, error) {
				req.PageToken = token
				res, err := s.keys.ListApiKeys(cmd.Context(), req)
				return res.GetApiKeys(), res.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			if len(keys.items) == 0 {
				s.note("There are no such keys.")
			}
			return s.print(&satcapv1.ListApiKeysResponse{ApiKeys: keys.items},
				func(w io.Writer) { keysTable(w, keys.items) })
		},
	}
	addStateFlag(cmd, &states, enumNames(statePrefix, satcapv1.ApiKey_State_value))
	cmd.Flags().Int32Var(&pageSize, "page-size", 100, "how many keys to ask for at a time; all are listed either way")
	return cmd
}

// addStateFlag adds --state, with the names it takes in its help and completion.
func addStateFlag(cmd *cobra.Command, states *[]string, names []string) {
	cmd.Flags().StringSliceVar(states, "state", nil, "only those in this `state`: "+strings.Join(names, ", ")+" (can be repeated)")
	// It only fails for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

func newKeysGetCommand(f *clientFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "get KEY",
		Short: "Show a key and its usage",
		Args:  wantArgs("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := f.open(cmd)
			if err != nil {
				return err
			}
			res, err := s.keys.GetApiKey(cmd.Context(), &satcapv1.GetApiKeyRequest{ApiKeyId: args[0]})
			if err != nil {
				return err
			}
			return s.print(res, func(w io.Writer) { keyTable(w, res.GetApiKey()) })
		},
	}
}

func newKeysRenameCommand(f *clientFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "rename KEY NAME",
		Short: "Give a key another name",
		Args:  wantArgs("KEY", "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := f.open(cmd)
			if err != nil {
				return err
			}
			res, err := s.keys.RenameApiKey(cmd.Context(),
				&satcapv1.RenameApiKeyRequest{ApiKeyId: args[0], Name: args[1]})
			if err != nil {
				return err
			}
			return s.print(res, func(w io.Writer) { keyTable(w, res.GetApiKey()) })
		},
	}
}

// keyTable shows one key: its properties, then its usage.
func keyTable(w io.Writer, key *satcapv1.ApiKey) {
	row(w, "KEY ID", key.GetApiKeyId())
	row(w, "NAME", key.GetName())
	row(w, "STATE", enumName(key.GetState(), statePrefix))
	row(w, "SCOPES", scopeNames(key))
	row(w, "SECRET PREFIX", orNone(key.GetSecretPrefix()))
	row(w, "OWNER", key.GetSubject())
	row(w, "CREATED", timeOr(key.GetCreateTime(), none))
	row(w, "EXPIRES", timeOr(key.GetExpireTime(), "never"))
	if key.GetRevokeTime() != nil {
		row(w, "REVOKED", timeOr(key.GetRevokeTime(), none))
	}
	row(w, "LAST USED", timeOr(key.GetLastUseTime(), "never"))
	row(w, "REVISION", strconv.FormatInt(key.GetRevision(), 10))
	gap(w)
	usageTable(w, key.GetUsage())
}

// keysTable shows one key a line, with what is left in each window.
func keysTable(w io.Writer, keys []*satcapv1.ApiKey) {
	header := []string{"KEY ID", "NAME", "STATE", "SCOPES"}
	windows := enumNames(windowPrefix, satcapv1.LimitWindow_value)
	for _, name := range windows {
		header = append(header, strings.ToUpper(name)+" LEFT")
	}
	row(w, append(header, "LAST USED")...)
	for _, key := range keys {
		cells := []string{key.GetApiKeyId(), key.GetName(), enumName(key.GetState(), statePrefix), scopeNames(key)}
		left := make(map[string]string)
		for _, u := range key.GetUsage() {
			left[windowName(u.GetWindow())] = satsOr(u.RemainingSats, unlimited)
		}
		for _, name := range windows {
			cells = append(cells, orNone(left[name]))
		}
		row(w, append(cells, timeOr(key.GetLastUseTime(), "never"))...)
	}
}

func scopeNames(key *satcapv1.ApiKey) string {
	var names []string
	for _, scope := range key.GetScopes() {
		names = append(names, enumName(scope, scopePrefix))
	}
	return orNone(strings.Join(names, ","))
}
