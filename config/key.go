package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"importarchive/regular"
	"importarchive/secret"
	"importarchive/sync/remote"
)

// keyFunc reads a secret at each call.
type keyFunc = func() (remote.Secret, error)

// key returns how to read the cluster's API key. The key is empty for a
// self-hosted server that needs none.
func (t *table) key(d *remote.Dialect) keyFunc {
	if t.has("api_key") || t.has("api_key_file") {
		if d == nil || d.Name == MilvusV2 {
			return t.secret("api_key", newLogin)
		}
		return t.secret("api_key", newKey)
	}
	if d != nil && d.Name != MilvusV2 {
		t.missing("api_key", `such as "${ZILLIZ_API_KEY}", or api_key_file`)
	}
	return func() (remote.Secret, error) { return remote.Secret{}, nil }
}

// secret returns how to read a secret from a key, or from the file that the same
// key with _file names. It returns nil if the file has neither.
func (t *table) secret(key string, check func(string) (remote.Secret, error)) keyFunc {
	inFile := key + "_file"
	// "" means off only for keys whose default is "".
	inSettings := t.has(key) && (t.values[key] != "" || Keys[t.kind][key] == nil)
	var read keyFunc
	if t.has(inFile) {
		read = t.secretInFile(inFile, check)
	}
	if inSettings && t.has(inFile) {
		t.problem(inFile, "%s is there too: remove one of them", key)
	}
	if inSettings {
		read = t.secretInSettings(key, check)
	}
	return read
}

// revealed returns how to read the text of a secret, to send or compare it.
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

// secretInFile reads the file at each use, so that a key can be replaced while the
// program runs.
func (t *table) secretInFile(key string, check func(string) (remote.Secret, error)) keyFunc {
	x, ok := t.path(key)
	if !ok {
		return nil
	}
	return func() (remote.Secret, error) {
		secret, err := readSecret(x.value, check)
		if err != nil {
			// The spelling, not the value: a variable in it may hold the key by mistake.
			return remote.Secret{}, fmt.Errorf("%s %v: %w", key, x, err)
		}
		return secret, nil
	}
}

// maxKey is larger than any key.
const maxKey = 16 << 10

func readSecret(path string, check func(string) (remote.Secret, error)) (remote.Secret, error) {
	data, err := regular.Read(path, maxKey)
	if err != nil {
		return remote.Secret{}, err
	}
	return check(string(data))
}

// newKey makes a secret of a key, without the line break at the end of a file. It
// refuses white space inside: that would be two keys, or more than a key.
func newKey(value string) (remote.Secret, error) {
	value = strings.TrimSpace(value)
	if utf8.ValidString(value) && strings.ContainsFunc(value, isSpaceOrControl) {
		return remote.Secret{}, errors.New("has white space or a control character inside, which no key has")
	}
	return newLogin(value)
}

// newLogin makes a secret of "user:password" of a Milvus server, whose passwords may have
// spaces in them. It drops those at the end: a header can't carry them, and a file has a
// line break there.
func newLogin(value string) (remote.Secret, error) {
	value = strings.TrimSpace(value)
	switch {
	case value == "":
		return remote.Secret{}, errors.New("is empty")
	case !utf8.ValidString(value):
		return remote.Secret{}, errors.New("is not UTF-8 text: save it as UTF-8")
	case invisible(value):
		return remote.Secret{}, errors.New("begins or ends with an invisible character, such as a second byte order mark: copy it again")
	case strings.ContainsFunc(value, isControl):
		return remote.Secret{}, errors.New("has a line break or another control character inside, which no header can carry")
	}
	return secret.New(value), nil
}

// invisible reports whether the text begins or ends with a character of format, such as
// the zero-width space that copying from a web page brings along.
func invisible(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	return unicode.In(first, unicode.Cf) || unicode.In(last, unicode.Cf)
}
