// Command satcap caps what an API key may spend, in satoshis. The commands are
// in internal/cli.
package main

import (
	"os"

	"github.com/satcap/satcap/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr, os.Environ()))
}
