package simulator

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"importarchive/sync/remote/simulator/fate"
)

// answer is an answer before its transport.
type answer struct {
	status int
	header http.Header
	body   []byte
	cut    bool          // only half of the body arrives
	drip   time.Duration // how long the body takes
	heard  func()        // called when all of it arrived; may be nil
}

func newAnswer(status int, kind string, body []byte) *answer {
	return &answer{status: status, header: http.Header{"Content-Type": {kind}}, body: body}
}

func jsonAnswer(status int, body []byte) *answer {
	return newAnswer(status, "application/json; charset=utf-8", body)
}

func plain(status int, body string) *answer {
	return newAnswer(status, "text/plain; charset=utf-8", []byte(body))
}

func (r refusal) answer() *answer {
	body, _ := json.Marshal(struct { // two plain fields always can be
		Code    int    `json:"code"`
		Message string `json:"message"`
	}{r.code, r.message})
	return jsonAnswer(r.status, body)
}

// answer returns the service's answer: a page of the list, or an error.
func (c *cluster) answer(q *question, hit *hit, w *World) *answer {
	if !c.admits(q) {
		return c.dialect.badKey.answer()
	}
	p := page{number: 1, size: 10, hit: hit}
	if !c.dialect.unpaged {
		if !number(q.size, c.dialect.smallest, 100, &p.size) {
			return c.dialect.badSize.answer()
		}
		if !number(q.page, 1, 1<<31-1, &p.number) {
			return c.dialect.badPage.answer()
		}
	}
	if a := c.shaped(hit); a != nil {
		return a
	}

	// The clock is read under the lock, because the living only go forward.
	c.mu.Lock()
	defer c.mu.Unlock()
	now := w.now().UnixMilli()
	p.listing = c.listing(q.number, w.still(now), &hit.lie)
	if !p.bounds() {
		return c.dialect.badPage.answer()
	}
	a := jsonAnswer(http.StatusOK, p.body())
	if !c.Unrecorded {
		if hit.shape == NullList {
			p.nullify()
		}
		a.heard = c.record(&p, now)
	}
	return a
}

// shaped returns the envelope that a fault changes; nil if it does not change it.
func (c *cluster) shaped(hit *hit) *answer {
	switch hit.shape {
	case EmptyObject:
		return jsonAnswer(http.StatusOK, []byte("{}"))
	case NoData:
		return jsonAnswer(http.StatusOK, c.open(nil, "}"))
	case NullData:
		return jsonAnswer(http.StatusOK, c.open(nil, `,"data":null}`))
	}
	return nil
}

// number reads a parameter into n, which keeps its value when there is none.
func number(text string, low, high int, n *int) bool {
	if text == "" || text == "null" {
		return true
	}
	var err error
	*n, err = strconv.Atoi(text)
	return err == nil && low <= *n && *n <= high
}

// page is a part of a listing on its way out.
type page struct {
	listing
	hit          *hit
	number, size int // of the request
	from, to     int
}

// bounds computes which jobs are on the page; false means that the service refuses the
// number.
func (p *page) bounds() bool {
	total := p.len()
	if p.dialect.unpaged {
		p.to = total
		return true
	}
	size := p.size
	for _, most := range [...]int{p.PageCap, p.hit.pageCap} {
		if most > 0 {
			size = min(size, most)
		}
	}
	number := p.number
	if p.hit.samePage {
		number = 1
	}
	first := (number-1)*size - p.hit.shift
	p.from = min(max(0, first), total)
	p.to = min(max(0, first+size), total)
	return !p.EndError || number == 1 || p.from < p.to
}

// open begins a successful envelope.
func (c *cluster) open(b []byte, rest string) []byte {
	b = append(b, `{"code":`...)
	b = strconv.AppendInt(b, int64(c.dialect.success), 10)
	return append(b, rest...)
}

// body spells the page without encoding/json, because benchmarks read millions of
// records, and the simulator must not dominate what they measure.
func (p *page) body() []byte {
	b := make([]byte, 0, 256+160*(p.to-p.from))
	b = p.open(b, `,"data":{`)
	switch {
	case p.dialect.unpaged:
		b = p.appendList(b)
	case p.dialect.listFirst:
		b = append(p.appendList(b), ',')
		b = p.appendNumbers(b)
	default:
		b = append(p.appendNumbers(b), ',')
		b = p.appendList(b)
	}
	return append(b, "}}"...)
}

func (p *page) appendNumbers(b []byte) []byte {
	if count := p.count(); count >= 0 {
		b = append(b, `"count":`...)
		b = strconv.AppendInt(b, int64(count), 10)
		b = append(b, ',')
	}
	b = append(b, `"currentPage":`...)
	b = strconv.AppendInt(b, int64(p.number), 10)
	b = append(b, `,"pageSize":`...)
	return strconv.AppendInt(b, int64(p.size), 10)
}

// count returns the page's count; -1 for none.
func (p *page) count() int {
	if p.dialect.unpaged {
		return -1
	}
	count := p.len() + p.hit.shift
	switch p.Count {
	case CountAbsent:
		return -1
	case CountPage:
		count = p.to - p.from
	case CountLags:
		count--
	}
	return max(0, count+p.hit.miscount)
}

// nullify makes of a page what it shows where its list is null in spite of
// jobs: none, and none behind it, as an empty page ends a list. A first page
// that counts some shows only that it is wrong.
func (p *page) nullify() {
	for i := p.from; i < p.len() && (p.number > 1 || p.count() <= 0); i++ {
		l := p.job(i)
		if listed, _ := l.Listed(p.now); listed {
			p.hidden = append(p.hidden, l)
		}
	}
	p.to = p.from
}

func (p *page) appendList(b []byte) []byte {
	b = append(b, '"')
	b = append(b, p.List...)
	if p.hit.shape == NullList || p.NullEmpty && p.from == p.to {
		return append(b, `":null`...)
	}
	b = append(b, `":[`...)
	for i := p.from; i < p.to; i++ {
		if i > p.from {
			b = append(b, ',')
		}
		l := p.job(i)
		b = p.appendJob(b, &l)
	}
	return append(b, ']')
}

// appendJob spells one record. Milvus leaves the reason out when there is none.
func (p *page) appendJob(b []byte, l *fate.Life) []byte {
	word, _ := p.words(l, p.at)
	progress, reason := l.Progress(p.at), l.Reason(p.at)
	if l.Ghost {
		word, progress = p.dialect.words[fate.Failed], 0
		reason = p.dialect.ghost + string(p.rules.AppendID(nil, l))
	}
	b = append(b, `{"collectionName":`...)
	b = append(b, p.quoted[l.Collection(p.at)]...)
	b = append(b, `,"jobId":"`...)
	if !p.isNameless(l) {
		b = p.rules.AppendID(b, l)
	}
	b = append(b, '"')
	if p.dialect.details {
		b = append(b, `,"progress":`...)
		b = strconv.AppendInt(b, int64(progress), 10)
		if reason != "" {
			b = append(b, `,"reason":`...)
			b = strconv.AppendQuote(b, reason)
		}
	}
	b = append(b, `,"state":"`...)
	b = append(b, word...)
	return append(b, `"}`...)
}
