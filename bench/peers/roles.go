package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	_ "modernc.org/sqlite" // what the naive peer stores in
)

// answer is a page as encoding/json reads it.
type answer struct {
	Data struct {
		Tasks []struct{ CollectionName, JobID, State string }
	}
}

// pages fetches a list over so many connections and hands each page's body to
// f, one after the other: args are the service, how many pages there are, how
// many connections to use.
func pages(args []string, f func(body io.Reader) error) error {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	connections, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	numbers, errs := make(chan int), make(chan error, connections)
	var one sync.Mutex
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for page := range numbers {
				if err := get(client, args[0], page, &one, f); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	for page := 1; page <= n; page++ {
		select {
		case numbers <- page:
		case err := <-errs:
			return err
		}
	}
	close(numbers)
	all.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

func get(client *http.Client, base string, page int, one *sync.Mutex, f func(io.Reader) error) error {
	resp, err := client.Get(fmt.Sprintf("%s/v1/vector/collections/import/list?clusterId=%s&pageSize=100&currentPage=%d", base, clusterID(0), page))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if one != nil {
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		one.Lock()
		defer one.Unlock()
		return f(newReader(body))
	}
	return f(resp.Body)
}

// fetch is the limit: bodies read and dropped.
func fetch(args []string) error {
	return pages(args, func(body io.Reader) error {
		_, err := io.Copy(io.Discard, body)
		return err
	})
}

// decode is the limit of a program that decodes with encoding/json.
func decode(args []string) error {
	return pages(args, func(body io.Reader) error {
		var a answer
		return json.NewDecoder(body).Decode(&a)
	})
}

// naive is what one writes in an afternoon: page by page, every job upserted
// with when it was last seen. It keeps no history and notices no absence.
func naive(args []string) error {
	file, err := sql.Open("sqlite", args[3]+"?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)")
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Exec(`CREATE TABLE IF NOT EXISTS jobs (job_id TEXT PRIMARY KEY, collection TEXT, state TEXT, first_seen TEXT, last_seen TEXT)`); err != nil {
		return err
	}
	return pages(args, func(body io.Reader) error {
		var a answer
		if err := json.NewDecoder(body).Decode(&a); err != nil {
			return err
		}
		tx, err := file.Begin()
		if err != nil {
			return err
		}
		now := time.Now().UTC().Format(time.DateTime)
		for _, t := range a.Data.Tasks {
			_, err := tx.Exec(`INSERT INTO jobs VALUES (?, ?, ?, ?4, ?4)
				ON CONFLICT (job_id) DO UPDATE SET collection = excluded.collection, state = excluded.state, last_seen = excluded.last_seen`,
				t.JobID, t.CollectionName, t.State, now)
			if err != nil {
				return err
			}
		}
		return tx.Commit()
	})
}
