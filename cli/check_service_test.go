package cli

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// milvusServer answers each path in its own way, and records the requests. check
// queries several clusters at once.
type milvusServer struct {
	byPath map[string]answers // by the path's last two names

	mu    sync.Mutex
	asked []string
}

func (s *milvusServer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.asked = append(s.asked, r.URL.Path+" "+string(body))
	s.mu.Unlock()
	names := strings.Split(r.URL.Path, "/")
	a, ok := s.byPath[strings.Join(names[len(names)-2:], "/")]
	if !ok {
		a = answers{status: 404, body: "404 page not found"}
	}
	return a.RoundTrip(r)
}

func milvusSettings(t *testing.T, clusters ...string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "config.toml")
	text := "[archive]\npath = '" + filepath.Join(dir, "archive.db") + "'\n[sync]\nretry_for = '0s'\n"
	for _, cluster := range clusters {
		text += "[[clusters]]\napi = 'milvus-v2'\napi_key = 'archiver:secret'\n" + cluster + "\n"
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	lab           = "name = 'lab'\nbase_url = 'http://localhost:19530'\n"
	oneJob        = `{"code":0,"data":{"records":[{"collectionName":"users","jobId":"463000000000000041","state":"Importing"}]}}`
	howItIs       = `{"code":0,"data":{"jobId":"463000000000000041","state":"Importing","progress":40}}`
	milvusDenies  = `{"code":65535,"message":"rpc error: code = PermissionDenied desc = PrivilegeImport: permission deny to archiver"}`
	milvusForgets = `{"code":2100,"message":"importing data failed: import job does not exist, jobID=463000000000000041"}`
	cost          = "a run whose list lacks jobs is partial"
	grant         = `grant a role of this user the privilege Import on all collections (collection_name "*") of the database "default"`
)

func TestCheckAsksForOneJobThatItSawListed(t *testing.T) {
	for _, story := range []struct {
		name    string
		list    answers
		job     answers
		code    int
		want    []string
		unasked bool
	}{
		{
			"all is well",
			answers{status: 200, body: oneJob},
			answers{status: 200, body: howItIs},
			exitDone,
			[]string{"ok       details     lab: the service answers a query for one job\n"},
			false,
		},
		{
			"it was forgotten meanwhile",
			answers{status: 200, body: oneJob},
			answers{status: 200, body: milvusForgets},
			exitDone,
			[]string{"ok       details     lab: the service answers a query for one job: it has forgotten"},
			false,
		},
		{
			"only that is denied",
			answers{status: 200, body: oneJob},
			answers{status: 403, body: milvusDenies},
			exitAttention,
			[]string{"problem  details     lab: the key may list jobs, but not query a single one: auth: HTTP 403", grant, "before 2.6.7", cost},
			false,
		},
		{
			"there is no such call",
			answers{status: 200, body: oneJob},
			answers{status: 404, body: "404 page not found"},
			exitDone,
			[]string{"note     details     lab: the server has no call for a single job: not-found: HTTP 404", "absences can't be confirmed"},
			false,
		},
		{
			"the method is not allowed",
			answers{status: 200, body: oneJob},
			answers{status: 405, body: "no"},
			exitDone,
			[]string{"note     details     lab: the server has no call for a single job: not-found: HTTP 405"},
			false,
		},
		{
			"that alone is out of order",
			answers{status: 200, body: oneJob},
			answers{status: 200, body: `{"code":65535,"message":"rpc error: code = Unavailable desc = away"}`},
			exitAttention,
			[]string{"problem  details     lab: the service lists jobs, but does not answer a query for a single one: unavailable", cost},
			false,
		},
		{
			"no job is listed",
			answers{status: 200, body: `{"code":0,"data":{"records":[]}}`},
			answers{status: 500},
			exitDone,
			[]string{"0 problems found"},
			true,
		},
		{
			"the list is denied",
			answers{status: 403, body: milvusDenies},
			answers{status: 500},
			exitAttention,
			[]string{"problem  service     lab: http://localhost:19530: page 1: auth: HTTP 403", grant},
			true,
		},
		{
			"the password is wrong",
			answers{status: 401, body: `{"code":1800,"message":"user hasn't authenticated"}`},
			answers{status: 500},
			exitAttention,
			[]string{`put in "user:password" of a user of this server`},
			true,
		},
	} {
		t.Run(story.name, func(t *testing.T) {
			s := &milvusServer{byPath: map[string]answers{
				"import/list": story.list, "import/describe": story.job, "import/getProgress": story.job, "import/get_progress": story.job,
			}}
			outside{transport: s}.call(t, "--config", milvusSettings(t, lab), "check").wants(t, story.code, story.want...)
			for _, asked := range s.asked[1:] {
				if story.unasked || !strings.HasSuffix(asked, ` {"jobId":"463000000000000041"}`) {
					t.Errorf("asked %s", asked)
				}
			}
			if !story.unasked && len(s.asked) < 2 {
				t.Error("there was no query for a job")
			}
		})
	}
}

