-- Notices
-- What the service sends to the webhook of the settings: one row each, kept for 30 days after it was sent or given up.
--
-- id               integer   the notice's number; it grows, and receivers know the notice by it
-- kind             text      failed, lost, found, stale, recovered, retention or clock
-- cluster          text      the cluster
-- noticed_at       time      when the service noticed it
-- transition_id    integer?  of failed, lost and found: the transition that it is about
-- job_id           text?     of failed, lost and found: the job
-- collection       text?     of failed, lost and found: the job's collection
-- facts            text      the content of the notice, as JSON
-- attempts         integer   how many attempts to send it were begun
-- next_attempt_at  time?     it is not sent before this; NULL: it was sent or given up
-- sent_at          time?     when the webhook accepted it
-- given_up_at      time?     when the service gave it up; as far as the service knows, it never arrived
-- error            text?     what went wrong in the newest attempt

SELECT id, kind, cluster, noticed_at, transition_id, job_id, collection, facts, attempts, next_attempt_at, sent_at, given_up_at, error
FROM notices
ORDER BY id;
