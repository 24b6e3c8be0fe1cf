package remote

import "testing"

// TestOnlyAMessageAboutTheQueriedJobMeansForgotten, as "lost" hangs on them.
func TestOnlyAMessageAboutTheQueriedJobMeansForgotten(t *testing.T) {
	for message, want := range map[string]bool{
		"import job does not exist, jobID=1001: importing data failed on server side": true, // 2.6
		"importing data failed: import job does not exist, jobID=1001":                true, // 2.5
		"import job does not exist":               true,  // of which, it does not say
		"import job does not exist, jobID=10011":  false, // another job
		"import job does not exist, jobID=999999": false,
		"import job does not exist, jobID=1001-b": false,
		"collection job_stats does not exist":     false,
		"database jobs does not exist":            false,
	} {
		for _, code := range []int64{2100, 2101} {
			if got := milvusForgotten(code, message, "1001"); got != want {
				t.Errorf("code %d, %q: forgotten %v", code, message, got)
			}
		}
		if milvusForgotten(65535, message, "1001") {
			t.Errorf("code 65535, %q: forgotten", message)
		}
	}
	if !zillizForgotten(90144, "in whatever language", "job-1") || !zillizForgotten(2101, "import job does not exist, jobID=job-1", "job-1") {
		t.Error("a code for it is not believed")
	}
}