func TestCheckSaysWhatADenialOnZillizTakes(t *testing.T) {
	list := answers{status: 200, body: `{"code":200,"data":{"tasks":[{"jobId":"job-1","state":"ImportRunning"}]}}`}
	s := &milvusServer{byPath: map[string]answers{"import/list": list, "import/get": {status: 403, body: "no"}}}
	r := outside{transport: s}.call(t, "--config", settingsFor(t, twoClusters(t), "prod"), "check")
	r.wants(t, exitAttention, "prod: the key may list jobs, but not query a single one: auth: HTTP 403: no", "→ put in a key that may list this cluster's import jobs", cost)
	if strings.Contains(r.stdout, "Milvus") {
		t.Error(r.stdout)
	}
}

func TestCheckSearchesTheDatabaseOfTheSettings(t *testing.T) {
	jobs := map[string]answers{"import/list": {status: 200, body: oneJob}, "import/describe": {status: 200, body: howItIs}}
	for _, story := range []struct {
		name      string
		databases answers
		code      int
		want      string
	}{
		{"there", answers{status: 200, body: `{"code":0,"data":["default","music"]}`}, exitDone, `ok       database    lab: the server has "music"`},
		{
			"not there",
			answers{status: 200, body: `{"code":0,"data":["default","misic"]}`},
			exitAttention,
			`problem  database    lab: the server lists no database "music" for this user, only: default, misic`,
		},
		{
			"one of many that it is not",
			answers{status: 200, body: `{"code":0,"data":["a","b","c","d","e","f","g","h","i","j","k"]}`},
			exitAttention,
			`only: a, b, c, d, e, f, g, h, i, j, …`,
		},
		{"no other", answers{status: 200, body: `{"code":0,"data":[]}`}, exitAttention, "for this user, only: none"},
		{"denied", answers{status: 403, body: milvusDenies}, exitDone, `ok       database    lab: it is unknown whether the server has "music", because it doesn't list its databases for this user: auth`},
		{"no such call", answers{status: 404, body: "404 page not found"}, exitDone, `ok       database    lab: it is unknown whether the server has "music"`},
	} {
		t.Run(story.name, func(t *testing.T) {
			jobs["databases/list"] = story.databases
			r := outside{transport: &milvusServer{byPath: jobs}}.call(t, "--config", milvusSettings(t, lab+"database = 'music'"), "check")
			r.wants(t, story.code, story.want)
		})
	}
	s := &milvusServer{byPath: jobs}
	outside{transport: s}.call(t, "--config", milvusSettings(t, lab), "check").wants(t, exitDone)
	for _, asked := range s.asked {
		if strings.Contains(asked, "databases") {
			t.Errorf("asked %s though the settings have none", asked)
		}
	}
}

func TestCheckNotesClustersThatAreOneList(t *testing.T) {
	s := &milvusServer{byPath: map[string]answers{"import/list": {status: 200, body: oneJob}, "import/describe": {status: 200, body: howItIs}}}
	config := milvusSettings(t, lab, "name = 'other'\nbase_url = 'http://localhost:19531'\n", "name = 'music'\nbase_url = 'http://LOCALHOST:19530/'\n")
	r := outside{transport: s}.call(t, "--config", config, "check")
	r.wants(t, exitDone,
		"note     settings    lab, music read one list of one service\n", "database filters nothing",
		"note     settings    lab, other, music show the same jobs on their first pages\n", "a replica lists the same jobs too")
	config = milvusSettings(t, lab, "name = 'music'\nbase_url = 'http://localhost:19530'\n")
	if r := (outside{transport: s}).call(t, "--config", config, "check"); strings.Contains(r.stdout, "show the same jobs") {
		t.Errorf("told twice:\n%s", r.stdout)
	}
	s.byPath["import/list"] = answers{status: 200, body: `{"code":0,"data":{"records":[]}}`}
	config = milvusSettings(t, lab, "name = 'other'\nbase_url = 'http://localhost:19531'\n")
	if r := (outside{transport: s}).call(t, "--config", config, "check"); strings.Contains(r.stdout, "note     settings") {
		t.Errorf("two lists without jobs are not one:\n%s", r.stdout)
	}
}
