package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// leastPacked is the size below which a packet more or less makes no difference.
const leastPacked = 1400

// packer compresses a response for a client that asks for it, unless its first
// write is a small one: the pages and files are written through a buffer, so that
// one is the whole of a small response. It holds back no more than a block, so a
// file goes on as a stream.
type packer struct {
	out    io.Writer
	header http.Header
	asked  bool
	begun  bool
	gz     *gzip.Writer // nil: not compressed
}

// packed returns a packer that writes to out what answers a request.
func packed(w http.ResponseWriter, r *http.Request, out io.Writer) *packer {
	w.Header().Add("Vary", "Accept-Encoding")
	return &packer{out: out, header: w.Header(), asked: takesGzip(r.Header.Get("Accept-Encoding"))}
}

// Write implements [io.Writer].
func (p *packer) Write(b []byte) (int, error) {
	if !p.begun && p.asked && len(b) >= leastPacked {
		p.header.Set("Content-Encoding", "gzip")
		p.gz, _ = gzip.NewWriterLevel(p.out, gzip.BestSpeed) // fails for another level only
	}
	p.begun = true
	if p.gz != nil {
		return p.gz.Write(b)
	}
	return p.out.Write(b)
}

// Close ends what is compressed. Without it a client notices that it is not whole.
func (p *packer) Close() error {
	if p.gz == nil {
		return nil
	}
	return p.gz.Close()
}

// takesGzip reports whether a client takes gzip, by its header Accept-Encoding.
func takesGzip(accepted string) bool {
	any := false
	for part := range strings.SplitSeq(accepted, ",") {
		name, weight, _ := strings.Cut(part, ";")
		q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
		takes := err != nil || q > 0
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return takes
		case "*":
			any = takes
		}
	}
	return any
}
