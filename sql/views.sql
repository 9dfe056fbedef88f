-- What each kind of fact changes in the views (0002-views.sql). Run by store/views.
--
--   -- on KIND...    the statements below run for these kinds
--   -- once KIND...  the same, but not when the views are rebuilt
--
-- $seq, $at, $day, $stream, $actor and $sealed (0 or 1) are the fact's own; $first is the
-- seq of the first fact of its stream, and statements that ask for it are left out when
-- that is not there any more. :name is a member of its data, NULL where there is none,
-- and @name the time that a member says.
--
-- A fact about rows that are not there changes nothing. OR IGNORE, so that a member that
-- is missing costs a row and not the ledger. What is counted by day begins behind the cut.

-- on meeting.created
INSERT OR IGNORE INTO meeting (first, id, status, kind, starts_at, minutes, capacity,
	waiting_room, relay_only, locale, created_at, personal)
VALUES ($first, substr($stream, 9), 0, :kind, @startsAt, :durationMinutes, :capacity,
	:waitingRoom, :relayOnly, :locale, $at, $sealed);

-- on meeting.changed
UPDATE OR IGNORE meeting SET
	kind = coalesce(:kind, kind),
	starts_at = coalesce(@startsAt, starts_at),
	minutes = coalesce(:durationMinutes, minutes),
	capacity = coalesce(:capacity, capacity),
	waiting_room = coalesce(:waitingRoom, waiting_room),
	relay_only = coalesce(:relayOnly, relay_only),
	locale = coalesce(:locale, locale),
	personal = personal OR $sealed
WHERE first = $first;
INSERT OR IGNORE INTO renamed (meeting, seq) SELECT $first, $seq WHERE $sealed;

-- on meeting.opened
UPDATE meeting SET status = 1, opened_at = $at WHERE first = $first;

-- on meeting.ended
UPDATE meeting SET status = 2, over_at = $at, over_by = $actor WHERE first = $first;

-- on meeting.cancelled
UPDATE meeting SET status = 3, over_at = $at, over_by = $actor WHERE first = $first;

-- on meeting.expired
UPDATE meeting SET status = 4, over_at = $at, over_by = $actor WHERE first = $first;

-- on guest.waiting
INSERT OR IGNORE INTO stay (meeting, id, waiting_at) VALUES ($first, :id, $at);

-- on guest.admitted
UPDATE stay SET admitted_at = $at WHERE meeting = $first AND id = :id AND closed = 0;

-- on participant.joined
INSERT OR IGNORE INTO stay (meeting, id, role, joined_at)
VALUES ($first, :id, :role, $at)
ON CONFLICT DO UPDATE SET role = excluded.role, joined_at = excluded.joined_at;

-- on participant.away
UPDATE stay SET away = away + 1 WHERE meeting = $first AND id = :id AND closed = 0;

-- on participant.back
INSERT OR IGNORE INTO stay (meeting, id, role, joined_at)
SELECT meeting, id, role, $at FROM stay WHERE meeting = $first AND id = :id
ORDER BY closed DESC LIMIT 1;

-- on guest.gone participant.left
UPDATE OR IGNORE stay SET closed = $seq, left_at = $at, reason = :reason
WHERE meeting = $first AND id = :id AND closed = 0;

-- on guest.denied
UPDATE OR IGNORE stay SET closed = $seq, left_at = $at, reason = 'denied'
WHERE meeting = $first AND id = :id AND closed = 0;

-- on participant.removed
UPDATE OR IGNORE stay SET closed = $seq, left_at = $at, reason = 'removed'
WHERE meeting = $first AND id = :id AND closed = 0;

-- on call.connected
INSERT OR IGNORE INTO call (meeting, id, peer, paths)
VALUES ($first, :id, :peer, CASE :path WHEN 'direct' THEN 1 WHEN 'relay-udp' THEN 2
	WHEN 'relay-tcp' THEN 4 WHEN 'relay-tls' THEN 8 ELSE 0 END)
ON CONFLICT DO UPDATE SET paths = paths | excluded.paths,
	reconnects = reconnects + lost, lost = 0;

-- on call.verified
INSERT OR IGNORE INTO call (meeting, id, peer, proof) VALUES ($first, :id, :peer, 1)
ON CONFLICT DO UPDATE SET proof = max(proof, excluded.proof);

-- on call.unverified
INSERT OR IGNORE INTO call (meeting, id, peer, proof) VALUES ($first, :id, :peer, 2)
ON CONFLICT DO UPDATE SET proof = max(proof, excluded.proof);

-- on call.refused
INSERT OR IGNORE INTO call (meeting, id, peer, proof) VALUES ($first, :id, :peer, 3)
ON CONFLICT DO UPDATE SET proof = max(proof, excluded.proof);

-- on call.lost
INSERT OR IGNORE INTO call (meeting, id, peer, lost) VALUES ($first, :id, :peer, 1)
ON CONFLICT DO UPDATE SET lost = 1;

-- on relay.closed
UPDATE meeting SET relay_up = relay_up + coalesce(:bytesUp, 0),
	relay_down = relay_down + coalesce(:bytesDown, 0),
	relay_seconds = relay_seconds + coalesce(:seconds, 0)
WHERE first = $first;
INSERT OR IGNORE INTO relay_day (day, transport, allocations, bytes_up, bytes_down,
	seconds)
SELECT $day, :transport, 1, :bytesUp, :bytesDown, :seconds
WHERE $seq > (SELECT seq FROM cut WHERE id = 1)
ON CONFLICT DO UPDATE SET allocations = allocations + 1,
	bytes_up = bytes_up + excluded.bytes_up,
	bytes_down = bytes_down + excluded.bytes_down,
	seconds = seconds + excluded.seconds;

-- on personal.erased
UPDATE meeting SET erased_at = $at WHERE first = $first;
-- once personal.erased
INSERT OR IGNORE INTO erasing (first) VALUES ($first);

-- on staff.signed_in
INSERT OR IGNORE INTO sign_in_day (day, staff, signed_in, refused)
SELECT $day, substr($stream, 7), 1, 0 WHERE $seq > (SELECT seq FROM cut WHERE id = 1)
ON CONFLICT DO UPDATE SET signed_in = signed_in + 1;

-- on staff.refused
INSERT OR IGNORE INTO sign_in_day (day, staff, signed_in, refused)
SELECT $day, substr($stream, 7), 0, 1 WHERE $seq > (SELECT seq FROM cut WHERE id = 1)
ON CONFLICT DO UPDATE SET refused = refused + 1;

-- on key.made
INSERT OR IGNORE INTO key (id, label, scopes, hash, made_at)
VALUES (substr($stream, 5), :label, :scopes, :hash, $at);

-- on key.revoked
UPDATE key SET revoked_at = $at WHERE id = substr($stream, 5);

-- on staff.added staff.changed staff.removed key.made key.revoked
INSERT OR IGNORE INTO lasting (seq) VALUES ($seq);
