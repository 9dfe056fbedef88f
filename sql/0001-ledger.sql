-- The ledger: an append-only log of facts, chained by their hashes.

-- The random id makes the first link of the chain, so that rows of another ledger fit
-- nowhere in this one.
CREATE TABLE meta (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	store BLOB NOT NULL CHECK (length(store) = 16)
) STRICT;

INSERT INTO meta (id, store) VALUES (1, randomblob(16));

CREATE TABLE fact (
	seq INTEGER PRIMARY KEY,	-- 1, 2, 3, ...
	at INTEGER NOT NULL,		-- ms since 1970, never smaller than before
	stream TEXT NOT NULL,		-- whose story, e.g. meeting/<id>
	version INTEGER NOT NULL,	-- its place in that story: 1, 2, 3, ...
	kind TEXT NOT NULL,
	actor TEXT NOT NULL,		-- who caused it
	data TEXT NOT NULL CHECK (json_valid(data)),
	sealed BLOB,			-- personal members, under the stream's key
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	UNIQUE (stream, version)
) STRICT;

-- These guard against our own mistakes. Who owns the file can drop them; that is what
-- the chain of hashes is for. The one on INSERT must leave no row in the way: INSERT OR
-- REPLACE deletes what is, and does not ask the trigger on DELETE.
CREATE TRIGGER fact_in_order BEFORE INSERT ON fact
BEGIN
	SELECT RAISE(ABORT, 'a fact must have the next seq')
	WHERE NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM fact);
	SELECT RAISE(ABORT, 'a fact must not be older than the one before')
	WHERE NEW.at < (SELECT at FROM fact WHERE seq = NEW.seq - 1);
	SELECT RAISE(ABORT, 'a fact must have the next version of its stream')
	WHERE NEW.version IS NOT (SELECT coalesce(max(version), 0) + 1 FROM fact
		WHERE stream = NEW.stream);
END;

CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact
BEGIN
	SELECT RAISE(ABORT, 'facts are never changed');
END;

CREATE TRIGGER fact_no_delete BEFORE DELETE ON fact
BEGIN
	SELECT RAISE(ABORT, 'facts are never deleted');
END;

CREATE TRIGGER meta_once BEFORE INSERT ON meta
BEGIN
	SELECT RAISE(ABORT, 'a ledger has one id') WHERE EXISTS (SELECT 1 FROM meta);
END;

CREATE TRIGGER meta_no_update BEFORE UPDATE ON meta
BEGIN
	SELECT RAISE(ABORT, 'the id of a ledger is never changed');
END;

CREATE TRIGGER meta_no_delete BEFORE DELETE ON meta
BEGIN
	SELECT RAISE(ABORT, 'the id of a ledger is never deleted');
END;
