package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/rs/zerolog"

	"importarchive/check"
	"importarchive/config"
	"importarchive/db"
	"importarchive/report"
	"importarchive/sync"
	"importarchive/web/metrics"
)

// service is the program while it runs in the background.
type service struct {
	*program
	path string // of the settings file
	text string // what that said when it was last taken over

	profiles bool // are served
	taken    atomic.Pointer[config.Config]

	st        *db.SQLite
	kept      *keptStore
	traffic   *metrics.Traffic // of all clients, also of those before a reload
	counts    *metrics.Tasks
	engine    *sync.Engine
	beside    *company
	telling   bool // somebody has begun to tell people
	lines     *logSwitch
	log       zerolog.Logger
	supervise *supervisor
}

// present is the settings as they are now, for what looks at them at each use
// and so outlives a reload. It is not to be altered.
func (s *service) present() *config.Config { return s.taken.Load() }

// serve runs until the context ends. The archive is open and held.
func (s *service) serve(ctx context.Context) error {
	cfg := s.present()
	s.beside, s.kept, s.traffic = newCompany(ctx), &keptStore{Store: s.st}, metrics.NewTraffic()
	s.counts = metrics.NewTasks()
	start, err := s.beside.prepare(s.companions(cfg), func(*companion) bool { return false })
	if err != nil {
		return err
	}
	s.engine = s.program.engine(cfg, s.kept, s.traffic, s.log)
	s.engine.Alive, s.engine.AliveEvery = s.supervise.beat()
	start()
	stopping := context.AfterFunc(ctx, func() { s.supervise.stopping("closing the runs under way") })
	defer stopping()

	watch := settingsWatch{
		read: func() ([]byte, error) { return config.ReadFile(s.path) }, load: s.reload,
		tried: reading{text: s.text},
	}
	if s.Hangups != nil {
		watch.hangups = s.Hangups()
	}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watch.run(ctx)
	}()
	s.log.Info().Str("archive", cfg.Archive.Path).Int("clusters", len(cfg.Clusters)).Str("version", version()).Msg("started")
	s.warnOfSameLists(cfg)
	s.supervise.ready(s.summary())
	s.engine.Run(ctx, cfg.Sync.OnStart)
	<-watched
	s.beside.wait()
	s.log.Info().Msg("stopped")
	return nil
}

// summary is the service in one line, for whoever supervises it.
func (s *service) summary() string {
	cfg := s.present()
	return fmt.Sprintf("syncing %s into %s", report.Counted(int64(len(cfg.Clusters)), "cluster"), cfg.Archive.Path)
}

// reload takes over what the settings file says now, or else leaves everything
// as it is and says why.
func (s *service) reload(text []byte, err error) {
	s.supervise.reloading()
	if err == nil && string(text) == s.text {
		s.log.Info().Str("settings", s.path).Msg("reload: the settings are as they were")
		s.supervise.ready(s.summary())
		return
	}
	if err == nil {
		err = s.takeOver(text)
	}
	if err != nil {
		s.log.Error().Str("settings", s.path).Strs("problems", strings.Split(err.Error(), "\n")).
			Msg("reload: the settings are refused, and the old ones stay")
		s.supervise.ready(s.summary() + "; the settings file as it is now is refused: see the log")
		return
	}
	s.supervise.ready(s.summary())
}

// takeOver changes nothing before it is sure to change everything.
func (s *service) takeOver(text []byte) error {
	old := s.present()
	cfg, err := config.Parse(s.path, text, s.LookupEnv)
	if err != nil {
		return err
	}
	if err := s.overlayLog(&cfg.Log); err != nil {
		return err
	}
	if err := s.mayServe(&cfg.Serve); err != nil {
		return err
	}
	if cfg.Archive.Path != old.Archive.Path {
		return errors.New("archive.path: another archive takes a restart, because this one is open")
	}
	change, err := s.beside.prepare(s.companions(cfg), func(c *companion) bool {
		return len(c.reads) > 0 && !cfg.Changed(old, c.reads)
	})
	if err != nil {
		return err
	}
	s.text = string(text)
	s.taken.Store(cfg)
	s.lines.set(s.program, cfg.Log)
	s.engine.Replace(s.clusters(cfg, s.traffic), cfg.Sync.Parallel, cfg.Sync.OnStart)
	change()
	s.log.Info().Str("settings", s.path).Int("clusters", len(cfg.Clusters)).
		Strs("new", namesBut(cfg, old)).Strs("gone", namesBut(old, cfg)).Msg("reload: the settings are taken over")
	s.warnOfSameLists(cfg)
	return nil
}

// warnOfSameLists logs which clusters archive the same jobs.
func (s *service) warnOfSameLists(cfg *config.Config) {
	for _, names := range cfg.SharedLists() {
		s.log.Warn().Strs("clusters", names).Msg("these clusters ask one service for one list: " + check.OnceForEach)
	}
}

// namesBut are the clusters of one that the other lacks.
func namesBut(one, other *config.Config) []string {
	names := []string{}
	for i := range one.Clusters {
		name := one.Clusters[i].Name
		if !slices.ContainsFunc(other.Clusters, func(cl config.Cluster) bool { return cl.Name == name }) {
			names = append(names, name)
		}
	}
	return names
}
