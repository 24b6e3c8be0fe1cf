package remote

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestRedirectsAreFollowedOnlyWithinTheService(t *testing.T) {
	hops := func(n int) service { // to page n+1 of the same listing and back to an answer
		return func(w http.ResponseWriter, r *http.Request) {
			i := strings.Count(r.URL.Path, "/again")
			if i < n {
				http.Redirect(w, r, "https://controller.example.test:443"+r.URL.Path+"/again", http.StatusTemporaryRedirect)
				return
			}
			if r.Header.Get("Authorization") != "Bearer "+testKey {
				t.Error("the key did not come along")
			}
			respond(w)
		}
	}
	to := func(url string) service {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Host != "controller.example.test" || r.URL.Scheme != "https" || len(r.URL.Port()) > 0 {
				t.Errorf("asked %s", r.URL)
			}
			http.Redirect(w, r, url, http.StatusFound)
		}
	}
	const refused = "page 1: protocol: redirect to %s refused: it leads to another address, which would get the key"
	for _, story := range []struct {
		name    string
		service service
		want    string
	}{
		{"three times", hops(3), ""},
		{"four times", hops(4), "page 1: protocol: more than 3 redirects"},
		{"another host", to("https://elsewhere.test/login?next=" + testKey), fmt.Sprintf(refused, "https://elsewhere.test")},
		{"a host below", to("https://a.controller.example.test/"), fmt.Sprintf(refused, "https://a.controller.example.test")},
		{"plain http", to("http://controller.example.test/"), fmt.Sprintf(refused, "http://controller.example.test")},
		{"plain http on the port of https", to("http://controller.example.test:443/"), fmt.Sprintf(refused, "http://controller.example.test:443")},
		{"another port", to("https://controller.example.test:8443/"), fmt.Sprintf(refused, "https://controller.example.test:8443")},
		{"a user", to("https://u:" + "pw@elsewhere.test/"), fmt.Sprintf(refused, "https://elsewhere.test")},
	} {
		t.Run(story.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				_, err := readAll(t.Context(), testClient(story.service))
				if errText(err) != story.want {
					t.Errorf("\n got %q\nwant %q", errText(err), story.want)
				}
			})
		})
	}
}
