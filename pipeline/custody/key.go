package custody

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"auscult/sensor/secret"
)

const what = "signing key"

// KeyName is how the key's file is called, beside that of the pseudonyms.
const KeyName = "signing.key"

// Key signs checkpoints (Ed25519).
type Key struct {
	signer   note.Signer
	verifier string
}

// Verifier is the public half as golang.org/x/mod/sumdb/note writes it: name+hash+key.
func (k *Key) Verifier() string { return k.verifier }

// ParseKey reads a private key as golang.org/x/mod/sumdb/note writes it.
func ParseKey(text string) (*Key, error) {
	signer, err := note.NewSigner(text)
	if err != nil {
		return nil, err
	}
	_, private, _ := strings.Cut(text[len("PRIVATE+KEY+"):], "+")
	_, seed, _ := strings.Cut(private, "+")
	b, err := base64.StdEncoding.DecodeString(seed)
	if err != nil {
		return nil, err
	}
	public := ed25519.NewKeyFromSeed(b[1:]).Public().(ed25519.PublicKey) // NewSigner has checked its kind and length
	verifier, err := note.NewEd25519VerifierKey(signer.Name(), public)
	return &Key{signer, verifier}, err
}

// CheckVerifier tells what is wrong with a public key.
func CheckVerifier(text string) error {
	_, err := note.NewVerifier(text)
	return err
}

// LoadKey reads the key at path. A file that others can read, or that holds anything else, is refused.
func LoadKey(path string) (*Key, error) {
	text, err := secret.Read(what, path, 1024)
	if err != nil {
		return nil, err
	}
	k, err := ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf(what+" %s: want PRIVATE+KEY+…, as auscult makes it", path)
	}
	return k, nil
}

// LoadOrCreateKey reads the key at path, or makes one there on first use (the file 0600, its folder 0700), called name.
func LoadOrCreateKey(path, name string) (*Key, error) {
	k, err := LoadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	private, _, err := note.GenerateKey(rand.Reader, plain(name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if err := secret.Create(what, path, private); err != nil && !errors.Is(err, fs.ErrExist) { // another process may be first
		return nil, err
	}
	return LoadKey(path)
}

// plain is name as a note may have it: no space and no plus, at most 64 letters.
func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '.' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z') {
			return r
		}
		return '-'
	}, name)
	if name == "" {
		return "auscult"
	}
	return name[:min(len(name), 64)]
}
