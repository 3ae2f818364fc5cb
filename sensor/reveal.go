package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"auscult/pipeline/custody"
	"auscult/pipeline/vault"
)

// revealFlags is what the command line of reveal says.
type revealFlags struct{ vault, identity, reason, dir, config, signingKey string }

// maxReason is how many bytes a reason may have.
const maxReason = 1000

func revealCommand(std stdio) *cobra.Command {
	var f revealFlags
	c := &cobra.Command{
		Use:   "reveal -l DIR --vault FILE --identity FILE --reason TEXT PSEUDONYM",
		Short: "Turn a pseudonym of an alert back, on record",
		Long: `Tell whom or what a pseudonym stands for, by a vault that replay or live kept with --vault. Only
who holds the age identity of one of its recipients can; the sensor cannot.

Who asked, when, for which pseudonym and why is first written into the audit log of the case
folder of -l, and signed, as auscult verify shows; the name itself is not. Where that cannot be,
nothing is told: the case must have ended and be whole, and the key that signed it be at hand.

Exit status: 0 it was told, on standard output, 1 it could not be, 2 usage.`,
		Example: `  auscult reveal -l case --vault vault --identity officer.txt --reason 'HR 2026/17, approved by DPO' usr:4jbvmh:6gfenhl77is7agbjvkll`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !vault.IsPseudonym(args[0]) {
				return usagef("reveal needs one pseudonym like usr:4jbvmh:6gfenhl77is7agbjvkll (see auscult reveal --help)")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			for _, need := range []struct{ value, flag, what string }{
				{f.dir, "-l DIR", "the case folder, whose audit log has every reveal"},
				{f.vault, "--vault FILE", "the vault"},
				{f.identity, "--identity FILE", "the age identity that the vault is sealed to"},
				{strings.TrimSpace(f.reason), "--reason TEXT", "why; it is written into the audit log"},
			} {
				if need.value == "" {
					return usagef("reveal needs %s: %s", need.flag, need.what)
				}
			}
			return f.reveal(c, std, args[0])
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVarP(&f.dir, "log-dir", "l", "", "the case folder `DIR`")
	c.Flags().StringVar(&f.vault, "vault", "", "the vault `FILE`, or a folder of them")
	c.Flags().StringVar(&f.identity, "identity", "", "the age identity in `FILE` (AGE-SECRET-KEY-1…, as age-keygen makes it)")
	c.Flags().StringVar(&f.reason, "reason", "", "why, in words: `TEXT`")
	c.Flags().StringVar(&f.signingKey, "signing-key", "", "the key in `FILE` that signed the case (setting custody.signing_key)")
	c.Flags().StringVarP(&f.config, "config", "c", "", "read settings from `FILE` (YAML; default $"+envConfig+")")
	return c
}

// reveal tells what a pseudonym stands for, once that it does is on record.
func (f *revealFlags) reveal(c *cobra.Command, std stdio, of string) error {
	s, _, _, err := load(f.config, std.environ)
	if err != nil {
		return &exit{statusUsage, err}
	}
	if f.signingKey != "" {
		s.Custody.SigningKey = f.signingKey
	}
	key, err := f.signer(&s)
	if err != nil {
		return &exit{statusUsage, err}
	}
	ids, err := identities(f.identity)
	if err != nil {
		return &exit{statusUsage, err}
	}
	e, err := vault.Find(f.vault, of, ids...)
	if err != nil {
		return &exit{statusFailed, err}
	}
	switch {
	case e.ID == "":
		return &exit{statusFailed, errors.New("this pseudonym stands for nobody: the finding is about an endpoint")}
	case len(f.reason) > maxReason:
		return usagef("--reason: longer than %d bytes", maxReason)
	case len(e.ID) > 3 && strings.Contains(strings.ToLower(f.reason), strings.ToLower(e.ID)): // a shorter one is in many words
		return usagef("--reason: says whom it is about, and the audit log is read by others: leave that out")
	}
	point, err := custody.Amend(f.dir, alertsFile, key, time.Now, custody.Entry{Audit: "reveal", By: whoAsks(), Of: of, Text: f.reason})
	if err != nil {
		return &exit{statusFailed, fmt.Errorf("nothing is revealed, for it cannot be put on record: %w", err)}
	}
	fmt.Fprintf(c.ErrOrStderr(), "auscult: on record as leaf %d of %s\n", point.Size-1, f.dir)
	if e.Kind != "" {
		by := ""
		if e.Issuer != "" {
			by = ", by " + strconv.QuoteToGraphic(e.Issuer)
		}
		fmt.Fprintf(c.ErrOrStderr(), "auscult: a principal known by %s%s\n", e.Kind, by)
	}
	name := e.ID
	if strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) }) {
		name = strconv.Quote(name) // it is what somebody sent: a terminal shall not obey it
	}
	_, err = fmt.Fprintln(c.OutOrStdout(), name)
	return failed(err)
}

// signer is the key that signed the case, which must be there.
func (f *revealFlags) signer(s *settings) (*custody.Key, error) {
	path, err := signingKeyFile(s)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("the key that signed the case: %w (--signing-key)", err)
	}
	return custody.LoadOrCreateKey(path, s.Site.Sensor)
}

// identities are those in a file. What is wrong with it is told without its words: they are secret.
func identities(path string) ([]age.Identity, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--identity: %w", err)
	}
	defer file.Close()
	ids, err := age.ParseIdentities(file)
	if err != nil || len(ids) == 0 {
		return nil, errors.New("--identity: " + path + ": no file of age identities (AGE-SECRET-KEY-1…)")
	}
	return ids, nil
}

// whoAsks is the user of this process and his machine.
func whoAsks() string {
	name := strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username + " (" + u.Uid + ")"
	}
	if was := os.Getenv("SUDO_USER"); was != "" && os.Getuid() == 0 {
		name += ", as which " + was + " acts by sudo,"
	}
	host, err := os.Hostname()
	if err != nil {
		host = "a machine without a name"
	}
	return name + " at " + host
}
