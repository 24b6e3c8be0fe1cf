-- What version 5 left behind: what version 4 did, and a third cluster with a job of
-- which it is told what it loaded.
-- Never edited: archives in the field hold rows like these.

INSERT INTO archive_texts (id, text) VALUES
    (1, 'films'),
    (2, 'ImportPending'),
    (3, 'ImportRunning'),
    (4, 'ImportCompleted'),
    (5, 'ImportFailed'),
    (6, 'books'),
    (7, 'ImportDreaming'),
    (8, 'ImportCancel');

INSERT INTO archive_clusters (id, name, api, cluster_id, base_url, generation, next_seq, newest_ms, first_run_ms, last_run_ms, last_outcome, failures, complete_started_ms, complete_finished_ms, complete_expected_s, total_runs_complete, total_runs_partial, total_runs_failed, total_runs_interrupted, total_pages, total_requests, total_retries, total_appeared, total_moved, total_renamed, total_gone, total_returned, total_rejects, total_gaps, total_gaps_ms) VALUES
    (1, 'a', 'zilliz-v1', 'in01-a', 'https://example.invalid', 12, 6, 1777642560100, 1777636800000, 1777642560100, 'interrupted', 1, 1777642200100, 1777642200200, 300.0, 7, 1, 1, 1, 8, 8, 0, 5, 3, 1, 3, 1, 1, 1, 3900000),
    (2, 'b', 'milvus-v2', NULL, 'https://example.invalid', 3, 3, 1777642800000, 1777636800000, 1777637100000, 'interrupted', 0, 1777636800000, 1777636800100, 300.0, 1, 0, 0, 1, 1, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0),
    (3, 'c', 'zilliz-v1', 'in01-c', 'https://example.invalid', 5, 2, 1777644900100, 1777644000000, 1777644600000, 'complete', 0, 1777644600000, 1777644600100, 300.0, 3, 0, 0, 0, 3, 3, 0, 1, 1, 0, 0, 0, 0, 0, 0);

INSERT INTO archive_runs (id, cluster, trigger, started_ms, finished_ms, outcome, pages, requests, retries, listed, appeared, moved, gone, returned, rejected, error_kind, error, expected_s, pruned_appeared, pruned_moved, pruned_gone, pruned_returned, described, describe_failed) VALUES
    (1, 1, 'schedule', 1777636800000, 1777636800100, 'complete', 1, 1, 0, 3, 3, 0, 0, 0, 0, NULL, NULL, 300.0, 1, 0, 0, 0, 0, 0),
    (2, 1, 'schedule', 1777637100000, 1777637100100, 'complete', 1, 1, 0, 4, 1, 2, 0, 0, 0, NULL, NULL, 300.0, 0, 0, 0, 0, 0, 0),
    (4, 1, 'schedule', 1777637700000, 1777637700100, 'complete', 1, 1, 0, 2, 0, 0, 1, 0, 0, NULL, NULL, 300.0, 0, 0, 1, 0, 0, 0),
    (5, 1, 'schedule', 1777638000000, 1777638000100, 'complete', 1, 1, 0, 1, 0, 0, 1, 0, 0, NULL, NULL, 300.0, 0, 0, 0, 0, 0, 0),
    (6, 1, 'schedule', 1777638300000, 1777638300100, 'complete', 1, 1, 0, 2, 0, 0, 1, 1, 0, NULL, NULL, 300.0, 0, 0, 0, 0, 0, 0),
    (7, 1, 'schedule', 1777638600000, 1777638600100, 'partial', 1, 1, 0, 2, 1, 0, 0, 0, 1, NULL, NULL, 300.0, 0, 0, 0, 0, 0, 0),
    (8, 1, 'schedule', 1777642200100, 1777642200200, 'complete', 1, 1, 0, 2, 0, 1, 0, 0, 0, NULL, NULL, 300.0, 0, 0, 0, 0, 2, 1),
    (9, 1, 'schedule', 1777642500100, 1777642500100, 'failed', 0, 0, 0, 0, 0, 0, 0, 0, 0, 'unavailable', 'the service answered 503', 300.0, 0, 0, 0, 0, 0, 0),
    (10, 1, 'schedule', 1777642560100, 1777642560100, 'interrupted', 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 300.0, 0, 0, 0, 0, 0, 0),
    (11, 2, 'schedule', 1777636800000, 1777636800100, 'complete', 1, 1, 0, 1, 1, 0, 0, 0, 0, NULL, NULL, 300.0, 0, 0, 0, 0, 0, 0),
    (12, 2, 'schedule', 1777637100000, 1777642800000, 'interrupted', NULL, NULL, NULL, NULL, 1, 0, 0, 0, 0, NULL, NULL, 300.0, 0, 0, 0, 0, 0, 0),
    (13, 3, 'schedule', 1777644000000, 1777644000100, 'complete', 1, 1, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 300.0, 0, 0, 0, 0, 0, 0),
    (14, 3, 'schedule', 1777644300000, 1777644300100, 'complete', 1, 1, 0, 1, 1, 0, 0, 0, 0, NULL, NULL, 300.0, 0, 0, 0, 0, 0, 0),
    (15, 3, 'schedule', 1777644600000, 1777644600100, 'complete', 1, 1, 0, 1, 0, 1, 0, 0, 0, NULL, NULL, 300.0, 0, 0, 0, 0, 1, 0);

