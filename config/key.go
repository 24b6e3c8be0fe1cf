package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"importarchive/sync/remote"
)

type keyFunc = func() (remote.Secret, error)

// key gives what gives the cluster's API key: the empty one where a server
// of one's own wants none.
func (t *table) key(d *remote.Dialect) keyFunc {
	inSettings, inFile := t.has("api_key"), t.has("api_key_file")
	switch {
	case inSettings && inFile:
		t.problem("api_key_file", "api_key is there too: take one out")
		t.secretInFile("api_key_file", newKey)
		return t.secretInSettings("api_key", newKey)
	case inSettings:
		return t.secretInSettings("api_key", newKey)
	case inFile:
		return t.secretInFile("api_key_file", newKey)
	case d != nil && d.Name != MilvusV2:
		t.missing("api_key", `such as "${ZILLIZ_API_KEY}", or api_key_file`)
	}
	return func() (remote.Secret, error) { return remote.Secret{}, nil }
}

// secret gives what gives a secret that stands in the settings under a key, or
// in the file that the key with _file names; nil for neither.
func (t *table) secret(key string, check func(string) (remote.Secret, error)) keyFunc {
	inFile := key + "_file"
	// "" is off only where the default is.
	inSettings := t.has(key) && (t.values[key] != "" || Keys[t.kind][key] == nil)
	switch {
	case inSettings && t.has(inFile):
		t.problem(inFile, "%s is there too: take one out", key)
	case inSettings:
		return t.secretInSettings(key, check)
	case t.has(inFile):
		return t.secretInFile(inFile, check)
	}
	return nil
}

// revealed gives the text of a secret to who has to send or compare it.
func revealed(key keyFunc) func() (string, error) {
	if key == nil {
		return nil
	}
	return func() (string, error) {
		secret, err := key()
		return secret.Reveal(), err
	}
}

func (t *table) secretInSettings(key string, check func(string) (remote.Secret, error)) keyFunc {
	x, ok := t.text(key, "a string")
	if !ok {
		return nil
	}
	secret, err := check(x.value)
	if err != nil {
		t.problem(key, "%v", err)
		return nil
	}
	return func() (remote.Secret, error) { return secret, nil }
}

// secretInFile reads the file at each call, so that a key can be replaced while
// the program runs.
func (t *table) secretInFile(key string, check func(string) (remote.Secret, error)) keyFunc {
	x, ok := t.path(key)
	if !ok {
		return nil
	}
	return func() (remote.Secret, error) {
		secret, err := readSecret(x.value, check)
		if err != nil {
			// As spelled: the variable in it may hold the key by mistake.
			return remote.Secret{}, fmt.Errorf("%s %v: %w", key, x, err)
		}
		return secret, nil
	}
}

// maxKey is far more than any key; what is bigger is not a file of one key.
const maxKey = 16 << 10

func readSecret(path string, check func(string) (remote.Secret, error)) (remote.Secret, error) {
	file, err := os.Open(path)
	if err != nil {
		return remote.Secret{}, cause(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxKey+1))
	if err != nil {
		return remote.Secret{}, cause(err)
	}
	if len(data) > maxKey {
		return remote.Secret{}, errors.New("too big to be a key")
	}
	return check(string(data))
}

// newKey makes a secret of a key, without the line break that files end in.
// White space inside would be two keys, or a key and something else.
func newKey(value string) (remote.Secret, error) {
	value = strings.TrimSpace(value)
	switch {
	case value == "":
		return remote.Secret{}, errors.New("is empty")
	case strings.ContainsFunc(value, isSpaceOrControl):
		return remote.Secret{}, errors.New("has white space or a control character inside, which no key has")
	}
	return remote.NewSecret(value), nil
}
