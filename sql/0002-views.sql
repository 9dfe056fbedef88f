-- Where the facts of a stream are, and the views: what the facts say, as tables to read
-- from.

-- Streams have random names. In an index by name and version each fact of each meeting
-- had a page of its own, and a commit of a thousand facts a thousand pages. So a stream
-- is known by `first`, the seq of its first fact: that rises, and what happens now lies
-- together. A name is looked for once, when its stream begins.
CREATE TABLE stream (
	name TEXT PRIMARY KEY,
	first INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE story (
	first INTEGER NOT NULL,
	version INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	PRIMARY KEY (first, version)
) STRICT, WITHOUT ROWID;

INSERT INTO stream (name, first)
SELECT stream, seq FROM fact WHERE version = 1 ORDER BY stream;

INSERT INTO story (first, version, seq)
SELECT stream.first, fact.version, fact.seq FROM fact
JOIN stream ON stream.name = fact.stream ORDER BY 1, 2;

-- The same table without its UNIQUE (stream, version).
CREATE TABLE fact_anew (
	seq INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	stream TEXT NOT NULL,
	version INTEGER NOT NULL,
	kind TEXT NOT NULL,
	actor TEXT NOT NULL,
	data TEXT NOT NULL CHECK (json_valid(data)),
	sealed BLOB,
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

INSERT INTO fact_anew SELECT * FROM fact ORDER BY seq;
DROP TABLE fact;
ALTER TABLE fact_anew RENAME TO fact;

-- The guards, as they were. A trigger makes each INSERT dear, for SQLite copies every
-- page that it touches; so the ledger's own writer goes without and makes sure of the
-- same by itself (store/stories.h). These are for everybody else.
CREATE TRIGGER fact_in_order BEFORE INSERT ON fact
BEGIN
	SELECT RAISE(ABORT, 'a fact must have the next seq')
	WHERE NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM fact);
	SELECT RAISE(ABORT, 'a fact must not be older than the one before')
	WHERE NEW.at < (SELECT at FROM fact WHERE seq = NEW.seq - 1);
	SELECT RAISE(ABORT, 'a fact must have the next version of its stream')
	WHERE NEW.version IS NOT (SELECT coalesce(max(version), 0) + 1 FROM story
		WHERE first = (SELECT first FROM stream WHERE name = NEW.stream));
END;

CREATE TRIGGER fact_in_story AFTER INSERT ON fact
BEGIN
	INSERT INTO stream (name, first)
	SELECT NEW.stream, NEW.seq WHERE NEW.version = 1;
	INSERT INTO story (first, version, seq)
	SELECT first, NEW.version, NEW.seq FROM stream WHERE name = NEW.stream;
END;

CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact
BEGIN
	SELECT RAISE(ABORT, 'facts are never changed');
END;

-- What follows up to `erasing` is derived from the facts. Which fact changes what stands
-- in views.sql. Members of `data` may be missing in a fact, so few columns insist.
-- Meetings go by the `first` of their stream.

CREATE TABLE meeting (
	first INTEGER PRIMARY KEY,
	id TEXT NOT NULL,
	status INTEGER NOT NULL,	-- see store/query.h
	kind TEXT,
	starts_at INTEGER,		-- as all times: ms since 1970
	minutes INTEGER,
	capacity INTEGER,
	waiting_room INTEGER,
	relay_only INTEGER,
	locale TEXT,
	created_at INTEGER NOT NULL,
	opened_at INTEGER,
	over_at INTEGER,
	over_by TEXT,			-- the actor
	relay_up INTEGER NOT NULL DEFAULT 0,	-- bytes, from the clients
	relay_down INTEGER NOT NULL DEFAULT 0,
	relay_seconds INTEGER NOT NULL DEFAULT 0,
	personal INTEGER NOT NULL,	-- whether any fact of it has personal members
	erased_at INTEGER
) STRICT;

-- For lists, for each status newest start first; the list of all is merged out of five.
CREATE INDEX meeting_list ON meeting (status, starts_at);

-- For starts, which want those that are over since a short while.
CREATE INDEX meeting_over ON meeting (over_at) WHERE over_at IS NOT NULL;

-- For the erasing by age.
CREATE INDEX meeting_aged ON meeting (over_at)
WHERE over_at IS NOT NULL AND personal AND erased_at IS NULL;

-- The facts in which a meeting's title or its host's name was changed.
CREATE TABLE renamed (
	meeting INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	PRIMARY KEY (meeting, seq)
) STRICT, WITHOUT ROWID;

-- The stays of people: from the knock or the entry until they left. Who comes back
-- after a story was closed has a second one.
CREATE TABLE stay (
	meeting INTEGER NOT NULL,
	id TEXT NOT NULL,
	closed INTEGER NOT NULL DEFAULT 0,	-- seq of the fact that ended it; 0: none did
	role TEXT,				-- host or guest; unknown while waiting
	waiting_at INTEGER,
	admitted_at INTEGER,
	joined_at INTEGER,
	left_at INTEGER,
	reason TEXT,				-- of leaving; denied, removed
	away INTEGER NOT NULL DEFAULT 0,	-- how often the connection was lost
	PRIMARY KEY (meeting, id, closed)
) STRICT, WITHOUT ROWID;

-- What one participant reported about the call with another.
CREATE TABLE call (
	meeting INTEGER NOT NULL,
	id TEXT NOT NULL,
	peer TEXT NOT NULL,
	paths INTEGER NOT NULL DEFAULT 0,	-- of connected: 1 direct, 2 udp, 4 tcp, 8 tls
	proof INTEGER NOT NULL DEFAULT 0,	-- the worst: 1 verified, 2 not, 3 refused
	lost INTEGER NOT NULL DEFAULT 0,	-- and not yet connected again
	reconnects INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (meeting, id, peer)
) STRICT, WITHOUT ROWID;

-- Days count from 1970-01-01, in UTC.
CREATE TABLE relay_day (
	day INTEGER NOT NULL,
	transport TEXT NOT NULL,
	allocations INTEGER NOT NULL,
	bytes_up INTEGER NOT NULL,
	bytes_down INTEGER NOT NULL,
	seconds INTEGER NOT NULL,
	PRIMARY KEY (day, transport)
) STRICT, WITHOUT ROWID;

CREATE TABLE sign_in_day (
	day INTEGER NOT NULL,
	staff TEXT NOT NULL,
	signed_in INTEGER NOT NULL,
	refused INTEGER NOT NULL,
	PRIMARY KEY (day, staff)
) STRICT, WITHOUT ROWID;

CREATE TABLE key (
	id TEXT PRIMARY KEY,
	label TEXT,
	scopes TEXT,
	hash TEXT,
	made_at INTEGER NOT NULL,
	revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- Facts outside of meetings that each start needs to know: of accounts and keys all but
-- who signed in when.
CREATE TABLE lasting (
	seq INTEGER PRIMARY KEY
) STRICT;

-- What follows is not derived from the facts, and a rebuild leaves it alone.

-- Work to be done: meetings that were erased and whose key is not gone from keys.db.
CREATE TABLE erasing (
	first INTEGER PRIMARY KEY
) STRICT;

-- How far each webhook's receiver has taken the facts.
CREATE TABLE webhook (
	name TEXT PRIMARY KEY,
	seq INTEGER NOT NULL,
	at INTEGER NOT NULL		-- when it took that one
) STRICT, WITHOUT ROWID;

-- Facts up to `seq` may be deleted, as the fact `checkpoint` says.
CREATE TABLE cut (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	seq INTEGER NOT NULL,
	checkpoint INTEGER NOT NULL
) STRICT;

INSERT INTO cut (id, seq, checkpoint) VALUES (1, 0, 0);

-- Of the facts up to the cut that stay: the hash of the one that came before each, which
-- may be gone. The checkpoint holds a digest of what stays.
CREATE TABLE kept (
	seq INTEGER PRIMARY KEY,
	prev BLOB NOT NULL CHECK (length(prev) = 32)
) STRICT;

CREATE TRIGGER cut_no_insert BEFORE INSERT ON cut
BEGIN
	SELECT RAISE(ABORT, 'a ledger has one cut');
END;

CREATE TRIGGER cut_no_delete BEFORE DELETE ON cut
BEGIN
	SELECT RAISE(ABORT, 'a ledger has one cut');
END;

CREATE TRIGGER cut_goes_on BEFORE UPDATE ON cut
WHEN NEW.seq < OLD.seq OR NEW.checkpoint <= NEW.seq OR
	NOT EXISTS (SELECT 1 FROM fact WHERE seq = NEW.checkpoint AND
		kind = 'log.checkpoint' AND data ->> 'seq' = NEW.seq)
BEGIN
	SELECT RAISE(ABORT, 'the ledger is cut where a checkpoint says');
END;

-- A cut deletes. Keys and accounts last: their facts stay.
CREATE TRIGGER fact_no_delete BEFORE DELETE ON fact
WHEN OLD.seq > (SELECT seq FROM cut) OR OLD.stream GLOB 'key/*' OR
	OLD.stream GLOB 'staff/*'
BEGIN
	SELECT RAISE(ABORT, 'facts are never deleted');
END;

CREATE TRIGGER fact_out_of_story AFTER DELETE ON fact
BEGIN
	DELETE FROM story WHERE version = OLD.version AND
		first = (SELECT first FROM stream WHERE name = OLD.stream);
	DELETE FROM stream WHERE name = OLD.stream AND
		NOT EXISTS (SELECT 1 FROM story WHERE story.first = stream.first);
END;
