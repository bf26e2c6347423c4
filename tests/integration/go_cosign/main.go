// Command cosigncheck opens a note with the keys of cosigners, by a public library and nothing of ours.
//
// Usage: cosigncheck NOTE-FILE VERIFIER-KEY...
//
// It prints the name and the POSIX time of each cosigner whose line verifies, and fails unless all of them do.
package main

import (
	"fmt"
	"os"

	"github.com/transparency-dev/formats/note"
	sumdb "golang.org/x/mod/sumdb/note"
)

func check(file string, keys []string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var verifiers []sumdb.Verifier
	for _, key := range keys {
		verifier, err := note.NewVerifierForCosignatureV1(key)
		if err != nil {
			return err
		}
		verifiers = append(verifiers, verifier)
	}
	opened, err := sumdb.Open(raw, sumdb.VerifierList(verifiers...))
	if err != nil {
		return err
	}
	for _, line := range opened.Sigs {
		at, err := note.CoSigV1Timestamp(line)
		if err != nil {
			return err
		}
		fmt.Println(line.Name, at.Unix())
	}
	if len(opened.Sigs) != len(keys) {
		return fmt.Errorf("%d of %d cosigners signed", len(opened.Sigs), len(keys))
	}
	return nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: cosigncheck NOTE-FILE VERIFIER-KEY...")
		os.Exit(2)
	}
	if err := check(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
