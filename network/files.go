package network

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"importarchive/regular"
)

// maxFile is larger than any file of certificates: the system's own bundles have some
// 250 kB.
const maxFile = 1 << 20

// files are the contents of the files of the settings; "" for none.
type files struct{ ca, cert, key string }

// read reads the files. The error names the file, and nothing of its content.
func (s Settings) read() (f files, err error) {
	for _, one := range []struct {
		file File
		into *string
	}{{s.CA, &f.ca}, {s.Cert, &f.cert}, {s.Key, &f.key}} {
		if one.file.Path == "" {
			continue
		}
		text, err := regular.Read(one.file.Path, maxFile)
		if err != nil {
			return files{}, bad(one.file, err)
		}
		*one.into = string(text)
	}
	return f, nil
}

func bad(f File, err error) error {
	return &Error{BadFile, fmt.Errorf("%s: %w", f.Name, err)}
}

// tls makes the configuration of TLS.
func (s Settings) tls(f files, now time.Time) (*tls.Config, error) {
	config := &tls.Config{}
	if s.CA.Path != "" {
		all, err := certificates(f.ca)
		if err == nil {
			err = allExpired(all, now)
		}
		if err != nil {
			return nil, bad(s.CA, err)
		}
		config.RootCAs = x509.NewCertPool()
		for _, cert := range all {
			config.RootCAs.AddCert(cert)
		}
	}
	if s.Cert.Path == "" {
		return config, nil
	}
	shown, err := certificates(f.cert)
	if err == nil {
		err = allExpired(shown[:1], now) // the first one is the program's own, the others lead to its authority
	}
	if err != nil {
		return nil, bad(s.Cert, err)
	}
	if err := keyText(f.key); err != nil {
		return nil, bad(s.Key, err)
	}
	pair, err := tls.X509KeyPair([]byte(f.cert), []byte(f.key))
	if err != nil {
		text := strings.TrimPrefix(err.Error(), "tls: ")
		return nil, bad(s.Key, fmt.Errorf("%s, with %s", text, s.Cert.Name))
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// certificates returns the certificates of a text in PEM, at least one.
func certificates(text string) (all []*x509.Certificate, err error) {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("its certificate number %d: %w", len(all)+1, err)
		}
		all = append(all, cert)
	}
	switch begun := strings.Count(text, "-----BEGIN CERTIFICATE-----"); {
	case begun > len(all): // package pem skips a block that it can't read, such as half of one
		return nil, fmt.Errorf("%d of its %d certificates are damaged or cut off: copy the file again", begun-len(all), begun)
	case len(all) > 0:
		return all, nil
	case strings.HasPrefix(text, "\x30\x82"):
		return nil, errors.New("is in DER form: convert it to PEM with `openssl x509 -inform der`")
	}
	return nil, errors.New("has no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
}

// allExpired returns an error if no certificate is valid now. A bundle may have some old
// ones in it.
func allExpired(all []*x509.Certificate, now time.Time) error {
	const day = time.DateTime + " MST"
	for _, cert := range all {
		if !now.Before(cert.NotBefore) && !now.After(cert.NotAfter) {
			return nil
		}
	}
	if now.Before(all[0].NotBefore) {
		return fmt.Errorf("its certificate is valid only from %s on: check this machine's clock", all[0].NotBefore.UTC().Format(day))
	}
	return fmt.Errorf("its certificate expired on %s: put a new one there", all[0].NotAfter.UTC().Format(day))
}

// keyText explains files that have no key that can be used.
func keyText(text string) error {
	for rest := []byte(text); ; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		switch {
		case block == nil:
			return errors.New("has no private key in PEM form (-----BEGIN PRIVATE KEY-----)")
		case block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
			return errors.New("is encrypted with a passphrase, which the program can't ask for: decrypt it with `openssl pkey`")
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil
		}
	}
}