INSERT INTO archive_prunes (id, at_ms, cluster, what, older_than_ms, listed_until_ms, jobs, transitions, runs, file) VALUES
    (1, 1777642800000, 1, 'runs', 1777640400100, NULL, 0, 0, 1, NULL),
    (2, 1777642800000, 1, 'completed', 1777642199100, 1777637700100, 1, 3, 0, NULL);

INSERT INTO archive_jobs (cluster, seq, job_id, collection, state, raw_state, progress, reason, extra, appeared_after_ms, first_seen_ms, state_after_ms, state_seen_ms, asked_ms, seen_ms, misses, gone_ms, prune, settled, told_ms) VALUES
    (1, 1, 'a', 1, 'running', 3, NULL, NULL, NULL, NULL, 1777636800100, 1777636800000, 1777637100100, 1777637700000, 1777637700100, 2, 1777638300100, NULL, 0, NULL),
    (1, 2, 'b', 1, 'failed', 5, 50, 'row 7 has no vector', '{"fileSize":4096}', NULL, 1777636800100, 1777636800000, 1777637100100, 1777637100000, 1777637100100, 0, NULL, NULL, 1, 1777642200400),
    (1, 4, 'd', 1, 'unknown', 7, NULL, NULL, NULL, 1777636800000, 1777637100100, 1777636800000, 1777637100100, 1777638300000, 1777638300100, 1, NULL, NULL, 0, NULL),
    (1, 5, 'e', 1, 'cancelled', 8, NULL, NULL, NULL, 1777638300000, 1777638600100, 1777638600000, 1777642200200, 1777642200100, 1777642200200, 0, NULL, NULL, 1, NULL),
    (2, 1, 'a', 1, 'running', 3, NULL, NULL, NULL, NULL, 1777636800100, NULL, 1777636800100, 1777636800000, 1777636800100, 0, NULL, NULL, 0, NULL),
    (2, 2, 'f', 1, 'running', 3, NULL, NULL, NULL, 1777636800000, 1777637100100, 1777636800000, 1777637100100, 1777637100000, 1777637100100, 0, NULL, NULL, 0, NULL),
    (3, 1, 'x', 1, 'completed', 4, NULL, NULL, NULL, 1777644000000, 1777644300100, 1777644300000, 1777644600100, 1777644600000, 1777644600100, 0, NULL, NULL, 1, 1777644900100);

INSERT INTO archive_details (cluster, seq, asked_ms, told_ms, raw_state, progress, progress_raw, reason, file_name, file_size, total_rows, imported_rows, created_ms, completed_ms, extra) VALUES
    (1, 2, 1777642200300, 1777642200400, 5, 50, '50.0', 'row 7 has no vector', 'films.parquet', 4096, 7, 6, 1777636790000, 1777637000000, '{"jobType":"import"}'),
    (3, 1, 1777644900000, 1777644900100, 4, NULL, NULL, NULL, NULL, 4096, NULL, 7, NULL, NULL, NULL);

