-- Notices
-- What was told to the webhook of the settings, or is to be told: one row each, kept for 30 days.
--
-- id               integer   the notice's number; it grows, and receivers know the notice by it
-- kind             text      failed, lost, found, stale, recovered or retention
-- cluster          text      the cluster
-- at               time      when it was noticed
-- transition_id    integer?  of failed, lost and found: the transition that it tells of
-- job_id           text?     of failed, lost and found: the job
-- collection       text?     of failed, lost and found: the job's collection
-- facts            text      what is told, JSON
-- attempts         integer   how often it was sent, or meant to be
-- next_attempt_at  time?     it is not sent before this; NULL: it is done with
-- sent_at          time?     when it was taken
-- given_up_at      time?     when it was given up: it was never taken, as far as we know
-- error            text?     what went wrong with the newest attempt

SELECT id, kind, cluster, at, transition_id, job_id, collection, facts, attempts, next_attempt_at, sent_at, given_up_at, error
FROM notices
ORDER BY id;
