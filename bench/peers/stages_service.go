package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func (b *bench) prepareStart(context.Context) error {
	if err := b.becomes(world{Jobs: 100}); err != nil {
		return err
	}
	return b.settings(1, "")
}

// startRound takes the time from starting a process to its first request.
func (b *bench) startRound(ctx context.Context) error {
	if err := b.becomes(b.world); err != nil {
		return err
	}
	began := time.Now()
	if _, err := run(ctx, b.folder, b.binary, "--config", "bench.toml", "--log-level", "error", "sync"); err != nil {
		return err
	}
	first, err := b.service.first()
	if err != nil {
		return err
	}
	b.took["start"] = append(b.took["start"], taken{seconds: first.Sub(began).Seconds()})
	return nil
}

func (b *bench) prepareMemory(context.Context) error {
	if err := b.becomes(world{Jobs: b.peerJobs}); err != nil {
		return err
	}
	return b.settings(1, "quick = false\nschedule = \"@every 1s\"")
}

// settled is after how many syncs the use of memory counts as stable.
const settled = 10

// memoryRound takes the memory of a service after some unchanged syncs and
// after many more.
func (b *bench) memoryRound(ctx context.Context) error {
	d, err := startDaemon(ctx, b.folder, b.binary)
	if err != nil {
		return err
	}
	for n := range settled + b.syncs {
		if _, err := d.next(); err != nil {
			return errors.Join(err, d.stop())
		}
		switch n + 1 {
		case settled:
			b.took["memory before"] = append(b.took["memory before"], taken{rss: d.rss()})
		case settled + b.syncs:
			b.took["memory after"] = append(b.took["memory after"], taken{rss: d.rss()})
		}
	}
	return d.stop()
}

func (b *bench) prepareQuick(context.Context) error {
	if err := b.becomes(world{Jobs: b.peerJobs, Open: 5}); err != nil {
		return err
	}
	return b.settings(1, "complete_every = \"1m\"\nschedule = \"@every 1s\"")
}

// patience is how many runs it may take until some are quick.
const patience = 200

// quickRound has a job appear in each listing until the service is believed to
// list newest first, then three, and takes the requests that finding them took.
func (b *bench) quickRound(ctx context.Context) error {
	d, err := startDaemon(ctx, b.folder, b.binary)
	if err != nil {
		return err
	}
	for n, quick := 0, 0; quick < 1+b.rounds; n++ {
		s, err := d.next()
		if err == nil && n == patience {
			err = fmt.Errorf("of %d runs only %d were quick", n, quick)
		}
		if err != nil {
			return errors.Join(err, d.stop())
		}
		born := 1
		if s.Outcome == "quick" {
			if quick > 0 { // the first found one
				b.took["quick"] = append(b.took["quick"], taken{seconds: s.Seconds, requests: s.Requests})
			}
			quick++
			born = 3
		}
		if err := b.becomes(world{Jobs: b.world.Jobs + born, Open: 5}); err != nil {
			return errors.Join(err, d.stop())
		}
	}
	return d.stop()
}