INSERT INTO archive_files (cluster, seq, n, name, size, total_rows, imported_rows, raw_state, progress, progress_raw, reason, completed_ms, extra) VALUES
    (1, 2, 1, 'films.parquet', 4096, 7, 6, 5, 50, '50.0', 'row 7 has no vector', NULL, NULL),
    (1, 2, 2, 'more.parquet', NULL, NULL, NULL, 2, NULL, '-1', NULL, NULL, '{"kind":"parquet"}');

INSERT INTO archive_pruned (cluster, seq, job_id, collection, state, raw_state, appeared_after_ms, first_seen_ms, state_after_ms, state_seen_ms, asked_ms, seen_ms, misses, gone_ms, prune) VALUES
    (1, 3, 'c', 6, 'completed', 4, NULL, 1777636800100, NULL, 1777636800100, 1777637100000, 1777637100100, 2, 1777637700100, 2);

INSERT INTO archive_transitions (id, run, cluster, seq, collection, kind, from_state, to_state, from_raw_state, to_raw_state, not_before_ms, observed_ms) VALUES
    (1, 1, 1, 1, 1, 'appeared', NULL, 'pending', NULL, 2, NULL, 1777636800100),
    (2, 1, 1, 2, 1, 'appeared', NULL, 'running', NULL, 3, NULL, 1777636800100),
    (4, 2, 1, 1, 1, 'moved', 'pending', 'running', 2, 3, 1777636800000, 1777637100100),
    (5, 2, 1, 2, 1, 'moved', 'running', 'failed', 3, 5, 1777636800000, 1777637100100),
    (7, 2, 1, 4, 1, 'appeared', NULL, 'unknown', NULL, 7, 1777636800000, 1777637100100),
    (9, 5, 1, 4, 1, 'gone', 'unknown', NULL, 7, NULL, 1777637400000, 1777638000100),
    (10, 6, 1, 4, 1, 'returned', NULL, 'unknown', NULL, 7, 1777638000000, 1777638300100),
    (11, 6, 1, 1, 1, 'gone', 'running', NULL, 3, NULL, 1777637700000, 1777638300100),
    (12, 7, 1, 5, 1, 'appeared', NULL, 'pending', NULL, 2, 1777638300000, 1777638600100),
    (13, 8, 1, 5, 1, 'moved', 'pending', 'cancelled', 2, 8, 1777638600000, 1777642200200),
    (14, 11, 2, 1, 1, 'appeared', NULL, 'running', NULL, 3, NULL, 1777636800100),
    (15, 12, 2, 2, 1, 'appeared', NULL, 'running', NULL, 3, 1777636800000, 1777637100100),
    (16, 14, 3, 1, 1, 'appeared', NULL, 'running', NULL, 3, 1777644000000, 1777644300100),
    (17, 15, 3, 1, 1, 'moved', 'running', 'completed', 3, 4, 1777644300000, 1777644600100);

INSERT INTO archive_tally (cluster, state, gone, jobs) VALUES
    (1, 'cancelled', 0, 1),
    (1, 'completed', 0, 0),
    (1, 'completed', 1, 1),
    (1, 'failed', 0, 1),
    (1, 'pending', 0, 0),
    (1, 'running', 0, 0),
    (1, 'running', 1, 1),
    (1, 'unknown', 0, 1),
    (1, 'unknown', 1, 0),
    (2, 'running', 0, 2),
    (3, 'completed', 0, 1),
    (3, 'running', 0, 0);

INSERT INTO archive_gaps (id, cluster, started_ms, ended_ms, expected_s) VALUES
    (1, 1, 1777638300100, 1777642200100, 300.0);

INSERT INTO archive_rejects (id, run, cluster, at_ms, reason, raw, nth) VALUES
    (1, 7, 1, 1777638600100, 'no id', '{"jobId":""}', 1);

INSERT INTO archive_days (day, cluster, collection, appeared, completed, failed, cancelled, lost) VALUES
    ('2026-05-01', 1, 1, 4, 0, 1, 1, 1),
    ('2026-05-01', 1, 6, 1, 1, 0, 0, 0),
    ('2026-05-01', 2, 1, 2, 0, 0, 0, 0),
    ('2026-05-01', 3, 1, 1, 1, 0, 0, 0);

