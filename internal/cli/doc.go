// Package cli is the satcap command line. [Main] runs one command and returns
// its exit code; every command is in a file named after it.
//
// What every command keeps to:
//
//   - data goes to stdout and talk (hints, questions, errors) to stderr, so that
//     a pipe only ever sees data;
//   - an error is one line, "satcap: what happened (REASON)", and the exit code
//     says what kind it is;
//   - every flag can also come from the environment, and a SATCAP_ variable that
//     no flag reads is an error, because a typo must not silently change nothing.
package cli
