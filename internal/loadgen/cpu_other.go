// The processor time of the generator elsewhere than on Unix: not known.

//go:build !unix

package loadgen

import "time"

func processorTime() time.Duration { return 0 }
