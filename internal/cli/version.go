// The version command: what this binary was built from.

package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is what the Go toolchain wrote into the binary.
type version struct {
	module   string // v1.2.3, or devel outside of a release
	revision string // the commit, empty if built outside of a checkout
	modified bool   // the checkout had changes that were not committed
	platform string
}

func readVersion() version {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: runtime.Version()}
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) version {
	v := version{
		module:   strings.Trim(info.Main.Version, "()"),
		platform: fmt.Sprintf("%s %s/%s", info.GoVersion, runtime.GOOS, runtime.GOARCH),
	}
	if v.module == "" {
		v.module = "devel"
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.revision = setting.Value
		case "vcs.modified":
			v.modified = setting.Value == "true"
		}
	}
	return v
}

// String is one line: satcap v1.2.3 (revision 0123abcd, modified) go1.26 linux/amd64.
func (v version) String() string {
	var origin string
	if v.revision != "" {
		origin = " (revision " + v.revision
		if v.modified {
			origin += ", modified"
		}
		origin += ")"
	}
	return "satcap " + v.module + origin + " " + v.platform
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), readVersion())
			return err
		},
	}
}