INSERT INTO archive_collections (cluster, collection, open, completed, failed, cancelled, lost, active_ms) VALUES
    (1, 1, 1, 0, 1, 1, 1, 1777642200200),
    (1, 6, 0, 1, 0, 0, 0, 1777637700100),
    (2, 1, 2, 0, 0, 0, 0, 1777637100100),
    (3, 1, 0, 1, 0, 0, 0, 1777644600100);

INSERT INTO archive_durations (cluster, collection, period, state, bound_ms, min_of, max_of) VALUES
    (1, 1, '2026', 'cancelled', 0, 1, 0),
    (1, 1, '2026', 'cancelled', 4000000, 0, 1),
    (1, 1, '2026-05', 'cancelled', 0, 1, 0),
    (1, 1, '2026-05', 'cancelled', 4000000, 0, 1),
    (1, 1, '2026-05-0', 'cancelled', 0, 1, 0),
    (1, 1, '2026-05-0', 'cancelled', 4000000, 0, 1),
    (1, 1, '2026-05-01', 'cancelled', 0, 1, 0),
    (1, 1, '2026-05-01', 'cancelled', 4000000, 0, 1),
    (3, 1, '2026', 'completed', 0, 1, 0),
    (3, 1, '2026', 'completed', 650000, 0, 1),
    (3, 1, '2026-05', 'completed', 0, 1, 0),
    (3, 1, '2026-05', 'completed', 650000, 0, 1),
    (3, 1, '2026-05-0', 'completed', 0, 1, 0),
    (3, 1, '2026-05-0', 'completed', 650000, 0, 1),
    (3, 1, '2026-05-01', 'completed', 0, 1, 0),
    (3, 1, '2026-05-01', 'completed', 650000, 0, 1);

INSERT INTO archive_totals_pruned (cluster, what, n) VALUES
    (1, 'appeared', 1),
    (1, 'gone', 1),
    (1, 'pages', 1),
    (1, 'renamed', 1),
    (1, 'requests', 1),
    (1, 'runs_complete', 1);

INSERT INTO archive_notices (id, kind, cluster, at_ms, transition, facts, attempts, next_ms, sent_ms, given_up_ms, error) VALUES
    (1, 'failed', 'a', 1777642800000, 5, '{"job_id":"b","collection":"films","state":"failed","raw_state":"ImportFailed","reason":"row 7 has no vector","not_before":"2026-05-01 12:00:00.000","observed_at":"2026-05-01 12:05:00.100"}', 0, 1777642800000, NULL, NULL, NULL),
    (2, 'lost', 'a', 1777642800000, 9, '{"job_id":"d","collection":"films","state":"unknown","raw_state":"ImportDreaming","reason":null,"not_before":"2026-05-01 12:10:00.000","observed_at":"2026-05-01 12:20:00.100"}', 0, 1777642800000, NULL, NULL, NULL),
    (3, 'lost', 'a', 1777642800000, 11, '{"job_id":"a","collection":"films","state":"running","raw_state":"ImportRunning","reason":null,"not_before":"2026-05-01 12:15:00.000","observed_at":"2026-05-01 12:25:00.100"}', 0, 1777642800000, NULL, NULL, NULL);

INSERT INTO archive_outbox (one, cursor, round_ms) VALUES
    (1, 15, 1777642800000);

INSERT INTO archive_watched (cluster, since_ms, stale_ms, too_slow) VALUES
    ('a', 1777642800000, NULL, 0),
    ('b', 1777642800000, NULL, 0);

INSERT INTO archive_loads (day, cluster, collection, jobs, rows_jobs, rows_billions, rows_rest, rows_min_ms, rows_max_ms, bytes_jobs, bytes_billions, bytes_rest, bytes_min_ms, bytes_max_ms) VALUES
    ('2026-05-01', 3, 1, 1, 1, 0, 7, 0, 600100, 1, 0, 4096, 0, 600100);

-- A quick listing would have moved this on alone.
UPDATE archive_clusters SET looked_ms = complete_finished_ms;
