// The entry point and the root command: the tree of commands and what they share.

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
)

// groupClient is the heading under which the help lists the client commands.
const groupClient = "client"

const rootLong = `satcap caps what an API key may spend, in satoshis.

Every flag can also come from the environment: --url as SATCAP_URL, --page-size
as SATCAP_PAGE_SIZE, and so on. A flag wins over the environment; an empty
variable counts as unset. A SATCAP_ variable that no flag reads is an error.

Amounts are whole satoshis: 100000, 100k, 1.5M, 500_000, 100,000 or 0.01btc.
Data is written to stdout, everything else to stderr.

` + exitCodeHelp

// app is what a command needs of the world outside; tests put their own in.
type app struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	// env is the environment; of a variable named twice the last one counts.
	env map[string]string
	// terminal says whether somebody sits at stdin who can answer a question.
	terminal func() bool
	now      func() time.Time
}

// Main runs the command that args name (without the program's own name) and
// returns the exit code for the process. env is in the form of os.Environ.
func Main(args []string, stdout, stderr io.Writer, env []string) int {
	a := &app{
		stdin:    os.Stdin,
		stdout:   stdout,
		stderr:   stderr,
		env:      environment(env),
		terminal: func() bool { return isatty.IsTerminal(os.Stdin.Fd()) },
		now:      time.Now,
	}
	return a.run(args)
}

func (a *app) run(args []string) int {
	root := newRootCommand(a)
	// cobra reads os.Args by itself when it is given nil.
	root.SetArgs(append([]string{}, args...))
	markRunErrors(root)
	cmd, err := root.ExecuteContextC(context.Background())
	return a.report(cmd, err)
}

func newRootCommand(a *app) *cobra.Command {
	root := newGroupCommand(a, "satcap", "Cap what an API key may spend, in satoshis")
	root.Long = rootLong
	root.Version = readVersion().String()
	root.SetVersionTemplate("{{.Version}}\n")
	root.SilenceErrors = true
	root.SilenceUsage = true
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	// Only the nearest PersistentPreRunE of a command runs, so a subcommand must
	// use PreRunE, or its flags would no longer come from the environment.
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		return applyEnvironment(cmd, a.env)
	}

	root.AddGroup(&cobra.Group{ID: groupClient, Title: "Commands for a running server:"})
	client := []*cobra.Command{
		newKeysCommand(a),
		newLimitsCommand(a),
		newSpendsCommand(a),
		newUsageCommand(a),
		newBenchCommand(a),
	}
	for _, cmd := range client {
		cmd.GroupID = groupClient
	}
	root.AddCommand(client...)

	root.AddGroup(&cobra.Group{ID: groupServer, Title: "The server and its database:"})
	servers := []*cobra.Command{newServeCommand(a), newMigrateCommand(a), newVerifyCommand(a), newTokensCommand(a), newImportCommand(a)}
	for _, cmd := range servers {
		cmd.GroupID = groupServer
	}
	root.AddCommand(servers...)

	root.AddCommand(newVersionCommand())
	root.InitDefaultCompletionCmd()
	return root
}

// newGroupCommand is a command that only holds others. cobra by itself prints
// the help and reports success when the subcommand is misspelt or missing, which
// a script would take for done.
func newGroupCommand(a *app, use, short string) *cobra.Command {
	return &cobra.Command{
		Use:                        use,
		Short:                      short,
		Args:                       cobra.ArbitraryArgs,
		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			if !cmd.HasParent() {
				return cmd.Help()
			}
			cmd.SetOut(a.stderr)
			_ = cmd.Help()
			return usageErrorf("%s needs a subcommand", cmd.CommandPath())
		},
	}
}

func unknownCommand(cmd *cobra.Command, name string) error {
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		return usageErrorf("unknown command %q, did you mean %s?", name, strings.Join(near, " or "))
	}
	return usageErrorf("unknown command %q", name)
}

// wantArgs accepts exactly one argument per name.
func wantArgs(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return fmt.Errorf("missing argument %s", strings.Join(names[len(args):], " "))
		}
		if len(args) > len(names) {
			return fmt.Errorf("unexpected argument %q", args[len(names)])
		}
		return nil
	}
}

// wantArgsAnd accepts one argument per name and any number after them.
func wantArgsAnd(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		return wantArgs(names...)(cmd, args[:min(len(args), len(names))])
	}
}

// markRunErrors marks what the commands themselves return. Every other error
// comes out of cobra's reading of flags and arguments, and is a usage error.
func markRunErrors(cmd *cobra.Command) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if err := run(cmd, args); err != nil {
				return &runError{err}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		markRunErrors(sub)
	}
}

// report writes err as one line to stderr and returns the exit code.
func (a *app) report(cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	code := exitUsage
	var run *runError
	if errors.As(err, &run) {
		code = exitCode(run.error)
	}
	line := describe(err)
	// What the server refused, it explained; the help would not add to it.
	if _, remote := remoteError(err); code == exitUsage && !remote {
		line += fmt.Sprintf(" (see %s --help)", cmd.CommandPath())
	}
	fmt.Fprintf(a.stderr, "satcap: %s\n", line)
	return code
}
