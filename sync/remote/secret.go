package remote

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode"

	"importarchive/network"
	"importarchive/secret"
	"importarchive/sync/remote/answer"
)

// Secret is an API key.
type Secret = secret.Secret

// hider removes the API key from a service's answers, and the proxy's password from a
// proxy's: both may echo a request with its headers.
type hider struct{ secret.Hider }

func newHider(key Secret, proxy network.Proxy) hider {
	secrets, inErrors := []Secret{key}, []Secret{key.Password()}
	if proxy.Secret() {
		secrets, inErrors = append(secrets, proxy.Credentials()), append(inErrors, proxy.Credentials().Password())
	}
	return hider{secret.Hiding(secrets...).InErrors(inErrors...)}
}

// body hides the secrets in an answer. A service may spell them with any escapes, and
// package answer writes escapes for invalid bytes, so body compares the text of such a
// string and not its spelling.
func (h hider) body(b []byte) []byte {
	if h.Nowhere() {
		return b
	}
	b = h.Bytes(b)
	if answer.Verbatim(b) || !json.Valid(b) {
		return b
	}
	return answer.MapStrings(b, h.Anywhere)
}

// usable returns an error for a key that no header can carry. The error does not quote
// the key.
func usable(key Secret) error {
	if strings.ContainsFunc(key.Reveal(), unicode.IsControl) {
		return errors.New("the API key has a line break or another control character in it")
	}
	return nil
}
