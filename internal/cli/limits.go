// The limits commands: get, set, unset, history.

package cli

import (
	"io"
	"strconv"

	"github.com/spf13/cobra"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

func newLimitsCommand(a *app) *cobra.Command {
	cmd := newGroupCommand(a, "limits", "Show and change what a key may spend")
	f := addClientFlags(a, cmd)
	cmd.AddCommand(
		newLimitsGetCommand(f),
		newLimitsSetCommand(f),
		newLimitsUnsetCommand(f),
		newLimitsHistoryCommand(f),
	)
	return cmd
}

func newLimitsGetCommand(f *clientFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "get KEY",
		Short: "Show a key's limits",
		Args:  wantArgs("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := f.open(cmd)
			if err != nil {
				return err
			}
			// GetUsage and not GetApiKey: the key itself may ask for it, too.
			res, err := s.usage.GetUsage(cmd.Context(), &satcapv1.GetUsageRequest{ApiKeyId: args[0]})
			if err != nil {
				return err
			}
			return s.print(res, func(w io.Writer) { limitsTable(w, res.GetUsage(), res.GetRevision()) })
		},
	}
}

const limitsSetExample = `  satcap limits set KEY daily=100k weekly=500_000
  satcap limits set KEY daily=0.01btc monthly=unlimited`

func newLimitsSetCommand(f *clientFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "set KEY WINDOW=AMOUNT...",
		Short:   "Set limits, all of them or none",
		Long:    "Set limits, all of them or none. Windows that are not named do not change.\nThe windows are daily, weekly, monthly and annual.",
		Example: limitsSetExample,
		Args:    wantArgsAnd("KEY", "WINDOW=AMOUNT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			amounts, err := parseWindowAmounts(args[1:])
			if err != nil {
				return err
			}
			return updateLimits(cmd, f, args[0], amounts)
		},
	}
	addRevisionFlag(cmd)
	return cmd
}

func newLimitsUnsetCommand(f *clientFlags) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:     "unset KEY (WINDOW... | --all)",
		Short:   "Remove limits: the windows become unlimited",
		Example: "  satcap limits unset KEY daily weekly\n  satcap limits unset KEY --all",
		Args:    wantArgsAnd("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			names := args[1:]
			switch {
			case all && len(names) > 0:
				return usageErrorf("name windows or give --all, not both")
			case all:
				names = enumNames(windowPrefix, satcapv1.LimitWindow_value)
			case len(names) == 0:
				return usageErrorf("name the windows to make unlimited, or give --all")
			}
			windows, err := parseEnums[satcapv1.LimitWindow]("window", windowPrefix, satcapv1.LimitWindow_value, names)
			if err != nil {
				return err
			}
			var amounts []windowAmount
			for _, window := range windows {
				amounts = append(amounts, windowAmount{window: window})
			}
			return updateLimits(cmd, f, args[0], amounts)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "remove every limit")
	addRevisionFlag(cmd)
	return cmd
}

const revisionFlag = "expect-revision"

func addRevisionFlag(cmd *cobra.Command) {
	cmd.Flags().Int64(revisionFlag, 0,
		"change only if the key's `revision` is still this one (default: change in any case)")
}

// updateLimits makes all the changes in one call, so that no other caller ever
// sees half of them.
func updateLimits(cmd *cobra.Command, f *clientFlags, key string, amounts []windowAmount) error {
	req := &satcapv1.UpdateLimitsRequest{ApiKeyId: key}
	for _, amount := range amounts {
		update := &satcapv1.LimitUpdate{Window: amount.window}
		if amount.sats == nil {
			update.Limit = &satcapv1.LimitUpdate_Unlimited{Unlimited: true}
		} else {
			update.Limit = &satcapv1.LimitUpdate_LimitSats{LimitSats: *amount.sats}
		}
		req.Updates = append(req.Updates, update)
	}
	// Revision 0 can be meant, so whether the flag was given counts, not its value.
	if cmd.Flags().Changed(revisionFlag) {
		revision, err := cmd.Flags().GetInt64(revisionFlag)
		if err != nil {
			return err
		}
		req.ExpectedRevision = &revision
	}
	s, err := f.open(cmd)
	if err != nil {
		return err
	}
	res, err := s.limits.UpdateLimits(cmd.Context(), req)
	if err != nil {
		return err
	}
	return s.print(res, func(w io.Writer) {
		limitsTable(w, res.GetApiKey().GetUsage(), res.GetApiKey().GetRevision())
	})
}

// limitsTable shows the limits, and the revision that --expect-revision takes.
func limitsTable(w io.Writer, usage []*satcapv1.WindowUsage, revision int64) {
	row(w, "WINDOW", "LIMIT")
	for _, u := range usage {
		row(w, windowName(u.GetWindow()), satsOr(u.LimitSats, unlimited))
	}
	gap(w)
	row(w, "REVISION", strconv.FormatInt(revision, 10))
}

func newLimitsHistoryCommand(f *clientFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "history KEY",
		Short: "Show who changed which limit and when, newest first",
		Args:  wantArgs("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := f.open(cmd)
			if err != nil {
				return err
			}
			req := &satcapv1.ListLimitChangesRequest{ApiKeyId: args[0], PageSize: maxPageSize}
			changes, err := readPages(0, func(token string) ([]*satcapv1.LimitChange, string, error) {
				req.PageToken = token
				res, err := s.limits.ListLimitChanges(cmd.Context(), req)
				return res.GetChanges(), res.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			if len(changes.items) == 0 {
				s.note("No limit of this key was ever changed.")
			}
			return s.print(&satcapv1.ListLimitChangesResponse{Changes: changes.items},
				func(w io.Writer) { changesTable(w, changes.items) })
		},
	}
}

func changesTable(w io.Writer, changes []*satcapv1.LimitChange) {
	row(w, "TIME", "WINDOW", "OLD LIMIT", "NEW LIMIT", "BY", "VIA", "REVISION")
	for _, change := range changes {
		row(w,
			timeOr(change.GetChangeTime(), none),
			windowName(change.GetWindow()),
			satsOr(change.OldLimitSats, unlimited),
			satsOr(change.NewLimitSats, unlimited),
			orNone(change.GetSubject()),
			orNone(change.GetAuthentication()),
			strconv.FormatInt(change.GetRevision(), 10),
		)
	}
}
