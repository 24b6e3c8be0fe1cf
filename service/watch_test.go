package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSettingsAreLoadedWhenTheFileHasSettled changes a file second by second, and
// checks when the service loads it. The service reads the file at every even second.
func TestSettingsAreLoadedWhenTheFileHasSettled(t *testing.T) {
	const missing = "missing"
	for _, row := range []struct {
		story string
		file  map[int]string // from this second on; "old" before
		hups  []int
		want  string
	}{
		{"nothing happens", nil, nil, ""},
		{"it changes", map[int]string{3: "new"}, nil, "6s new"},
		{"it is written slowly", map[int]string{3: "n", 5: "ne", 7: "new"}, nil, "10s new"},
		{"it is away for a moment", map[int]string{3: missing, 5: "new"}, nil, "8s new"},
		{"it is away for a moment and comes back the same", map[int]string{3: missing, 5: "old"}, nil, ""},
		{"it stays away, and comes back the same", map[int]string{3: missing, 21: "old"}, nil, "6s missing, 24s old"},
		{"it changes and changes back", map[int]string{3: "new", 5: "old"}, nil, ""},
		{"wrong ones are refused once", map[int]string{3: "wrong", 31: "new"}, nil, "6s wrong, 34s new"},
		{"a hangup does not wait", map[int]string{3: "new"}, []int{3}, "3s new"},
		{"a hangup loads what has not changed", nil, []int{5, 7}, "5s old, 7s old"},
		{"a hangup loads half a file, and the other half follows", map[int]string{3: "ne", 5: "new"}, []int{3}, "3s ne, 8s new"},
	} {
		t.Run(row.story, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, file := time.Now(), "old"
				second := func() int { return int(time.Since(began).Seconds()) }
				hangups := make(chan os.Signal, 1)
				var loaded []string
				w := settingsWatch{
					read: func() ([]byte, error) {
						for s := range second() + 1 {
							if now, ok := row.file[s]; ok {
								file = now
							}
						}
						if file == missing {
							return nil, errors.New(missing)
						}
						return []byte(file), nil
					},
					load: func(text []byte, err error) {
						if err != nil {
							text = []byte(err.Error())
						}
						loaded = append(loaded, fmt.Sprintf("%ds %s", second(), text))
					},
					hangups: hangups, tried: reading{text: "old"},
				}
				for _, s := range row.hups {
					time.AfterFunc(time.Duration(s)*time.Second, func() { hangups <- syscall.SIGHUP })
				}
				ctx, stop := context.WithTimeout(t.Context(), time.Minute+time.Second)
				defer stop()
				w.run(ctx)
				if diff := cmp.Diff(row.want, strings.Join(loaded, ", ")); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
