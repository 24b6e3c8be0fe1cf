package answer

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// repeated gives a beginning, and then the same text for ever.
type repeated struct {
	begin, text string
	read        int
}

func (r *repeated) Read(b []byte) (n int, err error) {
	for n < len(b) {
		if r.read < len(r.begin) {
			b[n] = r.begin[r.read]
		} else {
			b[n] = r.text[(r.read-len(r.begin))%len(r.text)]
		}
		n, r.read = n+1, r.read+1
	}
	return n, nil
}

// TestAnAnswerBeyondItsBoundsIsNotReadOn gives answers without an end. Each must be
// refused before more of it is read than its bounds allow.
func TestAnAnswerBeyondItsBoundsIsNotReadOn(t *testing.T) {
	bounds := Bounds{Bytes: 4 << 20, Records: 1000, Why: ", ten times the 100 that were asked for"}
	const list = `{"code":0,"data":{"records":[`
	for name, story := range map[string]struct {
		begin, text, want string
		most              int
	}{
		"numbers":        {list, "0,", "more than 1000 records, ten times the 100", 64 << 10},
		"objects":        {list, `{"jobId":"a]","x":[1,2,{"y":"\"}]"}]},`, "more than 1000 records, ten times the 100", 2 << 20},
		"two lists":      {list + strings.Repeat("1,", 600) + `1],"tasks":[`, "1, ", "more than 1000 records", 64 << 10},
		"one text":       {list + `{"jobId":"`, "x", "a record or a text in it has more than 1048576 bytes", 4 << 20},
		"one message":    {`{"code":1,"message":"`, `\"`, "a record or a text in it has more than 1048576 bytes", 4 << 20},
		"one number":     {`{"code":`, "1", "a record or a text in it has more than 1048576 bytes", 4 << 20},
		"one record":     {list + `{"jobId":1,"x":[`, "[],", "a record or a text in it has more than 1048576 bytes", 4 << 20},
		"nesting":        {list, `[`, "a record or a text in it has more than 1048576 bytes", 4 << 20},
		"another member": {`{"code":0,"data":{"x":{"y":1`, `,"y":1`, "more than 4194304 bytes", 8 << 20},
		"no JSON":        {"", "<p> ", "more than 4194304 bytes", 8 << 20},
	} {
		from := &repeated{begin: story.begin, text: story.text}
		body, err := bounds.Read(from)
		if !errors.Is(err, ErrTooMuch) || !strings.Contains(err.Error(), story.want) {
			t.Errorf("%s: %v", name, err)
		}
		if from.read > story.most || len(body) > story.most {
			t.Errorf("%s: %d bytes were read, %d kept", name, from.read, len(body))
		}
	}
}

func TestAnAnswerWithinItsBoundsIsReadWhole(t *testing.T) {
	for _, size := range []int{0, 1, 32 << 10, 1 << 20, 3<<20 + 5} {
		sent := strings.Repeat("0123456789abcde ", size/16+1)[:size]
		got, err := Bounds{Bytes: int64(size), Records: 1}.Read(io.MultiReader(strings.NewReader(sent), strings.NewReader("")))
		if err != nil || string(got) != sent {
			t.Errorf("%d bytes: %d and %v", size, len(got), err)
		}
	}
	list := `{"code":0,"data":{"records":[` + strings.Repeat("0,", 999) + `0]}}`
	if got, err := (Bounds{Bytes: 1 << 20, Records: 1000}).Read(strings.NewReader(list)); err != nil || string(got) != list {
		t.Errorf("exactly as many records as may be: %v", err)
	}
}

// TestALongListComesInPieces reads one answer with more records than a piece has.
func TestALongListComesInPieces(t *testing.T) {
	record := `{"jobId":"j","state":"Completed"},0,`
	for _, story := range []struct {
		records int // twice as many
		count   string
		pieces  []int
		last    int64 // the count of the last piece
	}{
		{0, "0", []int{0}, 0},
		{2_500, "7", []int{5_000}, 7},
		{2_501, "5002", []int{5_000, 2}, -1},
		{6_000, "13000", []int{5_000, 5_000, 2_000}, 13_000},
	} {
		body := `{"code":0,"data":{"count":` + story.count + `,"records":[` + strings.TrimSuffix(strings.Repeat(record, story.records), ",") + `]}}`
		env, err := Open([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		l, err := env.Listing(1)
		if err != nil {
			t.Fatal(err)
		}
		all := []Listing{l}
		if l.Rest != nil {
			for piece := range l.Rest {
				all = append(all, piece)
			}
		}
		var jobs, rejects int
		for i, piece := range all {
			if piece.Records() != story.pieces[i] {
				t.Errorf("piece %d of %d records has %d", i, 2*story.records, piece.Records())
			}
			if i < len(all)-1 && piece.Count != -1 {
				t.Errorf("piece %d has count %d", i, piece.Count)
			}
			jobs, rejects = jobs+len(piece.Jobs), rejects+len(piece.Rejects)
		}
		if len(all) != len(story.pieces) || jobs != story.records || rejects != story.records || all[len(all)-1].Count != story.last {
			t.Errorf("%d pieces with %d jobs and %d rejects, count %d: want %+v", len(all), jobs, rejects, all[len(all)-1].Count, story)
		}
	}
}
