// Flags from the environment: SATCAP_URL is --url. Unknown SATCAP_ variables are errors.

package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	envPrefix = "SATCAP_"
	// Secrets that are no flags: other users of the machine could see them.
	envSessionKey = "SATCAP_SESSION_KEY"
	envOIDCSecret = "SATCAP_OIDC_CLIENT_SECRET"
	// envDevToken is not a flag either: it stands in for
	// SATCAP_TOKEN, so that a development setup needs no second name for it.
	envDevToken = "SATCAP_DEV_TOKEN"
)

// environment turns the form of os.Environ into a map. Empty variables are left
// out: they count as unset.
func environment(list []string) map[string]string {
	env := make(map[string]string)
	for _, entry := range list {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) {
			continue
		}
		if value == "" {
			delete(env, name)
			continue
		}
		env[name] = value
	}
	return env
}

// envName is the variable that sets the flag.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// hasVariable says whether the flag can come from the environment. The flags
// that cobra adds to print something instead of running the command cannot.
func hasVariable(flag *pflag.Flag) bool {
	return flag.Name != "help" && flag.Name != "version"
}

// isCobras says whether cmd is one that cobra adds: help, completion and what a
// shell calls to complete. They must work in any environment.
func isCobras(cmd *cobra.Command) bool {
	for ; cmd.HasParent(); cmd = cmd.Parent() {
		switch cmd.Name() {
		case "help", "completion", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
			return true
		}
	}
	return false
}

// applyEnvironment sets the flags of cmd that were not given from env, after a
// check that every SATCAP_ variable belongs to some command.
func applyEnvironment(cmd *cobra.Command, env map[string]string) error {
	if isCobras(cmd) {
		return nil
	}
	if err := checkVariables(env, knownVariables(cmd.Root())); err != nil {
		return err
	}
	var failed error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		name := envName(flag.Name)
		value, ok := env[name]
		if !ok || flag.Changed || failed != nil || !hasVariable(flag) {
			return
		}
		if err := cmd.Flags().Set(flag.Name, value); err != nil {
			failed = fmt.Errorf("environment variable %s: %w", name, err)
		}
	})
	return failed
}

// knownVariables is the variables of every flag of every command: one that
// belongs to another command than the one that runs is no mistake.
func knownVariables(root *cobra.Command) map[string]bool {
	known := map[string]bool{envDevToken: true, envSessionKey: true, envOIDCSecret: true}
	add := func(flag *pflag.Flag) {
		if hasVariable(flag) {
			known[envName(flag.Name)] = true
		}
	}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if isCobras(cmd) {
			return
		}
		cmd.Flags().VisitAll(add)
		cmd.PersistentFlags().VisitAll(add)
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
	return known
}

func checkVariables(env map[string]string, known map[string]bool) error {
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !known[name] {
			problems = append(problems,
				fmt.Sprintf("%s (closest: %s)", name, strings.Join(closest(name, known), ", ")))
		}
	}
	switch len(problems) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("unknown environment variable %s", problems[0])
	default:
		return fmt.Errorf("unknown environment variables %s", strings.Join(problems, ", "))
	}
}

// closest is up to three known names that differ from name in the fewest letters.
func closest(name string, known map[string]bool) []string {
	const most = 3
	names := slices.Sorted(maps.Keys(known))
	slices.SortStableFunc(names, func(a, b string) int { return distance(name, a) - distance(name, b) })
	near := names[:min(most, len(names))]
	for i, candidate := range near {
		// One that is clearly farther away than the best is only noise.
		if distance(name, candidate) > distance(name, near[0])+1 {
			return near[:i]
		}
	}
	return near
}

// distance is how many bytes to insert, delete or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
