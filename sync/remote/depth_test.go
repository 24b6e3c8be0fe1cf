package remote

import (
	"net/http"
	"strings"
	"testing"
)

// One field that nests beyond what SQLite reads as JSON must not cost its
// record, nor the others of its page.
func TestAFieldNestedBeyondReasonIsKeptAsText(t *testing.T) {
	deep := strings.Repeat("[", 1500) + strings.Repeat("]", 1500)
	d, _ := DialectNamed("zilliz-v1")
	l, err := d.read(1, http.StatusOK, []byte(`{"code":200,"data":{"tasks":[{"jobId":"a","odd":`+deep+`},{"jobId":"b","odd":[[["]\"["]]]}]}}`))
	if err != nil || len(l.Jobs) != 2 {
		t.Fatal(l, err)
	}
	if want := `{"odd":"` + deep + `"}`; l.Jobs[0].Extra != want {
		t.Errorf("extra is %.60s…", l.Jobs[0].Extra)
	}
	if want := `{"odd":[[["]\"["]]]}`; l.Jobs[1].Extra != want {
		t.Errorf("extra is %s", l.Jobs[1].Extra)
	}
}
