package service

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	gosync "sync"
	"time"

	"github.com/rs/zerolog"

	"importarchive/check"
	"importarchive/config"
	"importarchive/db/sqlite"
	"importarchive/report"
	"importarchive/sync"
	"importarchive/timetable"
	"importarchive/web/metrics"
)

// Options are what a service gets from its surroundings.
type Options struct {
	Path   string                                    // of the settings file
	Text   []byte                                    // of the settings file, which Config was read from
	Config *config.Config                            // the settings at the start
	Parse  func(text []byte) (*config.Config, error) // reads the text of the settings file at a reload

	Now       func() time.Time
	Transport http.RoundTripper // nil: the network, as the settings say
	Log       func(config.Log) zerolog.Logger
	Hangups   <-chan os.Signal // each triggers a reload; nil: never
	Version   string           // of the program
	Title     string           // of the page about the whole archive
	Profiles  bool             // serve those of this process
}

// Service is the program while it runs in the background.
type Service struct {
	opts Options
	cfg  *config.Config // as of the last reload
	text []byte         // that cfg was read from
	log  zerolog.Logger // of cfg

	st        *sqlite.Archive
	store     *troubleStore // st, for the runs
	memories  sync.Memories
	traffic   *metrics.Traffic
	counts    *metrics.Tasks
	timetable *timetable.Timetable
	pages     pages
}

// New returns a service. It returns an error if the settings don't allow what the
// options want, such as profiles.
func New(opts Options) (*Service, error) {
	s := &Service{
		opts: opts, cfg: opts.Config, text: opts.Text, log: opts.Log(opts.Config.Log),
		traffic: metrics.NewTraffic(), counts: metrics.NewTasks(),
	}
	return s, s.mayServe(&opts.Config.Serve)
}

// Run opens the archive and serves until the context ends. Then runs and
// requests under way get some seconds to finish.
func (s *Service) Run(ctx context.Context) (err error) {
	path := s.cfg.Archive.Path
	release, err := sqlite.HoldService(ctx, path, s.opts.Now())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	s.st, err = sqlite.Open(ctx, path, sqlite.Options{Now: s.opts.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.st.Close()) }()
	if aside := s.st.SetAside(); aside != "" {
		s.log.Warn().Str("log", aside).Msg("the log beside the archive belonged to another file and was set aside")
	}
	s.store = &troubleStore{Store: s.st}
	ctx, stop := context.WithCancelCause(ctx)
	var watching gosync.WaitGroup
	log := s.log // a reload replaces the field
	watching.Go(func() { s.watchFile(ctx, log, stop) })
	defer watching.Wait()
	defer stop(nil)
	if err := s.serve(ctx); err != nil {
		return err
	}
	if lost := context.Cause(ctx); errors.Is(lost, sqlite.ErrLost) {
		return lost
	}
	return nil
}

// serve serves while the archive is open and locked.
func (s *Service) serve(ctx context.Context) error {
	handler, err := s.handler(s.cfg, s.log)
	if err != nil {
		return err
	}
	// The service listens before it syncs, because monitoring must reach it from the
	// start.
	open, err := s.pages.prepare(ctx, &s.cfg.Serve, s.log)
	if err != nil {
		return err
	}
	open(handler)
	s.timetable = timetable.New(ctx, s.opts.Now)
	notifier := s.notifier(s.cfg, s.log)
	notifier.Begin(ctx) // what comes into the archive from now on is news
	started := s.log.Info().Str("archive", s.cfg.Archive.Path).Int("clusters", len(s.cfg.Clusters)).Str("version", s.opts.Version)
	if off := s.cfg.Off(); off != nil {
		started = started.Strs("off", off)
	}
	started.Msg("started")
	s.warnOfSharedLists()
	notifyReady(s.log, s.summary())
	s.timetable.Set(s.tasks(notifier))
	s.timetable.Start()

	s.watch(ctx)

	notifyStopping(s.log, "closing the runs under way")
	s.timetable.Stop()
	s.pages.wait()
	s.log.Info().Msg("stopped")
	return nil
}

// summary is the service in one line, for systemd's status.
func (s *Service) summary() string {
	return fmt.Sprintf("syncing %s into %s", report.Counted(int64(len(s.cfg.On())), "cluster"), s.cfg.Archive.Path)
}

// warnOfSharedLists logs which clusters archive the same jobs.
func (s *Service) warnOfSharedLists() {
	for _, names := range s.cfg.SharedLists() {
		s.log.Warn().Strs("clusters", names).Msg("these clusters ask one service for one list: " + check.OnceForEach)
	}
}
