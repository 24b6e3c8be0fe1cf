package cli

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
		t.keyInFile()
		return t.keyInSettings()
	case inSettings:
		return t.keyInSettings()
	case inFile:
		return t.keyInFile()
	case d != nil && d.Name != milvus:
		t.missing("api_key", `such as "${ZILLIZ_API_KEY}", or api_key_file`)
	}
	return func() (remote.Secret, error) { return remote.Secret{}, nil }
}

func (t *table) keyInSettings() keyFunc {
	x, ok := t.text("api_key", "a string")
	if !ok {
		return nil
	}
	secret, err := newKey(x.value)
	if err != nil {
		t.problem("api_key", "%v", err)
	}
	return func() (remote.Secret, error) { return secret, nil }
}

// keyInFile reads the file at each call, so that a key can be replaced while
// the program runs.
func (t *table) keyInFile() keyFunc {
	x, ok := t.path("api_key_file")
	if !ok {
		return nil
	}
	return func() (remote.Secret, error) {
		secret, err := readKey(x.value)
		if err != nil {
			// As spelled: the variable in it may hold the key by mistake.
			return remote.Secret{}, fmt.Errorf("api_key_file %v: %w", x, err)
		}
		return secret, nil
	}
}

// maxKey is far more than any key; what is bigger is not a file of one key.
const maxKey = 16 << 10

func readKey(path string) (remote.Secret, error) {
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
	return newKey(string(data))
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
