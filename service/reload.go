package service

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"importarchive/config"
)

// reload applies the present settings file, or logs its problems and changes nothing.
func (s *Service) reload(ctx context.Context, text []byte, err error) {
	notifyReloading(s.log)
	status := ""
	switch {
	case err == nil && bytes.Equal(text, s.text):
		s.log.Info().Str("settings", s.opts.Path).Msg("reload: the settings are as they were")
	case err == nil:
		err = s.apply(ctx, text)
	}
	if err != nil {
		s.log.Error().Str("settings", s.opts.Path).Strs("problems", strings.Split(err.Error(), "\n")).
			Msg("reload: the settings are refused, and the old ones stay")
		status = "; the settings file as it is now is refused: see the log"
	}
	notifyReady(s.log, s.summary()+status)
}

// apply makes the settings of this text current. If it returns an error, it has
// changed nothing.
func (s *Service) apply(ctx context.Context, text []byte) error {
	old := s.cfg
	cfg, err := s.opts.Parse(text)
	if err != nil {
		return err
	}
	if err := s.mayServe(&cfg.Serve); err != nil {
		return err
	}
	if cfg.Archive.Path != old.Archive.Path {
		return errors.New("archive.path: another archive takes a restart, because this one is open")
	}
	log := s.opts.Log(cfg.Log)
	handler, err := s.handler(cfg, log)
	if err != nil {
		return err
	}
	open, err := s.pages.prepare(ctx, &cfg.Serve, log)
	if err != nil {
		return err
	}
	s.cfg, s.text, s.log = cfg, text, log
	open(handler)
	s.timetable.Set(s.tasks(s.notifier(cfg, log)))
	taken := s.log.Info().Str("settings", s.opts.Path).Int("clusters", len(cfg.Clusters)).
		Strs("new", namesBut(cfg, old)).Strs("gone", namesBut(old, cfg))
	if off := cfg.Off(); off != nil {
		taken = taken.Strs("off", off)
	}
	taken.Msg("reload: the settings are taken over")
	s.warnOfSharedLists()
	return nil
}

// namesBut returns the names of the clusters that one has and other lacks.
func namesBut(one, other *config.Config) []string {
	return slices.DeleteFunc(one.Names(), func(name string) bool { return slices.Contains(other.Names(), name) })
}
